//! Azure's management services.

mod credential;
mod key_vault;
mod management_certificate;
mod resource_manager;
mod service_management;

use cmgateway::azure::AzureOptions;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub(crate) use self::credential::{
    Credential, access_token, azure_cli, client_certificate, client_secret, managed_identity,
};
pub(crate) use self::key_vault::KeyVault;
pub(crate) use self::management_certificate::ManagementCertificate;
pub(crate) use self::resource_manager::{Operation, ResourceManager};
pub(crate) use self::service_management::ServiceManagement;
use crate::error::Result;
use crate::json;

/// The options of a client, by their names.
pub(crate) fn options(function: &str, given: Option<&Bound<'_, PyDict>>) -> Result<AzureOptions> {
    let Some(given) = given else { return Ok(AzureOptions::default()) };
    for name in given.keys() {
        let name = name.to_string();
        if !AzureOptions::NAMES.contains(&name.as_str()) {
            return Err(PyTypeError::new_err(format!("{function} has no argument {name}")).into());
        }
    }
    Ok(AzureOptions::from_json(json::from_python(given, "read the Azure options")?)?)
}
