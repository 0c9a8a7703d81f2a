//! Queries and gets.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::answer::{self, malformed};
use super::client::{Connection, JSON};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EMPTY_PAGES_MAX, PAGES_MAX};
use crate::net::http::{Method, Url};
use crate::site::odata::{json, key, percent, query as odata_query};
use crate::site::transport::{Answer, RowSource, Rows};
use crate::wmi::wql::Select;
use crate::wmi::{Class, Identifier, Instance, ObjectPath};

/// Runs a query. The first page is fetched here, so that a refused query is refused at once; the others when
/// their rows are asked for, so that memory holds one page.
pub(super) async fn query(connection: &Arc<Connection>, select: &Select) -> Result<Rows> {
    let operation = format!("query class {}", select.from.class);
    let url = connection.url(&odata_query::address(select)?)?;
    let first = page(connection, &operation, &url).await?;
    // After the first page: where the query itself is refused, that is the error to show.
    let row = first.get("value").and_then(Json::as_array).and_then(|rows| rows.first()?.as_object());
    let class = connection.class_of(&select.from.class, row).await?;
    let class_name = class.as_ref().map_or_else(|| select.from.class.clone(), |class| class.name.clone());
    let mut pages = Pages {
        connection: Arc::clone(connection),
        operation,
        class_name,
        class,
        waiting: None,
        next: None,
        pages: 1,
        empty_pages: 0,
        followed: HashSet::new(),
        hashes: RandomState::new(),
    };
    let hash = pages.hashes.hash_one(url.as_str());
    pages.followed.insert(hash);
    let rows = pages.take(first, &url)?;
    pages.waiting = Some(rows);
    Ok(Rows::new(pages))
}

/// Reads one instance. The server may answer the bare object or a list of one.
pub(super) async fn get(connection: &Connection, path: &ObjectPath) -> Result<Instance> {
    let operation = format!("get {path}");
    let class = connection.class(&path.class).await?;
    let Found { object, url, .. } = object(connection, &operation, path, class.as_ref()).await?;
    let class = connection.class_of(&path.class, Some(&object)).await?;
    let class_name = class.as_ref().map_or(&path.class, |class| &class.name);
    let mut instance = json::instance(class_name, class.as_ref(), object)
        .map_err(|cause| malformed(&operation, &url, cause))?;
    let stored = class.as_ref().and_then(|class| class.path_of(&instance)).unwrap_or_else(|| path.clone());
    instance.mark_stored(stored);
    Ok(instance)
}

/// One instance as the server sent it.
pub(super) struct Found {
    pub(super) object: Map<String, Json>,
    pub(super) url: Url,
    /// What tells this state of the instance from others, where the server says it.
    pub(super) etag: Option<String>,
}

/// The JSON object of one instance.
pub(super) async fn object(
    connection: &Connection,
    operation: &str,
    path: &ObjectPath,
    class: Option<&Class>,
) -> Result<Found> {
    let url = connection.url(&address(operation, path, class)?)?;
    let answer = connection.send(operation, Method::GET, &url, JSON, None).await?;
    let answer = answer::success(operation, &url, answer)?;
    let mut object = answer::json_object(operation, &url, &answer)?;
    if let Some(Json::Array(items)) = object.get_mut("value") {
        object = match (items.pop(), items.len()) {
            (None, _) => {
                return Err(Error::new(ErrorKind::NotFound, operation, "there is no such instance")
                    .with_context("url", url.as_str()));
            }
            (Some(Json::Object(only)), 0) => only,
            (Some(_), 0) => {
                let cause = "the answer holds something that is no object";
                return Err(malformed(operation, &url, cause.into()));
            }
            (_, more) => {
                let cause = format!("the answer holds {} instances, not one", more + 1);
                return Err(malformed(operation, &url, cause));
            }
        };
    }
    let told = object.get("@odata.etag").and_then(Json::as_str).or_else(|| answer.header("etag"));
    // What cannot stand in a header was not meant to be sent back.
    let etag = told.filter(|etag| etag.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned);
    Ok(Found { object, url, etag })
}

/// The address of an instance.
pub(super) fn address(operation: &str, path: &ObjectPath, class: Option<&Class>) -> Result<String> {
    key::address(path, class).map_err(|cause| Error::new(ErrorKind::Config, operation, cause))
}

