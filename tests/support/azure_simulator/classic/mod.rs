//! The classic Service Management API: a subscription's cloud services, as recorded.

pub(super) mod answer;
mod body;
mod deployment;
mod operation;
mod service;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cmgateway::cert::Thumbprint;
use serde_json::Value;

use self::answer::{around, document, element, empty, error, nillable};
use self::body::Body;
use self::operation::Running;
use self::service::{Service, sizes};
use super::SimulatedAnswer;
use crate::wire_server::WireRequest;

/// A subscription of the classic API. Names are kept in lower case.
#[derive(Debug, Default)]
pub(super) struct Classic {
    services: BTreeMap<String, Service>,
    /// By thumbprint: base64 of the certificate.
    pub(super) management: BTreeMap<String, String>,
    operations: BTreeMap<String, Running>,
    /// Names that somebody else has.
    pub(super) taken: Vec<String>,
    /// How many requests of a new management certificate are refused before the service lets it in.
    pub(super) fresh_refusals: u32,
    /// By thumbprint: how many are left.
    fresh: BTreeMap<String, u32>,
    requests: u64,
}

/// True for a path of this API: it begins with a subscription.
pub(super) fn is_classic(target: &str) -> bool {
    let first = target.split(['/', '?']).nth(1).unwrap_or_default();
    first.len() == 36 && first.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl Classic {
    /// Every cloud service and management certificate.
    pub(super) fn state(&self) -> Vec<(String, Value)> {
        let services = self.services.iter().map(|(name, service)| (name.clone(), service.state()));
        let management =
            self.management.keys().map(|one| (one.clone(), Value::from("management certificate")));
        services.chain(management).collect()
    }

    pub(super) fn answer(&mut self, request: &WireRequest) -> SimulatedAnswer {
        self.requests += 1;
        let id = format!("{:032x}", self.requests);
        self.settle();
        let answer = match self.refusal(request) {
            Some(refused) => refused,
            None => self.routed(request, &id),
        };
        answer.with("x-ms-request-id", &id)
    }

    fn refusal(&mut self, request: &WireRequest) -> Option<SimulatedAnswer> {
        let head = request.head.to_ascii_lowercase();
        if !head.contains("x-ms-version: 20") {
            let message = "The versioning header is not specified or was specified incorrectly.";
            return Some(error(400, "MissingOrIncorrectVersionHeader", message));
        }
        let shown = request.client_certificate.as_ref().map(|der| Thumbprint::of_der(der).to_string());
        if shown.is_some_and(|shown| self.lets_in(&shown)) || head.contains("authorization: bearer ") {
            return None;
        }
        let message = "The server failed to authenticate the request. Verify that the certificate is valid and is \
                       associated with this subscription.";
        Some(error(403, "AuthenticationFailed", message))
    }

    /// A new certificate is known at once, and let in a moment later.
    fn lets_in(&mut self, thumbprint: &str) -> bool {
        let left = self.fresh.get_mut(thumbprint).filter(|left| **left > 0);
        match left {
            Some(left) => {
                *left -= 1;
                false
            }
            None => self.management.contains_key(thumbprint),
        }
    }

    fn routed(&mut self, request: &WireRequest, id: &str) -> SimulatedAnswer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let [subscription, rest @ ..] = parts.as_slice() else { return unknown() };
        let body = match request.body.trim() {
            "" => Body::default(),
            text => match Body::read(text) {
                Some(body) => body,
                None => {
                    return error(
                        400,
                        "InvalidXmlRequest",
                        "The request body's XML was invalid or not correctly specified.",
                    );
                }
            },
        };
        match (request.method.as_str(), rest) {
            ("GET", []) => subscription_document(subscription, self.services.len()),
            ("GET", ["locations"]) => locations(),
            ("GET", ["operations", other]) => self.operation(other),
            (method, ["certificates", rest @ ..]) => self.management(method, rest, &body),
            ("GET", ["services", "hostedservices", "operations", "isavailable", name]) => {
                self.availability(name)
            }
            ("GET", ["services", "hostedservices"]) => {
                let one = |service: &Service| around("HostedService", &service.to_xml(subscription, true));
                document("HostedServices", &self.services.values().map(one).collect::<String>())
            }
            ("POST", ["services", "hostedservices"]) => self.create(subscription, &body),
            (method, ["services", "hostedservices", name, rest @ ..]) => {
                let name = name.to_ascii_lowercase();
                if !self.services.contains_key(&name) {
                    return error(404, "ResourceNotFound", "The hosted service does not exist.");
                }
                match rest {
                    [] => self.service(method, subscription, &name, query, &body),
                    ["certificates", rest @ ..] => {
                        self.certificates(method, subscription, &name, rest, &body, id)
                    }
                    _ => self.deployments(method, &name, rest, query, &body, id),
                }
            }
            _ => unknown(),
        }
    }

    fn management(&mut self, method: &str, rest: &[&str], body: &Body) -> SimulatedAnswer {
        let entry = |(thumbprint, data): (&String, &String)| {
            element("SubscriptionCertificatePublicKey", "AA==")
                + &element("SubscriptionCertificateThumbprint", thumbprint)
                + &element("SubscriptionCertificateData", data)
                + &element("Created", "2016-04-20T20:55:32Z")
        };
        match (method, rest) {
            ("GET", []) => {
                let all = self.management.iter().map(|one| around("SubscriptionCertificate", &entry(one)));
                document("SubscriptionCertificates", &all.collect::<String>())
            }
            ("POST", []) => {
                let Some(der) = body.bytes("SubscriptionCertificateData") else {
                    return error(400, "BadRequest", "A parameter was incorrect.");
                };
                let thumbprint = Thumbprint::of_der(&der).to_string();
                if body.text("SubscriptionCertificateThumbprint") != Some(&thumbprint) {
                    return error(400, "BadRequest", "The thumbprint does not match the certificate.");
                }
                if self.management.contains_key(&thumbprint) {
                    return error(409, "ConflictError", "The certificate already exists.");
                }
                self.fresh.insert(thumbprint.clone(), self.fresh_refusals);
                self.management.insert(thumbprint, STANDARD.encode(der));
                empty(201)
            }
            ("DELETE", [thumbprint]) if self.management.remove(*thumbprint).is_some() => empty(200),
            _ => error(404, "ResourceNotFound", "The certificate was not found."),
        }
    }

    fn availability(&self, name: &str) -> SimulatedAnswer {
        let name = name.to_ascii_lowercase();
        let reason = match is_name(&name) {
            false => Some("HostedServiceNameNotValid"),
            true if self.services.contains_key(&name) || self.taken.contains(&name) => {
                Some("HostedServiceAlreadyExists")
            }
            true => None,
        };
        let result = if reason.is_none() { "true" } else { "false" };
        document("AvailabilityResponse", &(element("Result", result) + &nillable("Reason", reason)))
    }

    fn create(&mut self, subscription: &str, body: &Body) -> SimulatedAnswer {
        let text = |name: &str| body.text(name).unwrap_or_default().to_owned();
        let name = text("ServiceName");
        if !is_name(&name) {
            return error(400, "BadRequest", "The hosted service name is invalid.");
        }
        let key = name.to_ascii_lowercase();
        if self.services.contains_key(&key) || self.taken.contains(&key) {
            return error(409, "ConflictError", "The specified DNS name is already taken.");
        }
        if body.text("Location").is_none_or(str::is_empty) {
            return error(400, "BadRequest", "The location constraint is not valid");
        }
        let service = Service {
            label: text("Label"),
            description: body.text("Description").map(str::to_owned),
            location: text("Location"),
            properties: body.properties.clone(),
            name: name.clone(),
            ..Service::default()
        };
        self.services.insert(key, service);
        let place =
            format!("https://management.core.windows.net/subscriptions/{subscription}/compute/{name}");
        empty(201).with("Location", &place)
    }

    fn service(
        &mut self,
        method: &str,
        subscription: &str,
        name: &str,
        query: &str,
        body: &Body,
    ) -> SimulatedAnswer {
        let Some(service) = self.services.get_mut(name) else { return unknown() };
        match method {
            "GET" => {
                let mut text = service.to_xml(subscription, false);
                if query == "embed-detail=true" {
                    text += "<Deployments/>";
                }
                document("HostedService", &text)
            }
            "PUT" => {
                service.label = body.text("Label").map_or_else(|| service.label.clone(), str::to_owned);
                service.description =
                    body.text("Description").map(str::to_owned).or(service.description.take());
                empty(200)
            }
            "DELETE" if !service.deployments.is_empty() => {
                error(409, "ConflictError", "The hosted service has deployments; delete them first.")
            }
            "DELETE" => {
                self.services.remove(name);
                empty(200)
            }
            _ => unknown(),
        }
    }
}

