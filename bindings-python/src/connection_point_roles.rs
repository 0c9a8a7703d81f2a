//! The connection points of a site, as the site knows them.

use cmgateway::gateway::connection_point_role::{self, ConnectionPointSettings};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::json::{table, to_python};
use crate::runtime::Connection;
use crate::site_plan::SitePlan;

/// The connection points of a site: servers with the role `SMS Cloud Proxy Connector`.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct ConnectionPointRoles {
    points: connection_point_role::ConnectionPointRoles,
    connection: Connection,
}

impl ConnectionPointRoles {
    pub(crate) fn of(connection: &Connection) -> Self {
        let points = connection_point_role::ConnectionPointRoles::of(&connection.site);
        ConnectionPointRoles { points, connection: connection.clone() }
    }
}

fn settings(given: Option<&Bound<'_, PyDict>>) -> Result<ConnectionPointSettings> {
    Ok(ConnectionPointSettings::from_json(table(given, "read the connection point's settings")?)?)
}

#[pymethods]
impl ConnectionPointRoles {
    /// Lists the servers that have the role, with their gateways and internet proxies.
    fn list<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.connection.handle.block(py, self.points.list())?)
    }

    /// Says what adding, changing or removing the role on a server would do; nothing is changed.
    #[pyo3(signature = (change, server, **settings))]
    fn plan(
        &self,
        py: Python<'_>,
        change: &str,
        server: &str,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> Result<SitePlan> {
        let (change, settings) = (change.parse()?, self::settings(settings)?);
        self.connection.handle.block(py, self.points.plan(change, server, &settings)).map(SitePlan)
    }

    /// Gives a server the role.
    #[pyo3(signature = (server, **settings))]
    fn add(&self, py: Python<'_>, server: &str, settings: Option<&Bound<'_, PyDict>>) -> Result<SitePlan> {
        let settings = self::settings(settings)?;
        self.connection.handle.block(py, self.points.add(server, &settings)).map(SitePlan)
    }

    /// Changes the gateway or the internet proxy of a connection point.
    #[pyo3(signature = (server, **settings))]
    fn change(&self, py: Python<'_>, server: &str, settings: Option<&Bound<'_, PyDict>>) -> Result<SitePlan> {
        let settings = self::settings(settings)?;
        self.connection.handle.block(py, self.points.change(server, &settings)).map(SitePlan)
    }

    /// Takes the role from a server; its other roles and its internet proxy stay.
    fn remove(&self, py: Python<'_>, server: &str) -> Result<SitePlan> {
        self.connection.handle.block(py, self.points.remove(server)).map(SitePlan)
    }

    /// Advises how many connection points a gateway needs.
    fn advice<'py>(&self, py: Python<'py>, service_name: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.connection.handle.block(py, self.points.advice(service_name))?)
    }

    fn __repr__(&self) -> String {
        format!("<connection points of {}>", self.connection.site.address())
    }
}
