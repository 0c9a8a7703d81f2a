//! The sub-CA thumbprints that a gateway has.

use cmgateway::gateway::sub_ca;
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

    fn __contains__(&self, thumbprint: &Bound<'_, PyAny>) -> Result<bool> {
        Ok(self.0.contains(thumbprint::from_python(thumbprint)?))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<{} sub-CA thumbprints: {}>", self.__len__(), self.0)
    }
}
