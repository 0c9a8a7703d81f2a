//! What each method does to each thing an address names.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, EXPECT, HOST};
use hyper::{Method, Request, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::document;
use super::etag::{IfMatch, etag};
use super::query_options::QueryOptions;
use super::reply::{Refusal, Reply, empty, json_reply, reply, with_etag, with_location};
use super::route::{Route, Target, route};
use super::strict_json::StrictJson;
use crate::error::ErrorKind;
use crate::limits::{
    REQUEST_BODY_BYTES_MAX, REQUEST_BODY_DISCARD_BYTES_MAX, SERVER_PAGE_ROWS, SERVER_REQUEST_TIMEOUT,
};
use crate::secret::Secret;
use crate::site::odata::json::{self as odata_json, Reader};
use crate::site::odata::key;
use crate::site::{EmbeddedSite, PutMode};
use crate::wmi::{Class, Identifier, Instance, ObjectPath, Value};

/// The site and who may use it.
pub(super) struct Service {
    pub(super) site: EmbeddedSite,
    pub(super) token: Secret,
    pub(super) address: SocketAddr,
}

/// A request whose sender and address are known to be right.
pub(super) struct Call<'a> {
    /// `https://host/AdminService/wmi`
    pub(super) base: String,
    pub(super) query: String,
    page_rows: u64,
    pub(super) request: Request<&'a mut Incoming>,
}

