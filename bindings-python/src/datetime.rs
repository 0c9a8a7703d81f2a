//! The DMTF date and time.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use cmgateway::wmi;
use pyo3::IntoPyObjectExt;
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use time::OffsetDateTime;

use crate::error::{Result, config, wrong_type};

/// A DMTF date and time, or an interval, kept in its 25 characters.
#[pyclass(frozen, module = "cmgateway.wmi")]
#[derive(Clone)]
pub(crate) struct DateTime(pub(crate) wmi::DateTime);

/// A moment given as `datetime.datetime`; one without a time zone is refused, as nobody can say when it is.
pub(crate) fn moment(object: &Bound<'_, PyAny>, operation: &str) -> Result<OffsetDateTime> {
    let offset = object.call_method0("utcoffset");
    if offset.map_err(|_| wrong_type("a moment is a datetime.datetime", object))?.is_none() {
        return Err(config(
            operation,
            "the datetime has no time zone; give one, such as datetime.timezone.utc",
        ));
    }
    Ok(object.extract()?)
}

pub(crate) fn from_python(object: &Bound<'_, PyAny>, operation: &str) -> Result<wmi::DateTime> {
    Ok(wmi::DateTime::from_offset_date_time(moment(object, operation)?)?)
}

fn order(left: &wmi::DateTime, right: &wmi::DateTime) -> Option<Ordering> {
    match (left.to_offset_date_time(), right.to_offset_date_time()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        // Of two intervals every field stands in the same place, the greatest first.
        (None, None) if left.is_interval() && right.is_interval() => {
            let is_whole = |interval: &wmi::DateTime| !interval.as_str().contains('*');
            (is_whole(left) && is_whole(right)).then(|| left.as_str().cmp(right.as_str()))
        }
        _ => None,
    }
}

#[pymethods]
impl DateTime {
    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &str) -> Result<Self> {
        Ok(DateTime(wmi::DateTime::parse(text)?))
    }

    /// True for an interval (`ddddddddHHMMSS.mmmmmm:000`), which is no point in time.
    #[getter]
    fn is_interval(&self) -> bool {
        self.0.is_interval()
    }

    /// The point in time; None for an interval and where fields are `*`.
    fn to_datetime(&self) -> Option<OffsetDateTime> {
        self.0.to_offset_date_time()
    }

    // Equal where all characters are, `*` and offset included; in order where both are points in time or intervals.
    fn __richcmp__<'py>(
        &self,
        other: &Bound<'py, PyAny>,
        operator: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let Ok(other) = other.cast::<DateTime>() else { return Ok(py.NotImplemented().into_bound(py)) };
        let (left, right) = (&self.0, &other.get().0);
        let answer = match operator {
            CompareOp::Eq => Some(left == right),
            CompareOp::Ne => Some(left != right),
            _ => order(left, right).map(|order| operator.matches(order)),
        };
        match answer {
            Some(answer) => answer.into_bound_py_any(py),
            None => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }

    fn __getnewargs__(&self) -> (&str,) {
        (self.0.as_str(),)
    }

    fn __str__(&self) -> &str {
        self.0.as_str()
    }

    fn __repr__(&self) -> String {
        format!("DateTime('{}')", self.0)
    }
}
