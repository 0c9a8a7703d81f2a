//! What a change of the site control file would do.

use cmgateway::gateway::site_control;
use pyo3::prelude::*;

use crate::error::Result;
use crate::json::to_python;
use crate::site::Site;

/// What a change of the site control file would do, to be read before it is applied.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq)]
pub(crate) struct SitePlan(pub(crate) site_control::SitePlan);

#[pymethods]
impl SitePlan {
    /// What the plan is for, such as `switches of site GF1`.
    #[getter]
    fn title(&self) -> &str {
        &self.0.title
    }

    /// What happens to each setting, also to those that stay.
    #[getter]
    fn steps<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.0.steps)
    }

    /// What the administrator should know.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    /// False where the site is as wanted already; applying such a plan writes nothing.
    #[getter]
    fn is_change(&self) -> bool {
        self.0.is_change()
    }

    /// Does what the plan says at a site, then reads each item back and compares.
    fn apply(&self, py: Python<'_>, site: &Site) -> Result<()> {
        let connection = site.connection();
        connection.handle.block(py, self.0.apply(&connection.site))
    }

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let table = self.0.to_string();
        let summary = table.lines().last().unwrap_or_default().trim_start();
        format!("<plan for {}: {summary}>", self.0.title)
    }
}