impl Service {
    /// Answers one request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (head, mut body) = request.into_parts();
        let waits_for_us = head.headers.contains_key(EXPECT);
        let reply = self.answered(Request::from_parts(head, &mut body)).await;
        if !waits_for_us {
            // A time that runs out ends the reading, not the answer.
            let _ = tokio::time::timeout(SERVER_REQUEST_TIMEOUT, discard(&mut body)).await;
        }
        reply.unwrap_or_else(Refusal::into_reply)
    }

    async fn answered(&self, request: Request<&mut Incoming>) -> Result<Reply, Refusal> {
        // Before anything else, so that a stranger learns nothing about what is there.
        self.let_in(&request)?;
        let Route { prefix, target } = route(request.uri().path())?;
        let call = Call {
            base: format!("https://{}{prefix}", self.authority(&request)),
            query: request.uri().query().unwrap_or_default().to_owned(),
            page_rows: page_rows(&request),
            request,
        };
        match (target, call.request.method().clone()) {
            (Target::ServiceDocument, Method::GET) => {
                let context = format!("{}/$metadata", call.base);
                let classes = self.site.classes().await?;
                Ok(json_reply(StatusCode::OK, &document::service_document(&context, &classes)))
            }
            (Target::Metadata, Method::GET) => {
                let xml = document::metadata(&self.site.classes().await?);
                Ok(reply(StatusCode::OK, "application/xml; charset=utf-8", xml))
            }
            (Target::Count(class), Method::GET) => self.count(call, class).await,
            (Target::Class(class), Method::GET) => self.list(call, class).await,
            (Target::Class(class), Method::POST) => self.create(call, class).await,
            (Target::Instance(path), Method::GET) => self.get(call, path).await,
            (Target::Instance(path), Method::PATCH) => self.change(call, path).await,
            (Target::Instance(path), Method::DELETE) => self.delete(call, path).await,
            (Target::Method(path, method), Method::GET | Method::POST) => self.call(call, path, method).await,
            (Target::Method(..), _) => Err(Refusal::method_not_allowed("GET, POST")),
            (Target::Class(_), _) => Err(Refusal::method_not_allowed("GET, POST")),
            (Target::Instance(_), _) => Err(Refusal::method_not_allowed("GET, PATCH, DELETE")),
            _ => Err(Refusal::method_not_allowed("GET")),
        }
    }

    fn let_in(&self, request: &Request<&mut Incoming>) -> Result<(), Refusal> {
        let sent = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start_matches(' '))
        });
        match token {
            Some(token) if self.token.matches(token) => Ok(()),
            Some(_) => Err(Refusal::unauthorized("the bearer token is not the one of this service")),
            None => Err(Refusal::unauthorized("a bearer token is needed: Authorization: Bearer …")),
        }
    }

    /// The host as the client calls it, so that the addresses in our answers are of use to it.
    fn authority(&self, request: &Request<&mut Incoming>) -> String {
        let named = match request.uri().authority() {
            Some(authority) => Some(authority.as_str()),
            None => request.headers().get(HOST).and_then(|value| value.to_str().ok()),
        };
        let allowed = |text: &&str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
        };
        named.filter(allowed).map_or_else(|| self.address.to_string(), str::to_owned)
    }

    async fn list(&self, call: Call<'_>, class: Identifier) -> Result<Reply, Refusal> {
        let allowed = ["$filter", "$select", "$orderby", "$top", "$skip", "$skiptoken", "$count"];
        let options = QueryOptions::parse(&call.query, &allowed)?;
        let select = options.select(class.clone());
        let mut body = Map::new();
        body.insert("@odata.context".into(), format!("{}/$metadata#{class}", call.base).into());
        if options.count {
            body.insert("@odata.count".into(), self.site.count(select.clone()).await?.into());
        }
        let wanted = options.top.unwrap_or(u64::MAX).saturating_sub(options.skip_token);
        let page = wanted.min(call.page_rows);
        // One row more tells whether there is another page.
        let asked = page.saturating_add(1).min(wanted);
        let mut rows = self.site.read_page(select, options.skip + options.skip_token, asked).await?;
        let has_more = rows.len() as u64 > page;
        rows.truncate(usize::try_from(page).unwrap_or(usize::MAX));
        let rows = rows.iter().map(instance_json).collect::<Result<Vec<_>, _>>()?;
        body.insert("value".into(), rows.into());
        if has_more {
            let others = call.query.split('&').filter(|pair| !pair.is_empty() && !is_skip_token(pair));
            let mut pairs: Vec<_> = others.map(str::to_owned).collect();
            pairs.push(format!("$skiptoken={}", options.skip_token + page));
            body.insert(
                "@odata.nextLink".into(),
                format!("{}/{class}?{}", call.base, pairs.join("&")).into(),
            );
        }
        Ok(json_reply(StatusCode::OK, &Json::Object(body)))
    }

    async fn count(&self, call: Call<'_>, class: Identifier) -> Result<Reply, Refusal> {
        let options = QueryOptions::parse(&call.query, &["$filter"])?;
        let rows = self.site.count(options.select(class)).await?;
        Ok(reply(StatusCode::OK, "text/plain; charset=utf-8", rows.to_string()))
    }

    async fn get(&self, call: Call<'_>, path: ObjectPath) -> Result<Reply, Refusal> {
        QueryOptions::parse(&call.query, &[])?;
        let instance = self.site.get(&path).await?;
        entity_reply(StatusCode::OK, &call.base, &instance)
    }

    async fn create(&self, call: Call<'_>, class: Identifier) -> Result<Reply, Refusal> {
        QueryOptions::parse(&call.query, &[])?;
        let class = self.site.class(&class).await?;
        let base = call.base.clone();
        let mut instance = Instance::of(class.name.clone());
        fill(&mut instance, &class, call.json().await?)?;
        let path = self.site.put(&instance, PutMode::CreateOnly).await?;
        let stored = self.site.get(&path).await?;
        let address = key::address(&path, Some(&class)).map_err(Refusal::bad_request)?;
        let reply = entity_reply(StatusCode::CREATED, &base, &stored)?;
        Ok(with_location(reply, &format!("{base}/{address}")))
    }

    async fn change(&self, call: Call<'_>, path: ObjectPath) -> Result<Reply, Refusal> {
        QueryOptions::parse(&call.query, &[])?;
        let class = self.site.class(&path.class).await?;
        // With an ETag the change is one of what was read, and compared with it when it is written.
        let (mut instance, mode) = match self.matched(&call, &path).await? {
            Some(read) => (read, PutMode::UpdateUnchanged),
            None => {
                let mut instance = Instance::of(class.name.clone());
                instance.mark_stored(path);
                (instance, PutMode::UpdateOnly)
            }
        };
        fill(&mut instance, &class, call.json().await?)?;
        self.refuse_other_key(&instance, &class).await?;
        match self.site.put(&instance, mode).await {
            Err(error) if mode == PutMode::UpdateUnchanged && error.kind() == ErrorKind::Conflict => {
                Err(Refusal::precondition_failed())
            }
            put => Ok(put.map(|_| empty(StatusCode::NO_CONTENT))?),
        }
    }

    async fn delete(&self, call: Call<'_>, path: ObjectPath) -> Result<Reply, Refusal> {
        QueryOptions::parse(&call.query, &[])?;
        match self.matched(&call, &path).await? {
            None => self.site.delete(&path).await?,
            Some(read) => match self.site.delete_unchanged(&path, read).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    return Err(Refusal::precondition_failed());
                }
                deleted => deleted?,
            },
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// The instance, where the request is for one state of it alone; refused where it is in another.
    async fn matched(&self, call: &Call<'_>, path: &ObjectPath) -> Result<Option<Instance>, Refusal> {
        let IfMatch::OneOf(etags) = IfMatch::read(call.request.headers()) else { return Ok(None) };
        let instance = self.site.get(path).await?;
        match etags.contains(&etag(&instance_json(&instance)?)) {
            true => Ok(Some(instance)),
            false => Err(Refusal::precondition_failed()),
        }
    }

    /// The address names the instance: the body may repeat its key, but not change it.
    async fn refuse_other_key(&self, instance: &Instance, class: &Class) -> Result<(), Refusal> {
        let given = || {
            let keys = class.keys().filter_map(|key| instance.property(key.name.as_str()));
            keys.filter(|property| property.is_modified())
        };
        let Some(path) = instance.path().filter(|_| given().next().is_some()) else { return Ok(()) };
        let stored = self.site.get(path).await?;
        for property in given() {
            let same = match (stored.get(property.name.as_str()), &property.value) {
                (Some(Value::String(stored)), Value::String(given)) => {
                    stored.to_lowercase() == given.to_lowercase()
                }
                (stored, given) => stored == Some(given),
            };
            if !same {
                let message = format!("the key {} cannot be changed; create a new instance", property.name);
                return Err(Refusal::bad_request(message));
            }
        }
        Ok(())
    }
}

