//! Calls of methods.
//!
//! `POST Class.Method` for a method of a class, `POST Class(key)/AdminService.Method` for one of an instance, with the
//! parameters by name as JSON; both are documented, and answer 201. What the answer holds is not: an object with the
//! out-parameters is taken, also within `value`; a bare `value` becomes a property of that name.

use serde_json::{Map, Value as Json};

use super::answer::{self, malformed};
use super::client::Connection;
use super::read;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Method;
use crate::site::odata::edm_type::TYPE_NAMESPACE;
use crate::site::odata::json::{self, Reader};
use crate::wmi::{Class, Identifier, Instance, ObjectPath, PARAMETERS_CLASS, PropertyDefinition};

/// Runs a method and gives its out-parameters.
pub(super) async fn call(
    connection: &Connection,
    path: &ObjectPath,
    method: &Identifier,
    input: &Instance,
) -> Result<Instance> {
    let operation = format!("call {}.{method}", path.class);
    let relative = match path.is_class() {
        true => format!("{}.{method}", path.class),
        false => {
            let class = connection.class(&path.class).await?;
            let address = read::address(&operation, path, class.as_ref())?;
            format!("{address}/{TYPE_NAMESPACE}.{method}")
        }
    };
    let url = connection.url(&relative)?;
    let parameters = json::object(input.properties().iter(), Some(&declared(input)), Reader::Server)
        .map_err(|cause| Error::new(ErrorKind::Config, operation.as_str(), cause))?;
    let body = serde_json::to_vec(&Json::Object(parameters))
        .map_err(|error| Error::new(ErrorKind::Internal, operation.as_str(), error.to_string()))?;
    let answer = connection.send_change(&operation, Method::POST, &url, body, None).await?;
    let answer = answer::success(&operation, &url, answer)?;
    let outputs = match answer.body.is_empty() {
        true => Map::new(),
        false => outputs(answer::json_object(&operation, &url, &answer)?),
    };
    json::instance(&Identifier::new(PARAMETERS_CLASS)?, None, outputs)
        .map_err(|cause| malformed(&operation, &url, cause))
}

/// The input as a class, so that no annotation tells a type that the method itself declares.
fn declared(input: &Instance) -> Class {
    let properties = input.properties().iter().filter_map(|property| {
        let cim_type = property.cim_type.or(property.value.natural_type().map(|(cim_type, _)| cim_type))?;
        Some(PropertyDefinition::new(property.name.clone(), cim_type, property.is_array, false))
    });
    Class::new(input.class_name().clone(), properties.collect())
}

fn outputs(mut object: Map<String, Json>) -> Map<String, Json> {
    let is_alone = object.keys().all(|name| name == "value" || name.starts_with('@'));
    match object.remove("value") {
        Some(Json::Object(inner)) if is_alone => inner,
        Some(value) => {
            object.insert("value".to_owned(), value);
            object
        }
        None => object,
    }
}
