//! One request and its answer.

use hyper::header::WWW_AUTHENTICATE;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::address::Endpoint;
use super::endpoint_reference::{resource, selectors};
use super::envelope::{self, Request, RequestOption};
use super::read_value;
use super::schema::Schema;
use super::xml::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::net::authenticated_http::{AuthenticatedHttp, AuthenticatedRequest};
use crate::net::http::{HttpAnswer, Method};
use crate::net::offered;
use crate::wmi::{Class, Identifier, ObjectPath};

/// A namespace of a service, and what every call on it shares.
pub(super) struct Service {
    pub(super) http: Arc<AuthenticatedHttp>,
    pub(super) endpoint: Endpoint,
    /// Longest wait for one answer.
    pub(super) timeout: Duration,
    pub(super) schema: Arc<Schema>,
    /// What goes with every call: values of the context.
    pub(super) options: Vec<RequestOption>,
}

const SOAP_XML: &str = "application/soap+xml;charset=UTF-8";

impl Service {
    /// The namespace, with slashes.
    pub(super) fn namespace(&self) -> &str {
        &self.endpoint.namespace
    }

    /// A request to a class of this namespace.
    pub(super) fn request(&self, action: String, class: &str) -> Request {
        Request { options: self.options.clone(), ..Request::new(action, resource(self.namespace(), class)) }
    }

    /// A request to the instance of a path.
    pub(super) async fn request_to(
        &self,
        operation: &str,
        action: String,
        path: &ObjectPath,
    ) -> Result<Request> {
        let mut request = self.request(action, path.class.as_str());
        let class = match path.keys.iter().any(|(name, _)| name.is_none()) && !path.is_singleton() {
            true => self.schema.class(self, &path.class).await?,
            false => None,
        };
        request.selectors = selectors(path, class.as_deref())
            .map_err(|cause| Error::new(ErrorKind::Config, operation, cause))?;
        Ok(request)
    }

    /// Sends a request that changes nothing.
    pub(super) async fn read(&self, operation: &str, request: &Request) -> Result<Element> {
        self.send(operation, request, true).await
    }

    /// Sends a request that may change something.
    pub(super) async fn change(&self, operation: &str, request: &Request) -> Result<Element> {
        self.send(operation, request, false).await
    }

    async fn send(&self, operation: &str, request: &Request, is_read: bool) -> Result<Element> {
        // The service gives up before we do, so that it can say so.
        let theirs = self.timeout.mul_f64(0.9);
        let (xml, id) = request.envelope(self.endpoint.url.as_str(), theirs)?;
        self.post(operation, xml, is_read, Some(&id)).await
    }

    /// Posts an envelope.
    pub(super) async fn post(
        &self,
        operation: &str,
        xml: String,
        is_read: bool,
        id: Option<&str>,
    ) -> Result<Element> {
        let answer = self
            .http
            .send(AuthenticatedRequest {
                operation,
                method: Method::POST,
                url: &self.endpoint.url,
                headers: Vec::new(),
                content_type: Some(SOAP_XML),
                body: xml.into(),
                is_read,
            })
            .await?;
        let is_soap = is_soap(&answer);
        let refuse = |kind, cause: String| {
            Err(Error::new(kind, operation, cause)
                .with_context("url", self.endpoint.url.as_str())
                .with_context("status", answer.status.to_string()))
        };
        match answer.status {
            401 => refuse(ErrorKind::Auth, not_let_in(&answer)),
            403 if !is_soap => {
                refuse(ErrorKind::Auth, "the server answers 403; has the account the rights?".into())
            }
            404 if !is_soap => {
                refuse(ErrorKind::NotFound, "the server answers 404; is this WinRM's address?".into())
            }
            503 if !is_soap => refuse(ErrorKind::Unavailable, "the server answers 503".into()),
            status => envelope::body(operation, status, id, &answer.body)
                .map_err(|error| error.with_context("url", self.endpoint.url.as_str())),
        }
    }

    /// An answer of success that is not the protocol.
    pub(super) fn malformed(&self, operation: &str, cause: String) -> Error {
        let cause = format!("the service's answer cannot be read: {cause}");
        Error::new(ErrorKind::Protocol, operation, cause).with_context("url", self.endpoint.url.as_str())
    }

    /// Fetches the definitions of all classes that an answer speaks of, as far as the service tells them.
    pub(super) async fn learn(&self, element: &Element, also: Option<&Identifier>) -> Result<()> {
        let mut names = HashSet::new();
        class_names(element, &mut names);
        names.extend(also.cloned());
        for name in names {
            self.schema.class(self, &name).await?;
        }
        Ok(())
    }

    /// A definition that is here already.
    pub(super) fn known(&self, name: &Identifier) -> Option<Class> {
        self.schema.at_hand(name).map(|class: Arc<Class>| Class::clone(&class))
    }
}

/// True where an answer says that it is SOAP, or could be.
fn is_soap(answer: &HttpAnswer) -> bool {
    let declared = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    !declared.starts_with("text/html") && answer.body.trim_ascii_start().starts_with(b"<")
}

fn not_let_in(answer: &HttpAnswer) -> String {
    match offered(&answer.headers, &WWW_AUTHENTICATE).as_slice() {
        [] => "the server does not let the user in".to_owned(),
        schemes => format!("the server does not let the user in; it offers {}", schemes.join(", ")),
    }
}

/// The classes of the instances in an element: those whose type says so.
fn class_names(element: &Element, names: &mut HashSet<Identifier>) {
    if element.type_name.as_ref().is_some_and(|(_, name)| name.ends_with("_Type")) {
        names.extend(read_value::class_name(element).ok());
    }
    for child in &element.children {
        class_names(child, names);
    }
}
