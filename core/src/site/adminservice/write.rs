//! Puts and deletes.
//!
//! Microsoft documents POST on the WMI route. PATCH is what OData has for a change and PUT for a replacement; no
//! public example shows either on this route, and none was tried against a live site server. So a refused PATCH
//! (404, 405, 501) is followed by a PUT of the whole instance, read again just before, so that nothing is lost.
//!
//! [`PutMode::UpdateUnchanged`] reads the instance, compares what is to be written, and sends the instance's ETag
//! along (`If-Match`), so that the server refuses the change where somebody else was faster. A server that gives no
//! ETag does not do so: the time between the read and the change is short then, but it is there.

use serde_json::{Map, Value as Json};

use super::answer::{self, malformed};
use super::client::{Connection, JSON};
use super::read;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::{HttpAnswer, Method, Url};
use crate::site::odata::json::{self, Reader};
use crate::site::transport::{PutMode, unchanged};
use crate::wmi::{Class, Identifier, Instance, ObjectPath, Property};

/// Writes the modified properties of an instance, or all of them where it is new.
pub(super) async fn put(connection: &Connection, instance: &Instance, mode: PutMode) -> Result<ObjectPath> {
    let operation = match instance.path() {
        Some(path) => format!("put {path}"),
        None => format!("put instance of class {}", instance.class_name()),
    };
    let class = connection.class(instance.class_name()).await?;
    let put = Put { connection, instance, class: class.as_ref(), operation: &operation };
    if mode == PutMode::CreateOnly {
        return put.create().await;
    }
    let (path, was_read) = match instance.path() {
        Some(path) => (Some(path.clone()), true),
        None => (class.as_ref().and_then(|class| class.path_of(instance)), false),
    };
    match (path, mode) {
        (Some(path), mode) => match put.change(&path, was_read, mode).await {
            // Read once, deleted since, or new with its key set: there is nothing to change.
            Err(error) if error.kind() == ErrorKind::NotFound && mode == PutMode::CreateOrUpdate => {
                put.create().await
            }
            changed => changed.map(|()| path),
        },
        (None, PutMode::UpdateOnly | PutMode::UpdateUnchanged) => {
            let cause = "the instance has no path and its key is not known; get it from the site first";
            Err(Error::new(ErrorKind::Config, operation, cause))
        }
        (None, _) => put.create().await,
    }
}

/// Deletes one instance.
pub(super) async fn delete(connection: &Connection, path: &ObjectPath) -> Result<()> {
    let operation = format!("delete {path}");
    let class = connection.class(&path.class).await?;
    let url = connection.url(&read::address(&operation, path, class.as_ref())?)?;
    let answer = connection.send(&operation, Method::DELETE, &url, JSON, None).await?;
    answer::success(&operation, &url, answer).map(drop)
}

struct Put<'a> {
    connection: &'a Connection,
    instance: &'a Instance,
    class: Option<&'a Class>,
    operation: &'a str,
}

impl Put<'_> {
    async fn create(&self) -> Result<ObjectPath> {
        let url = self.connection.url(self.instance.class_name().as_str())?;
        let object = self.object(self.instance.properties().iter())?;
        let answer = self.send(Method::POST, &url, object, None).await?;
        let answer = answer::success(self.operation, &url, answer)?;
        self.created(&url, &answer)
    }

    /// The path of what was created: from the instance in the answer, else from its address, else from our keys.
    fn created(&self, url: &Url, answer: &HttpAnswer) -> Result<ObjectPath> {
        let mut told = None;
        if let Ok(object) = answer::json_object(self.operation, url, answer) {
            told = object.get("@odata.id").and_then(Json::as_str).and_then(read::path_in_address);
            let only = match object.get("value") {
                Some(Json::Array(items)) if items.len() == 1 => {
                    items.first().and_then(Json::as_object).cloned()
                }
                _ => Some(object),
            };
            let stored =
                only.and_then(|only| json::instance(self.instance.class_name(), self.class, only).ok());
            if let Some(path) = stored.and_then(|stored| self.class?.path_of(&stored)) {
                return Ok(path);
            }
        }
        ["location", "odata-entityid"]
            .into_iter()
            .find_map(|name| read::path_in_address(answer.header(name)?))
            .or(told)
            .or_else(|| self.class?.path_of(self.instance))
            .ok_or_else(|| {
                let cause = "the instance was created, but neither answer nor $metadata tells its key";
                malformed(self.operation, url, cause.into())
            })
    }

    /// Changes the instance at a path: its modified properties, but never its key.
    async fn change(&self, path: &ObjectPath, was_read: bool, mode: PutMode) -> Result<()> {
        let is_key = |name: &Identifier| {
            let in_path = path.keys.iter().any(|(key, _)| key.as_ref() == Some(name));
            in_path || self.class.is_some_and(|class| class.keys().any(|key| key.name == *name))
        };
        let modified = || {
            self.instance
                .properties()
                .iter()
                .filter(|property| property.is_modified() && !is_key(&property.name))
        };
        let mut etag = None;
        if modified().next().is_none() || !was_read || mode == PutMode::UpdateUnchanged {
            // Nothing to write, or not known to exist: a PATCH to a new key might create (OData calls it upsert).
            let found = read::object(self.connection, self.operation, path, self.class).await?;
            if modified().next().is_none() {
                return Ok(());
            }
            if mode == PutMode::UpdateUnchanged {
                let stored = json::instance(self.instance.class_name(), self.class, found.object)
                    .map_err(|cause| malformed(self.operation, &found.url, cause))?;
                unchanged(self.instance, &stored, self.operation)?;
                etag = found.etag;
            }
        }
        let etag = etag.as_deref();
        let url = self.connection.url(&read::address(self.operation, path, self.class)?)?;
        let answer = self.send(Method::PATCH, &url, self.object(modified())?, etag).await?;
        // 404 also: a server that has no route for PATCH must not be taken for one that lost the instance.
        if !matches!(answer.status, 404 | 405 | 501) {
            return answer::success(self.operation, &url, answer).map(drop);
        }
        let mut whole = read::object(self.connection, self.operation, path, self.class).await?.object;
        whole.retain(|name, _| !name.contains('@') && !name.starts_with("__"));
        for (name, value) in self.object(modified())? {
            // The server's spelling of a name stays.
            match whole.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some((_, known)) => *known = value,
                None => drop(whole.insert(name, value)),
            }
        }
        let answer = self.send(Method::PUT, &url, whole, etag).await?;
        answer::success(self.operation, &url, answer).map(drop)
    }

    fn object<'p>(&self, properties: impl Iterator<Item = &'p Property>) -> Result<Map<String, Json>> {
        json::object(properties, self.class, Reader::Server)
            .map_err(|cause| Error::new(ErrorKind::Config, self.operation, cause))
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        object: Map<String, Json>,
        etag: Option<&str>,
    ) -> Result<HttpAnswer> {
        let body = serde_json::to_vec(&Json::Object(object))
            .map_err(|error| Error::new(ErrorKind::Internal, self.operation, error.to_string()))?;
        self.connection.send_change(self.operation, method, url, body, etag).await
    }
}
