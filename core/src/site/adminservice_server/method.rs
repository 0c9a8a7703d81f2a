//! Calls of methods: POST with named parameters as JSON; a method without parameters may be asked for with GET, as public
//! clients do.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value as Json};

use super::query_options::QueryOptions;
use super::reply::{Refusal, Reply, json_reply};
use super::resource::{Call, Service};
use crate::site::method_of;
use crate::site::odata::json::{self as odata_json, Reader};
use crate::wmi::{Class, Identifier, MethodDefinition, ObjectPath};

impl Service {
    /// Runs a method of an instance, or of a class where the path is that of a class. Its answer is 201, as that of a
    /// real AdminService is.
    pub(super) async fn call(
        &self,
        call: Call<'_>,
        mut path: ObjectPath,
        method: Identifier,
    ) -> Result<Reply, Refusal> {
        QueryOptions::parse(&call.query, &[])?;
        let class = self.site.class(&path.class).await?;
        // Addresses leave out the name of a single key; who supplies the method shall not have to.
        if let ([(name @ None, _)], Some(key)) = (path.keys.as_mut_slice(), class.keys().next()) {
            *name = Some(key.name.clone());
        }
        let declared = method_of(&class, &method)?.clone();
        let context = format!("{}/$metadata#{}.{}", call.base, class.name, declared.name);
        let given = match *call.request.method() {
            Method::GET => Map::new(),
            _ => call.json_or_nothing().await?,
        };
        let input = declared.input(Vec::new(), named(&declared, given)?)?;
        let out = self.site.call(&path, &declared.name, &input).await?;
        let mut body = Map::new();
        body.insert("@odata.context".into(), context.into());
        let mut properties = odata_json::object(out.properties().iter(), None, Reader::Client)
            .map_err(|cause| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", cause))?;
        body.append(&mut properties);
        Ok(json_reply(StatusCode::CREATED, &Json::Object(body)))
    }
}

/// The parameters by their names, of the types that the method declares.
fn named(
    declared: &MethodDefinition,
    given: Map<String, Json>,
) -> Result<Vec<(String, crate::wmi::Value)>, Refusal> {
    let shape = Class::new(declared.name.clone(), declared.inputs().cloned().collect());
    let read = odata_json::instance(&shape.name, Some(&shape), given).map_err(Refusal::bad_request)?;
    Ok(read.properties().iter().map(|property| (property.name.to_string(), property.value.clone())).collect())
}