/// Letters, digits and hyphens, as the service takes them.
fn is_name(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain && (1..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-')
}

fn unknown() -> SimulatedAnswer {
    error(404, "ResourceNotFound", "The requested resource does not exist.")
}

fn subscription_document(id: &str, services: usize) -> SimulatedAnswer {
    let content = element("SubscriptionID", id)
        + &element("SubscriptionName", "Contoso")
        + &element("SubscriptionStatus", "Active")
        + &element("MaxCoreCount", "20")
        + &element("MaxHostedServices", "20")
        + &element("CurrentCoreCount", "0")
        + &element("CurrentHostedServices", &services.to_string());
    document("Subscription", &content)
}

fn locations() -> SimulatedAnswer {
    let one = |name: &str| {
        let services = ["Compute", "Storage", "PersistentVMRole", "HighMemory"];
        let services: String = services.iter().map(|one| element("AvailableService", one)).collect();
        let storage = around("StorageAccountTypes", &element("StorageAccountType", "Standard_LRS"));
        let inside = element("Name", name)
            + &element("DisplayName", name)
            + &around("AvailableServices", &services)
            + &around("ComputeCapabilities", &sizes())
            + &around("StorageCapabilities", &storage);
        around("Location", &inside)
    };
    document("Locations", &["West US", "West US 2"].map(one).concat())
}
