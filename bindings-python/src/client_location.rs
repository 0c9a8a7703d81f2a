//! Where a client is, and whom it talks to.

use cmgateway::gateway::client_location::{self, ReferenceClientOptions};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::Result;
use crate::json::{table, to_python};
use crate::runtime::Handle;
use crate::site::Site;

/// Decides where a client is: what it was told counts, then whether a domain controller or management point answers.
#[pyfunction]
#[pyo3(signature = (*, always_on_internet=false, domain_controller_answers=false, management_point_answers=false))]
pub(crate) fn decide_location<'py>(
    py: Python<'py>,
    always_on_internet: bool,
    domain_controller_answers: bool,
    management_point_answers: bool,
) -> Result<Bound<'py, PyAny>> {
    let decided =
        client_location::decide(always_on_internet, domain_controller_answers, management_point_answers);
    to_python(py, &decided)
}

/// The text of a `.reg` file that makes a client always use the gateway, or decide by itself again.
#[pyfunction]
#[pyo3(signature = (always=true))]
pub(crate) fn registry_file(always: bool) -> String {
    client_location::registry_file(always)
}

/// The `Registry.xml` of Group Policy Preferences that does the same to all computers of a policy.
#[pyfunction]
#[pyo3(signature = (always=true))]
pub(crate) fn group_policy_preferences(always: bool) -> String {
    client_location::group_policy_preferences(always)
}

/// Whether this computer is to consider itself on the Internet wherever it is; false where nothing is said.
#[pyfunction]
pub(crate) fn always_on_internet_here() -> Result<bool> {
    Ok(client_location::always_on_internet_here()?)
}

/// Makes this computer always use the gateway, or decide by itself again; the agent is to be restarted then.
#[pyfunction]
pub(crate) fn set_always_on_internet_here(always: bool) -> Result<()> {
    Ok(client_location::set_always_on_internet_here(always)?)
}

/// A client that gets files from a management point: directly on the intranet, through the gateway on the Internet.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct ReferenceClient {
    client: client_location::ReferenceClient,
    handle: Handle,
}

#[pymethods]
impl ReferenceClient {
    #[new]
    #[pyo3(signature = (site=None, **options))]
    fn new(
        py: Python<'_>,
        site: Option<&Bound<'_, Site>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let site = site.map(|site| site.get().connection().site.clone());
        let options = ReferenceClientOptions::from_json(table(options, "read the client's options")?, site)?;
        let handle = Handle::new()?;
        let client = handle.block(py, client_location::ReferenceClient::new(options))?;
        Ok(ReferenceClient { client, handle })
    }

    /// Asks whether a domain controller and a management point answer, whatever was decided.
    fn probe<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, async { Ok(self.client.probe().await) })?)
    }

    /// Where the client is; decided anew where that is due.
    fn location<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.client.location())?)
    }

    /// The management points that the client may talk to; read anew where that is due.
    fn candidates<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.client.candidates())?)
    }

    /// Tells the client that the network has changed: the next request decides anew.
    fn network_changed(&self, py: Python<'_>) -> Result<()> {
        self.handle.block(py, async {
            self.client.network_changed().await;
            Ok(())
        })
    }

    /// Asks at once where the client is and whom it may talk to, as restarting the agent does.
    fn refresh<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.client.refresh())?)
    }

    /// Gets a file from a management point; where none can be reached, the client looks once more where it is.
    fn get<'py>(&self, py: Python<'py>, path: &str) -> Result<Bound<'py, PyDict>> {
        let file = self.handle.block(py, self.client.get(path))?;
        let found = PyDict::new(py);
        found.set_item("status", file.status)?;
        found.set_item("body", PyBytes::new(py, &file.body))?;
        found.set_item("mp", file.mp)?;
        found.set_item("location", file.location.as_str())?;
        Ok(found)
    }

    fn __repr__(&self) -> &'static str {
        "<reference client>"
    }
}