async fn page(connection: &Connection, operation: &str, url: &Url) -> Result<Map<String, Json>> {
    let answer = connection.send(operation, Method::GET, url, JSON, None).await?;
    let answer = answer::success(operation, url, answer)?;
    answer::json_object(operation, url, &answer)
}

/// The path in an address such as `https://host/AdminService/wmi/SMS_Site('GF1')`, relative or whole.
pub(super) fn path_in_address(address: &str) -> Option<ObjectPath> {
    let open = address.find('(').unwrap_or(address.len());
    let start = address[..open].rfind('/').map_or(0, |slash| slash + 1);
    let path = key::parse(&percent::decode(&address[start..], false)?).ok()?;
    (!path.keys.is_empty()).then_some(path)
}

struct Pages {
    connection: Arc<Connection>,
    operation: String,
    class_name: Identifier,
    class: Option<Class>,
    waiting: Option<Vec<Instance>>,
    next: Option<Url>,
    pages: usize,
    empty_pages: usize,
    /// Hashes of the addresses that were followed; no more than there may be pages.
    followed: HashSet<u64>,
    hashes: RandomState,
}

impl Pages {
    /// Takes the rows of a page and notes where the next one is.
    fn take(&mut self, mut page: Map<String, Json>, url: &Url) -> Result<Vec<Instance>> {
        let next = match page.remove("@odata.nextLink") {
            Some(Json::String(link)) => Some(link),
            None | Some(Json::Null) => None,
            Some(_) => return Err(malformed(&self.operation, url, "@odata.nextLink is not a text".into())),
        };
        let Some(Json::Array(items)) = page.remove("value") else {
            let cause =
                "the answer has no list of instances (`value`); is this the address of an AdminService?";
            return Err(malformed(&self.operation, url, cause.into()));
        };
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            rows.push(self.row(item).map_err(|cause| malformed(&self.operation, url, cause))?);
        }
        self.empty_pages = if rows.is_empty() { self.empty_pages + 1 } else { 0 };
        self.next = next.map(|link| self.followed(&link, url)).transpose()?;
        Ok(rows)
    }

    fn row(&self, item: Json) -> Result<Instance, String> {
        let Json::Object(object) = item else { return Err("a row of the answer is no object".into()) };
        let told = ["@odata.id", "@odata.editLink"]
            .into_iter()
            .find_map(|name| path_in_address(object.get(name)?.as_str()?));
        let mut instance = json::instance(&self.class_name, self.class.as_ref(), object)?;
        if let Some(path) = self.class.as_ref().and_then(|class| class.path_of(&instance)).or(told) {
            instance.mark_stored(path);
        }
        Ok(instance)
    }

    /// The address of the next page, where following it is safe.
    fn followed(&mut self, link: &str, url: &Url) -> Result<Url> {
        let operation = self.operation.clone();
        let refuse = |cause: String| malformed(&operation, url, cause);
        let next =
            url.join(link).map_err(|error| refuse(format!("@odata.nextLink is no address: {error}")))?;
        if next.origin() != self.connection.route.origin() {
            return Err(refuse(format!(
                "the next page is said to be on {}; it is not fetched, for that would carry the token there",
                next.origin().ascii_serialization()
            )));
        }
        if next == *url {
            return Err(refuse("the next page is said to be this page again".into()));
        }
        if self.empty_pages > EMPTY_PAGES_MAX || self.pages >= PAGES_MAX {
            return Err(refuse(format!("the pages do not end; {} were read", self.pages)));
        }
        let hash = self.hashes.hash_one(next.as_str());
        if !self.followed.insert(hash) {
            let cause =
                "the next page is said to be one that was read before; the pages go round in a circle";
            return Err(malformed(&self.operation, url, cause.into()));
        }
        Ok(next)
    }
}

impl RowSource for Pages {
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>> {
        Box::pin(async move {
            loop {
                if let Some(rows) = self.waiting.take().filter(|rows| !rows.is_empty()) {
                    return Ok(Some(rows));
                }
                let Some(url) = self.next.take() else { return Ok(None) };
                let page = page(&self.connection, &self.operation, &url).await?;
                self.pages += 1;
                let rows = self.take(page, &url)?;
                self.waiting = Some(rows);
            }
        })
    }
}
