//! The AdminService as a transport.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::address::wmi_route;
use super::schema::Schema;
use super::{method, read, write};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::RESPONSE_BODY_BYTES_MAX;
use crate::net::TrustedRoots;
use crate::net::http::{Content, HttpAnswer, HttpClient, HttpOptions, HttpRequest, Method, Url};
use crate::site::access::Access;
use crate::site::odata::json;
use crate::site::transport::{Answer, PutMode, Rows, Transport};
use crate::wmi::wql::Select;
use crate::wmi::{Class, Identifier, Instance, ObjectPath};

/// Where an AdminService is and how to be let in.
pub(crate) struct AdminServiceOptions {
    /// `https://host/AdminService`, or the address behind a gateway.
    pub(crate) url: String,
    /// How to be let in; without anything only a service that asks for nothing answers.
    pub(crate) access: Access,
    pub(crate) trusted_roots: TrustedRoots,
    /// Longest wait for one answer.
    pub(crate) timeout: Duration,
}

/// An AdminService; asked for the first time with the first call.
pub(crate) struct AdminService {
    address: String,
    pub(super) connection: Arc<Connection>,
}

impl AdminService {
    /// Checks the options and builds the client; connects to nothing yet. Reads the file of trusted roots.
    pub(crate) fn new(options: AdminServiceOptions) -> Result<Self> {
        let route = wmi_route(&options.url)?;
        let http = HttpClient::new(HttpOptions {
            server: route.clone(),
            trusted_roots: options.trusted_roots,
            authentication: options.access.authentication,
            identity: options.access.identity,
            timeout: options.timeout,
            response_bytes_max: RESPONSE_BODY_BYTES_MAX,
        })?;
        let address = route.as_str().trim_end_matches("/wmi/").to_owned();
        Ok(AdminService {
            address,
            connection: Arc::new(Connection { http, route, schema: Schema::default() }),
        })
    }
}

/// What every call shares: the HTTP client, the route, and what is known of the classes.
pub(super) struct Connection {
    http: HttpClient,
    pub(super) route: Url,
    schema: Schema,
}

impl Connection {
    /// An address under the route of the classes, from its encoded form.
    pub(super) fn url(&self, relative: &str) -> Result<Url> {
        let address = format!("{}{relative}", self.route);
        Url::parse(&address).map_err(|error| Error::new(ErrorKind::Internal, "make a URL", error.to_string()))
    }

    pub(super) async fn class(&self, name: &Identifier) -> Result<Option<Class>> {
        self.schema.class(self, name).await
    }

    /// The definition of a class, new enough to have the properties of this JSON object where the server tells them.
    pub(super) async fn class_of(
        &self,
        name: &Identifier,
        object: Option<&Map<String, Json>>,
    ) -> Result<Option<Class>> {
        let has_all = |class: &Class| {
            object.is_none_or(|object| {
                object.keys().all(|key| !json::is_property_name(key) || class.property(key).is_some())
            })
        };
        self.schema.class_that(self, name, has_all).await
    }

    pub(super) async fn send(
        &self,
        operation: &str,
        method: Method,
        url: &Url,
        accept: &'static str,
        json: Option<Vec<u8>>,
    ) -> Result<HttpAnswer> {
        let content = json.map(Content::json);
        self.send_request(operation, method, url, accept, content, None).await
    }

    /// Sends a change, of what still has this ETag where there is one.
    pub(super) async fn send_change(
        &self,
        operation: &str,
        method: Method,
        url: &Url,
        json: Vec<u8>,
        if_match: Option<&str>,
    ) -> Result<HttpAnswer> {
        let content = Some(Content::json(json));
        self.send_request(operation, method, url, JSON, content, if_match).await
    }

    async fn send_request(
        &self,
        operation: &str,
        method: Method,
        url: &Url,
        accept: &'static str,
        content: Option<Content>,
        if_match: Option<&str>,
    ) -> Result<HttpAnswer> {
        let (token, headers, is_repeatable) = (None, &[][..], false);
        self.http
            .send(HttpRequest {
                operation,
                method,
                url,
                accept,
                content,
                if_match,
                token,
                headers,
                is_repeatable,
            })
            .await
    }
}

/// The JSON that is asked for; annotations of types are wanted only where they are not obvious.
pub(super) const JSON: &str = "application/json;odata.metadata=minimal";

impl Transport for AdminService {
    fn address(&self) -> &str {
        &self.address
    }

    fn why_without_keys(&self) -> Option<String> {
        let cause = self.connection.schema.complaint()?;
        Some(format!("its $metadata, which tells the keys, could not be read: {cause}"))
    }

    fn query<'a>(&'a self, select: &'a Select) -> Answer<'a, Rows> {
        Box::pin(read::query(&self.connection, select))
    }

    fn get<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, Instance> {
        Box::pin(read::get(&self.connection, path))
    }

    fn put<'a>(&'a self, instance: &'a Instance, mode: PutMode) -> Answer<'a, ObjectPath> {
        Box::pin(write::put(&self.connection, instance, mode))
    }

    fn delete<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, ()> {
        Box::pin(write::delete(&self.connection, path))
    }

    fn call<'a>(
        &'a self,
        path: &'a ObjectPath,
        method: &'a Identifier,
        input: &'a Instance,
    ) -> Answer<'a, Instance> {
        Box::pin(method::call(&self.connection, path, method, input))
    }

    fn class<'a>(&'a self, name: &'a Identifier) -> Answer<'a, Class> {
        Box::pin(self.connection.schema.required(&self.connection, name))
    }

    fn classes(&self) -> Answer<'_, Vec<Class>> {
        Box::pin(self.connection.schema.all(&self.connection))
    }
}
