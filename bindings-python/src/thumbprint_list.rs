//! The sub-CA thumbprints that a gateway has.

use cmgateway::gateway::sub_ca;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};

use crate::error::Result;
use crate::thumbprint::{self, Thumbprint};

/// The sub-CA thumbprints of a gateway, in the site's order: `AAAA…;BBBB…`.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct ThumbprintList(pub(crate) sub_ca::ThumbprintList);

#[pymethods]
impl ThumbprintList {
    /// What stands in the list and is no thumbprint, in order.
    #[getter]
    fn others(&self) -> Vec<&str> {
        self.0.others().collect()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let thumbprints: Vec<_> = self.0.thumbprints().map(Thumbprint).collect();
        PyList::new(py, thumbprints)?.try_iter()
    }

    fn __len__(&self) -> usize {
        self.0.thumbprints().count()
    }

    fn __getitem__(&self, index: isize) -> Result<Thumbprint> {
        let back = index.checked_neg().and_then(|index| usize::try_from(index).ok()).filter(|back| *back > 0);
        let at = match back {
            Some(back) => self.__len__().checked_sub(back),
            None => usize::try_from(index).ok(),
        };
        let found = at.and_then(|at| self.0.thumbprints().nth(at)).map(Thumbprint);
        found.ok_or_else(|| PyIndexError::new_err(format!("the list has no thumbprint {index}")).into())
    }

    fn __contains__(&self, thumbprint: &Bound<'_, PyAny>) -> Result<bool> {
        Ok(self.0.contains(thumbprint::from_python(thumbprint)?))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        match (self.__len__(), self.0.others().count()) {
            (0, 0) => "<no sub-CA thumbprints>".to_owned(),
            (1, _) => format!("<1 sub-CA thumbprint: {}>", self.0),
            (count, _) => format!("<{count} sub-CA thumbprints: {}>", self.0),
        }
    }
}
