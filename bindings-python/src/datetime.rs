//! The DMTF date and time.

use cmgateway::wmi;
use pyo3::prelude::*;
use time::OffsetDateTime;

use crate::error::{Result, config};

/// A DMTF date and time, or an interval, kept in its 25 characters.
#[pyclass(frozen, eq, hash, module = "cmgateway.wmi")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct DateTime(pub(crate) wmi::DateTime);

/// A moment given as `datetime.datetime`; one without a time zone is refused, as nobody can say when it is.
pub(crate) fn moment(object: &Bound<'_, PyAny>, operation: &str) -> Result<OffsetDateTime> {
    if object.call_method0("utcoffset")?.is_none() {
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

    fn __str__(&self) -> &str {
        self.0.as_str()
    }

    fn __repr__(&self) -> String {
        format!("DateTime('{}')", self.0)
    }
}
