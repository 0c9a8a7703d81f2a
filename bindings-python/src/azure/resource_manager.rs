//! The Azure Resource Manager.

use std::sync::{Arc, Mutex, PoisonError};

use cmgateway::azure;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::credential::Credential;
use super::options;
use crate::error::Result;
use crate::json::{body, to_python};
use crate::runtime::Handle;

/// The Azure Resource Manager of one subscription.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct ResourceManager {
    manager: Arc<azure::ResourceManager>,
    handle: Handle,
}

/// An operation of the Resource Manager that may still be running.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct Operation {
    manager: Arc<azure::ResourceManager>,
    operation: Mutex<azure::Operation>,
    handle: Handle,
}

#[pymethods]
impl ResourceManager {
    #[new]
    #[pyo3(signature = (subscription_id, credential, **given))]
    fn new(
        subscription_id: &str,
        credential: &Credential,
        given: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let options = options("ResourceManager", given)?;
        let manager = azure::ResourceManager::new(&options, subscription_id, &credential.0)?;
        Ok(ResourceManager { manager: Arc::new(manager), handle: Handle::new()? })
    }

    /// The subscription.
    #[getter]
    fn subscription_id(&self) -> &str {
        self.manager.subscription_id()
    }

    /// The path of a resource group.
    fn group_path(&self, group: &str) -> String {
        self.manager.group_path(group)
    }

    /// The path of a resource, which is its id.
    fn resource_path(&self, group: &str, resource_type: &str, name: &str) -> String {
        self.manager.resource_path(group, resource_type, name)
    }

    /// Reads what is at a path; None where there is nothing.
    #[pyo3(signature = (path, api_version=""))]
    fn get<'py>(&self, py: Python<'py>, path: &str, api_version: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.manager.get(path, api_version))?)
    }

    /// True where something is at a path (HEAD).
    #[pyo3(signature = (path, api_version=""))]
    fn exists(&self, py: Python<'_>, path: &str, api_version: &str) -> Result<bool> {
        self.handle.block(py, self.manager.exists(path, api_version))
    }

    /// Reads a list, with every page that follows.
    #[pyo3(signature = (path, api_version=""))]
    fn list<'py>(&self, py: Python<'py>, path: &str, api_version: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.manager.list(path, api_version))?)
    }

    /// Sends any request once answered well, without waiting for what it may have begun.
    #[pyo3(signature = (method, path, api_version="", body=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        path: &str,
        api_version: &str,
        body: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let body = self::body(body, "read the body")?;
        to_python(py, &self.handle.block(py, self.manager.call(method, path, api_version, body.as_ref()))?)
    }

    /// Sends a change and gives the operation that it began, which may be over at once.
    #[pyo3(signature = (method, path, api_version="", body=None, *, if_match=None))]
    fn begin(
        &self,
        py: Python<'_>,
        method: &str,
        path: &str,
        api_version: &str,
        body: Option<&Bound<'_, PyAny>>,
        if_match: Option<&str>,
    ) -> Result<Operation> {
        let body = self::body(body, "read the body")?;
        let begun = self.manager.begin(method, path, api_version, body.as_ref(), if_match);
        Ok(self.operation_of(self.handle.block(py, begun)?))
    }

    /// Takes up an operation that was stored with `to_json`.
    fn resume(&self, text: &str) -> Result<Operation> {
        Ok(self.operation_of(azure::Operation::from_json(text)?))
    }

    /// Creates or replaces a resource and waits until that is done.
    fn put<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        api_version: &str,
        body: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyAny>> {
        let body = crate::json::from_python(body, "read the body")?;
        to_python(py, &self.handle.block(py, self.manager.put(path, api_version, &body))?)
    }

    /// Changes the named members of a resource and waits until that is done.
    fn patch<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        api_version: &str,
        body: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyAny>> {
        let body = crate::json::from_python(body, "read the body")?;
        to_python(py, &self.handle.block(py, self.manager.patch(path, api_version, &body))?)
    }

    /// Calls an action of a resource and waits until that is done.
    #[pyo3(signature = (path, api_version="", body=None))]
    fn post<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        api_version: &str,
        body: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let body = self::body(body, "read the body")?;
        to_python(py, &self.handle.block(py, self.manager.post(path, api_version, body.as_ref()))?)
    }

    /// Deletes a resource and waits until it is gone; what is not there is gone.
    #[pyo3(signature = (path, api_version=""))]
    fn delete(&self, py: Python<'_>, path: &str, api_version: &str) -> Result<()> {
        self.handle.block(py, self.manager.delete(path, api_version))
    }

    /// The state of a resource provider in the subscription, such as `Registered`.
    fn provider_state(&self, py: Python<'_>, namespace: &str) -> Result<String> {
        self.handle.block(py, self.manager.provider_state(namespace))
    }

    /// Registers a resource provider and waits until it is registered.
    fn register_provider(&self, py: Python<'_>, namespace: &str) -> Result<()> {
        self.handle.block(py, self.manager.register_provider(namespace))
    }

    /// True where the DNS label is free in the region.
    fn is_dns_label_free(&self, py: Python<'_>, region: &str, label: &str) -> Result<bool> {
        self.handle.block(py, self.manager.is_dns_label_free(region, label))
    }

    /// Why a name cannot be given to a new storage account or vault; None where it can.
    fn name_objection(
        &self,
        py: Python<'_>,
        resource_type: &str,
        api_version: &str,
        name: &str,
    ) -> Result<Option<String>> {
        self.handle.block(py, self.manager.name_objection(resource_type, api_version, name))
    }

    fn __repr__(&self) -> String {
        format!("<Resource Manager of subscription {}>", self.manager.subscription_id())
    }
}

impl ResourceManager {
    fn operation_of(&self, operation: azure::Operation) -> Operation {
        let manager = Arc::clone(&self.manager);
        Operation { manager, operation: Mutex::new(operation), handle: self.handle.clone() }
    }
}

#[pymethods]
impl Operation {
    /// True where nothing is left to be polled.
    #[getter]
    fn is_over(&self) -> bool {
        self.now().is_over()
    }

    /// The body of the answer that began it.
    #[getter]
    fn first_body<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.now().first_body().cloned())
    }

    /// Asks once how an operation goes; true where it is over.
    fn poll(&self, py: Python<'_>) -> Result<bool> {
        let mut operation = self.now();
        let is_over = self.handle.block(py, self.manager.poll(&mut operation))?;
        self.becomes(operation);
        Ok(is_over)
    }

    /// Polls an operation until it is over; gives the resource, or the result of a POST, or None after a DELETE.
    fn finish<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let mut operation = self.now();
        let result = self.handle.block(py, self.manager.finish(&mut operation));
        self.becomes(operation);
        to_python(py, &result?)
    }

    /// The operation as JSON text, to be stored and taken up by another process; it holds no secret.
    fn to_json(&self) -> Result<String> {
        self.now().to_json().map_err(Into::into)
    }

    fn __repr__(&self) -> String {
        format!("<operation, {}>", if self.now().is_over() { "over" } else { "running" })
    }
}

impl Operation {
    // A copy: no lock is held while the network is waited for.
    fn now(&self) -> azure::Operation {
        self.operation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn becomes(&self, operation: azure::Operation) {
        *self.operation.lock().unwrap_or_else(PoisonError::into_inner) = operation;
    }
}