impl Call<'_> {
    /// The body as a JSON object; nothing is an empty one.
    pub(super) async fn json_or_nothing(self) -> Result<Map<String, Json>, Refusal> {
        match self.request.body().size_hint().exact() {
            Some(0) => Ok(Map::new()),
            _ => self.json().await,
        }
    }

    /// The body as a JSON object, of limited size and within limited time.
    async fn json(self) -> Result<Map<String, Json>, Refusal> {
        let content_type = self.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            let message = "the body must be application/json";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
        let bytes =
            match tokio::time::timeout(SERVER_REQUEST_TIMEOUT, limited(self.request.into_body())).await {
                Ok(bytes) => bytes?,
                Err(_) => return Err(timed_out(SERVER_REQUEST_TIMEOUT)),
            };
        match serde_json::from_slice(&bytes) {
            Ok(StrictJson(Json::Object(object))) => Ok(object),
            Ok(_) => Err(Refusal::bad_request("the body is JSON, but not an object")),
            Err(error) => Err(Refusal::bad_request(format!("the body is not JSON: {error}"))),
        }
    }
}

/// The bytes of a body, up to the limit.
async fn limited(body: &mut Incoming) -> Result<Vec<u8>, Refusal> {
    let too_large = || {
        let message = format!("the body has more than {REQUEST_BODY_BYTES_MAX} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", message)
    };
    if body.size_hint().lower() > REQUEST_BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > REQUEST_BODY_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Reads the rest of a body and throws it away: a client that is cut off while it still sends shows a broken
/// connection instead of our answer.
async fn discard(body: &mut Incoming) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, |data| data.len());
        if discarded > REQUEST_BODY_DISCARD_BYTES_MAX {
            return;
        }
    }
}

fn timed_out(limit: Duration) -> Refusal {
    let message = format!("the body did not come within {} s", limit.as_secs());
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
}

/// `Prefer: odata.maxpagesize=…`, within our own limit.
fn page_rows(request: &Request<&mut Incoming>) -> u64 {
    let preferred = request.headers().get("prefer").and_then(|value| value.to_str().ok()).and_then(|value| {
        let mut wishes = value.split(',').map(str::trim);
        wishes.find_map(|wish| wish.strip_prefix("odata.maxpagesize=").or(wish.strip_prefix("maxpagesize=")))
    });
    let wanted = preferred.and_then(|text| text.parse().ok()).filter(|rows| *rows > 0);
    wanted.unwrap_or(SERVER_PAGE_ROWS as u64).min(SERVER_PAGE_ROWS as u64)
}

/// Whether a pair of a query is the token of a former page; clients may have encoded its `$`.
fn is_skip_token(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    crate::site::odata::percent::decode(name, true).is_some_and(|name| name == "$skiptoken")
}

fn fill(instance: &mut Instance, class: &Class, object: Map<String, Json>) -> Result<(), Refusal> {
    // Annotations and system properties stand beside the properties; all else would be lost without a word.
    let is_beside = |name: &str| name.contains('@') || name.starts_with("__");
    if let Some(name) = object.keys().find(|name| !is_beside(name) && !odata_json::is_property_name(name)) {
        return Err(Refusal::bad_request(format!("{name:?} cannot be the name of a property")));
    }
    let read = odata_json::instance(&class.name, Some(class), object).map_err(Refusal::bad_request)?;
    for property in read.properties() {
        instance.set_typed(property.name.as_str(), property.value.clone(), property.cim_type)?;
    }
    Ok(())
}

fn instance_json(instance: &Instance) -> Result<Json, Refusal> {
    odata_json::object(instance.properties().iter(), None, Reader::Client)
        .map(Json::Object)
        .map_err(|cause| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", cause))
}

/// One instance, with its ETag.
fn entity_reply(status: StatusCode, base: &str, instance: &Instance) -> Result<Reply, Refusal> {
    let properties = instance_json(instance)?;
    let etag = etag(&properties);
    let mut entity = json!({
        "@odata.context": format!("{base}/$metadata#{}/$entity", instance.class_name()),
        "@odata.etag": etag,
    });
    if let (Json::Object(entity), Json::Object(mut properties)) = (&mut entity, properties) {
        entity.append(&mut properties);
    }
    Ok(with_etag(json_reply(status, &entity), &etag))
}
