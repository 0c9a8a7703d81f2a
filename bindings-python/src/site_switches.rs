//! The switches of a site.

use cmgateway::gateway::site_switches::{self, SwitchChanges};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::json::{table, to_python};
use crate::runtime::Connection;
use crate::site_plan::SitePlan;

/// The switches of a site: PKI client certificates, CRL checks, HTTPS only, Enhanced HTTP, and their neighbours.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct SiteSwitches {
    switches: site_switches::SiteSwitches,
    connection: Connection,
}

impl SiteSwitches {
    pub(crate) fn of(connection: &Connection) -> Self {
        let switches = site_switches::SiteSwitches::of(&connection.site);
        SiteSwitches { switches, connection: connection.clone() }
    }
}

fn changes(given: Option<&Bound<'_, PyDict>>) -> Result<SwitchChanges> {
    Ok(SwitchChanges::from_json(table(given, "read the site's switches")?)?)
}

#[pymethods]
impl SiteSwitches {
    /// Reads the switches from the site.
    fn read<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.connection.handle.block(py, self.switches.read())?)
    }

    /// Says what a change would do; nothing is changed.
    #[pyo3(signature = (**switches))]
    fn plan(&self, py: Python<'_>, switches: Option<&Bound<'_, PyDict>>) -> Result<SitePlan> {
        let changes = changes(switches)?;
        self.connection.handle.block(py, self.switches.plan(&changes)).map(SitePlan)
    }

    /// Makes the switches so.
    #[pyo3(signature = (**switches))]
    fn set(&self, py: Python<'_>, switches: Option<&Bound<'_, PyDict>>) -> Result<SitePlan> {
        let changes = changes(switches)?;
        self.connection.handle.block(py, self.switches.set(&changes)).map(SitePlan)
    }

    fn __repr__(&self) -> String {
        format!("<switches of {}>", self.connection.site.address())
    }
}
