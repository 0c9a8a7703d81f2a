//! What a change of the sub-CA thumbprints would do.

use cmgateway::gateway::sub_ca;
use pyo3::prelude::*;

/// What a change of a gateway's sub-CA thumbprints would do, to be read before it is applied.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct SubCaPlan(pub(crate) sub_ca::SubCaPlan);

/// One line of a plan.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct PlanStep(sub_ca::PlanStep);

/// What a plan shows of itself: whose it is, and the last line of its table.
pub(crate) fn shown_plan(whose: &str, table: &str) -> String {
    let summary = table.lines().last().unwrap_or_default().trim_start();
    format!("<plan for {whose}: {summary}>")
}

#[pymethods]
impl SubCaPlan {
    /// The gateway's service name.
    #[getter]
    fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// The path of its instance.
    #[getter]
    fn path(&self) -> &str {
        &self.0.path
    }

    /// The text of the property as it is; None where it is null.
    #[getter]
    fn before(&self) -> Option<&str> {
        self.0.before.as_deref()
    }

    /// The text of the property as it would be.
    #[getter]
    fn after(&self) -> &str {
        &self.0.after
    }

    /// What happens to each thumbprint, and to what stands in the list and is none.
    #[getter]
    fn steps(&self) -> Vec<PlanStep> {
        self.0.steps.iter().cloned().map(PlanStep).collect()
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

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        shown_plan(&self.0.service_name, &self.0.to_string())
    }
}

#[pymethods]
impl PlanStep {
    /// What happens: `keep`, `add` or `remove`.
    #[getter]
    fn action(&self) -> &'static str {
        self.0.action.as_str()
    }

    /// To which thumbprint, or to what stands in the list and is none.
    #[getter]
    fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// The subject of its certificate, where one was given.
    #[getter]
    fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("<{} {}>", self.0.action.as_str(), self.0.thumbprint)
    }
}
