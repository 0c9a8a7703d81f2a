//! What keeps a gateway healthy.

use cmgateway::gateway::monitor::{self, Expiring};
use cmgateway::gateway::service::read_connection_point_file;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::OffsetDateTime;

use crate::datetime::moment;
use crate::error::{Result, wrong_type};
use crate::json::to_python;
use crate::keywords::Keywords;
use crate::runtime::Handle;

/// What watches over a gateway: its traffic, its thresholds, its alerts.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Monitor {
    monitor: monitor::Monitor,
    handle: Handle,
}

impl Monitor {
    pub(crate) fn new(monitor: monitor::Monitor, handle: Handle) -> Self {
        Monitor { monitor, handle }
    }
}

fn at(given: Option<&Bound<'_, PyAny>>) -> Result<OffsetDateTime> {
    Ok(given.map(|at| moment(at, "watch the gateway")).transpose()?.unwrap_or_else(OffsetDateTime::now_utc))
}

#[pymethods]
impl Monitor {
    /// Writes down how much went out since the last sample of this source, such as an instance.
    #[pyo3(signature = (source, bytes_out_total, *, at=None))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        source: &str,
        bytes_out_total: u64,
        at: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let at = self::at(at)?;
        to_python(py, &self.handle.block(py, self.monitor.record(source, bytes_out_total, at))?)
    }

    /// The samples of the last 14 days, the oldest first.
    #[pyo3(signature = (*, at=None))]
    fn history<'py>(&self, py: Python<'py>, at: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let at = self::at(at)?;
        to_python(py, &self.handle.block(py, self.monitor.history(at))?)
    }

    /// The outbound traffic of 14 days against the thresholds of the gateway.
    #[pyo3(signature = (*, at=None))]
    fn traffic<'py>(&self, py: Python<'py>, at: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let at = self::at(at)?;
        to_python(py, &self.handle.block(py, self.monitor.traffic(at))?)
    }

    /// Judges the traffic: writes `TrafficOutUsage` and alerts, and stops the gateway where its threshold says so.
    #[pyo3(signature = (*, at=None))]
    fn check<'py>(&self, py: Python<'py>, at: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let at = self::at(at)?;
        to_python(py, &self.handle.block(py, self.monitor.check(at))?)
    }

    /// The alerts of the gateway that the site has.
    fn alerts<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.monitor.alerts())?)
    }

    fn __repr__(&self) -> String {
        format!("<monitor of {}>", self.monitor.gateway().service_name())
    }
}

/// Warns about what ends soon: certificates, revocation lists and secrets, the first to end first.
#[pyfunction]
#[pyo3(
    signature = (**keywords),
    text_signature = "(*, connection_point_file=None, certificates=(), crls=(), secrets=None, at=None, \
        critical_days=7, warning_days=30)"
)]
pub(crate) fn expiry_warnings<'py>(
    py: Python<'py>,
    keywords: Option<Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    const OPERATION: &str = "look for what ends soon";
    let keywords = Keywords::new("expiry_warnings", OPERATION, keywords);
    let mut items = match keywords.path("connection_point_file")? {
        Some(file) => monitor::expiring_of_connection_point(&read_connection_point_file(file)?)?,
        None => Vec::new(),
    };
    let certificates = keywords.certificates("certificates")?;
    items.extend(certificates.iter().map(|each| Expiring::certificate("certificate", each)));
    items.extend(keywords.crls("crls")?.iter().filter_map(Expiring::crl));
    if let Some(secrets) = keywords.dict("secrets", "names and moments")? {
        for (name, end) in secrets.iter() {
            let name: String =
                name.extract().map_err(|_| wrong_type("the name of a secret is text", &name))?;
            items.push(Expiring::new("secret", name, moment(&end, OPERATION)?));
        }
    }
    let at = keywords.moment("at")?.unwrap_or_else(OffsetDateTime::now_utc);
    let critical = keywords.number("critical_days")?.map_or(7, i64::from);
    let warning = keywords.number("warning_days")?.map_or(30, i64::from);
    keywords.end()?;
    to_python(py, &monitor::expiry_warnings(&items, at, critical, warning))
}
