//! The verbs on a gateway's sub-CA thumbprints.

use cmgateway::gateway::sub_ca;
use pyo3::prelude::*;

use crate::azure::ServiceManagement;
use crate::error::Result;
use crate::json::to_python;
use crate::plan::SubCaPlan;
use crate::runtime::Handle;
use crate::source;
use crate::thumbprint_list::ThumbprintList;

/// The list of a gateway's sub-CA thumbprints.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct SubCa {
    sub_ca: sub_ca::SubCa,
    handle: Handle,
}

impl SubCa {
    pub(crate) fn new(sub_ca: sub_ca::SubCa, handle: Handle) -> Self {
        SubCa { sub_ca, handle }
    }
}

#[pymethods]
impl SubCa {
    /// Reads the list from the site.
    fn list(&self, py: Python<'_>) -> Result<ThumbprintList> {
        self.handle.block(py, self.sub_ca.list()).map(ThumbprintList)
    }

    /// Says what a change would do; nothing is changed.
    fn plan(&self, py: Python<'_>, kind: &str, sources: &Bound<'_, PyAny>) -> Result<SubCaPlan> {
        let (kind, sources) = (kind.parse()?, source::from_python(sources)?);
        self.handle.block(py, self.sub_ca.plan(kind, &sources)).map(SubCaPlan)
    }

    /// Does what a plan says, then reads the list back and compares.
    fn apply(&self, py: Python<'_>, plan: &SubCaPlan) -> Result<ThumbprintList> {
        self.handle.block(py, self.sub_ca.apply(&plan.0)).map(ThumbprintList)
    }

    /// Makes the list exactly these.
    fn set(&self, py: Python<'_>, sources: &Bound<'_, PyAny>) -> Result<SubCaPlan> {
        let sources = source::from_python(sources)?;
        self.handle.block(py, self.sub_ca.set(&sources)).map(SubCaPlan)
    }

    /// Adds these to the list.
    fn add(&self, py: Python<'_>, sources: &Bound<'_, PyAny>) -> Result<SubCaPlan> {
        let sources = source::from_python(sources)?;
        self.handle.block(py, self.sub_ca.add(&sources)).map(SubCaPlan)
    }

    /// Removes these from the list.
    fn remove(&self, py: Python<'_>, sources: &Bound<'_, PyAny>) -> Result<SubCaPlan> {
        let sources = source::from_python(sources)?;
        self.handle.block(py, self.sub_ca.remove(&sources)).map(SubCaPlan)
    }

    /// Says what making the cloud service and the site agree on these sub-CAs would do; nothing is changed.
    fn plan_sync<'py>(
        &self,
        py: Python<'py>,
        sources: &Bound<'py, PyAny>,
        classic: &ServiceManagement,
    ) -> Result<Bound<'py, PyAny>> {
        let sources = source::from_python(sources)?;
        to_python(py, &self.handle.block(py, self.sub_ca.plan_sync(&classic.azure, &sources))?)
    }

    /// Uploads sub-CAs to the cloud service, writes their thumbprints to the site, and checks that all agree.
    fn sync<'py>(
        &self,
        py: Python<'py>,
        sources: &Bound<'py, PyAny>,
        classic: &ServiceManagement,
    ) -> Result<Bound<'py, PyAny>> {
        let sources = source::from_python(sources)?;
        to_python(py, &self.handle.block(py, self.sub_ca.sync(&classic.azure, &sources))?)
    }

    fn __repr__(&self) -> String {
        format!("<sub-CA thumbprints of {}>", self.sub_ca.gateway().service_name())
    }
}
