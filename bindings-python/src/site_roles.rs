//! The roles of a site that clients talk to.

use cmgateway::gateway::site_roles::{self, RoleChanges, RoleKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::json::{table, to_python};
use crate::runtime::Connection;
use crate::site_plan::SitePlan;

/// The management, software update and distribution points of a site, and what of them concerns a gateway.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct SiteRoles {
    roles: site_roles::SiteRoles,
    connection: Connection,
}

impl SiteRoles {
    pub(crate) fn of(connection: &Connection) -> Self {
        SiteRoles { roles: site_roles::SiteRoles::of(&connection.site), connection: connection.clone() }
    }
}

fn changes(given: Option<&Bound<'_, PyDict>>) -> Result<RoleChanges> {
    Ok(RoleChanges::from_json(table(given, "read the changes of a role")?)?)
}

#[pymethods]
impl SiteRoles {
    /// Lists the roles of one kind, or of all three, with their servers.
    #[pyo3(signature = (kind=None))]
    fn list<'py>(&self, py: Python<'py>, kind: Option<&str>) -> Result<Bound<'py, PyAny>> {
        let kind: Option<RoleKind> = kind.map(str::parse).transpose()?;
        to_python(py, &self.connection.handle.block(py, self.roles.list(kind))?)
    }

    /// Says what changing the role of a server would do; nothing is changed.
    #[pyo3(signature = (kind, server, **changes))]
    fn plan(
        &self,
        py: Python<'_>,
        kind: &str,
        server: &str,
        changes: Option<&Bound<'_, PyDict>>,
    ) -> Result<SitePlan> {
        let (kind, changes) = (kind.parse()?, self::changes(changes)?);
        self.connection.handle.block(py, self.roles.plan(kind, server, &changes)).map(SitePlan)
    }

    /// Makes the role of a server so.
    #[pyo3(signature = (kind, server, **changes))]
    fn set(
        &self,
        py: Python<'_>,
        kind: &str,
        server: &str,
        changes: Option<&Bound<'_, PyDict>>,
    ) -> Result<SitePlan> {
        let (kind, changes) = (kind.parse()?, self::changes(changes)?);
        self.connection.handle.block(py, self.roles.set(kind, server, &changes)).map(SitePlan)
    }

    fn __repr__(&self) -> String {
        format!("<roles of {}>", self.connection.site.address())
    }
}
