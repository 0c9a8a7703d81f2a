//! What takes time: certificates and deployments. One operation at a time on a deployment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::answer::{around, document, element, empty, error};
use super::body::Body;
use super::deployment::Deployment;
use super::service::Service;
use super::{Classic, unknown};
use crate::azure_simulator::SimulatedAnswer;

/// After so many requests an operation is over, whether anybody asks for it or not.
const REQUESTS: u64 = 2;

/// What happens at the end of an operation.
#[derive(Clone, Debug)]
enum Effect {
    /// A certificate is there.
    Certificate { thumbprint: String, data: String },
    /// A certificate is gone.
    NoCertificate { thumbprint: String },
    /// The deployment of a slot has this status, and goes by its configuration.
    Status { slot: String, status: &'static str },
    /// The deployment of a slot is gone.
    NoDeployment { slot: String },
}

/// An operation that was begun.
#[derive(Clone, Debug)]
pub(super) struct Running {
    service: String,
    /// By the count of requests.
    until: u64,
    effect: Option<Effect>,
    failure: Option<String>,
}

impl Classic {
    pub(super) fn settle(&mut self) {
        let now = self.requests;
        for running in self.operations.values_mut().filter(|running| running.until <= now) {
            let Some(effect) = running.effect.take() else { continue };
            let Some(service) = self.services.get_mut(&running.service) else { continue };
            match effect {
                Effect::Certificate { thumbprint, data } => {
                    service.certificates.insert(thumbprint, data);
                }
                Effect::NoCertificate { thumbprint } => {
                    service.certificates.remove(&thumbprint);
                }
                Effect::Status { slot, status } => {
                    if let Some(deployment) = service.deployments.get_mut(&slot) {
                        deployment.status = status;
                        deployment.is_upgrading = false;
                        running.failure = deployment.follow().err();
                    }
                }
                Effect::NoDeployment { slot } => {
                    service.deployments.remove(&slot);
                }
            }
        }
    }

    /// Somebody else suspends or deletes a deployment; it is under way.
    pub(in crate::azure_simulator) fn interfere(&mut self, service: &str, deletes: bool) {
        let slot = "production".to_owned();
        let (during, effect) = match deletes {
            true => ("Deleting", Effect::NoDeployment { slot }),
            false => ("Suspending", Effect::Status { slot, status: "Suspended" }),
        };
        let found = self.services.get_mut(service).and_then(|one| one.deployments.get_mut("production"));
        if let Some(deployment) = found {
            deployment.status = during;
        }
        let id = format!("{:032x}", u128::MAX - u128::from(self.requests));
        self.begin(service, &id, effect);
        // Longer than whoever comes next needs to meet it.
        if let Some(running) = self.operations.get_mut(&id) {
            running.until += 6;
        }
    }

    fn begin(&mut self, service: &str, id: &str, effect: Effect) -> SimulatedAnswer {
        let until = self.requests + REQUESTS;
        let running = Running { service: service.to_owned(), until, effect: Some(effect), failure: None };
        self.operations.insert(id.to_owned(), running);
        empty(202)
    }

    /// The operation that holds the deployment.
    fn holder(&self, service: &str) -> Option<SimulatedAnswer> {
        let (id, _) = self.operations.iter().find(|(_, running)| {
            let on_deployment =
                matches!(running.effect, Some(Effect::Status { .. } | Effect::NoDeployment { .. }));
            running.service == service && on_deployment
        })?;
        let message = format!(
            "Windows Azure is currently performing an operation with x-ms-requestid {id} on this deployment that requires \
             exclusive access."
        );
        Some(error(409, "ConflictError", &message))
    }

    pub(super) fn operation(&self, id: &str) -> SimulatedAnswer {
        let Some(running) = self.operations.get(id) else {
            return error(404, "ResourceNotFound", "The operation request ID was not found.");
        };
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| id.get(range).unwrap_or_default());
        let mut text = element("ID", &parts.join("-"));
        text += &match (&running.failure, &running.effect) {
            (Some(message), _) => {
                let inside = element("Code", "BadRequest") + &element("Message", message);
                element("Status", "Failed") + &element("HttpStatusCode", "400") + &around("Error", &inside)
            }
            (None, Some(_)) => element("Status", "InProgress"),
            (None, None) => element("Status", "Succeeded") + &element("HttpStatusCode", "200"),
        };
        document("Operation", &text)
    }

    pub(super) fn certificates(
        &mut self,
        method: &str,
        subscription: &str,
        name: &str,
        rest: &[&str],
        body: &Body,
        id: &str,
    ) -> SimulatedAnswer {
        let Some(service) = self.services.get(name) else { return unknown() };
        let thumbprint =
            rest.first().and_then(|one| one.split_once('-')).map(|(_, one)| one.to_ascii_uppercase());
        match (method, thumbprint) {
            ("GET", None) => service.certificates(subscription),
            ("POST", None) => match Service::certificate_of(body) {
                Ok((thumbprint, data)) => self.begin(name, id, Effect::Certificate { thumbprint, data }),
                Err(message) => error(400, "BadRequest", &message),
            },
            ("GET", Some(thumbprint)) => match service.certificates.get(&thumbprint) {
                Some(data) => document("Certificate", &element("Data", data)),
                None => error(404, "ResourceNotFound", "The certificate was not found."),
            },
            ("DELETE", Some(thumbprint)) if service.certificates.contains_key(&thumbprint) => {
                self.begin(name, id, Effect::NoCertificate { thumbprint })
            }
            _ => error(404, "ResourceNotFound", "The certificate was not found."),
        }
    }

    pub(super) fn deployments(
        &mut self,
        method: &str,
        name: &str,
        rest: &[&str],
        query: &str,
        body: &Body,
        id: &str,
    ) -> SimulatedAnswer {
        let Some(service) = self.services.get_mut(name) else { return unknown() };
        let slot = match rest {
            ["deploymentslots", slot, ..] => slot.to_ascii_lowercase(),
            ["deployments", name, ..] => service
                .deployments
                .iter()
                .find(|(_, one)| one.name.eq_ignore_ascii_case(name))
                .map_or_else(String::new, |(slot, _)| slot.clone()),
            _ => return unknown(),
        };
        match (method, query) {
            ("GET", _) => match service.deployments.get_mut(&slot) {
                Some(deployment) => {
                    let text = deployment.look(name);
                    let mut answer = document("Deployment", "");
                    answer.body = text;
                    answer
                }
                None => error(404, "ResourceNotFound", "No deployments were found."),
            },
            ("POST", "") => self.create_deployment(name, &slot, body, id),
            _ => {
                if let Some(held) = self.holder(name) {
                    return held;
                }
                if !self.services.get(name).is_some_and(|service| service.deployments.contains_key(&slot)) {
                    return error(404, "ResourceNotFound", "No deployments were found.");
                }
                match (method, query) {
                    ("DELETE", _) => self.begin(name, id, Effect::NoDeployment { slot }),
                    ("POST", query) => self.change(name, slot, query, body, id),
                    _ => unknown(),
                }
            }
        }
    }

    fn create_deployment(&mut self, name: &str, slot: &str, body: &Body, id: &str) -> SimulatedAnswer {
        if self.services.get(name).is_some_and(|service| service.deployments.contains_key(slot)) {
            let message = "The specified deployment slot Production is occupied.";
            return error(409, "ConflictError", message);
        }
        let text = |name: &str| body.text(name).unwrap_or_default().to_owned();
        if let Some(refused) = self.bad_configuration(name, &text("Configuration")) {
            return refused;
        }
        let Some(service) = self.services.get_mut(name) else { return unknown() };
        let deployment = Deployment {
            name: text("Name"),
            slot: if slot == "staging" { "Staging" } else { "Production" }.to_owned(),
            label: text("Label"),
            configuration: text("Configuration"),
            package: text("PackageUrl"),
            status: "Deploying",
            properties: body.properties.clone(),
            ..Deployment::default()
        };
        service.deployments.insert(slot.to_owned(), deployment);
        let status = if body.text("StartDeployment") == Some("true") { "Running" } else { "Suspended" };
        self.begin(name, id, Effect::Status { slot: slot.to_owned(), status })
    }

    fn change(&mut self, name: &str, slot: String, query: &str, body: &Body, id: &str) -> SimulatedAnswer {
        if let Some(refused) = body.text("Configuration").and_then(|text| self.bad_configuration(name, text))
        {
            return refused;
        }
        let found = self.services.get_mut(name).and_then(|service| service.deployments.get_mut(&slot));
        let Some(deployment) = found else { return unknown() };
        let mut status = deployment.status;
        match (query, body.root.as_str()) {
            ("comp=status", "UpdateDeploymentStatus") => {
                status = if body.text("Status") == Some("Running") { "Running" } else { "Suspended" };
                for (_, _, looks) in &mut deployment.instances {
                    *looks = 0;
                }
            }
            ("comp=config", "ChangeConfiguration") | ("comp=upgrade", "UpgradeDeployment") => {
                if deployment.status == "Running" {
                    (deployment.status, deployment.is_upgrading) = ("RunningTransitioning", true);
                }
                let configuration = body.text("Configuration").unwrap_or_default();
                configuration.clone_into(&mut deployment.configuration);
                deployment.properties.clone_from(&body.properties);
                for (given, kept) in
                    [("PackageUrl", &mut deployment.package), ("Label", &mut deployment.label)]
                {
                    if let Some(text) = body.text(given) {
                        text.clone_into(kept);
                    }
                }
            }
            ("comp=delete", "RoleInstances") => {
                deployment.instances.retain(|(_, name, _)| !body.texts("Name").contains(name));
                self.recount(name, &slot);
            }
            _ => return error(400, "MissingOrInvalidRequiredQueryParameter", "comp"),
        }
        self.begin(name, id, Effect::Status { slot, status })
    }

    /// Writes the number of the instances that are left into the configuration.
    fn recount(&mut self, name: &str, slot: &str) {
        let found = self.services.get_mut(name).and_then(|service| service.deployments.get_mut(slot));
        let Some(deployment) = found else { return };
        let bytes = STANDARD.decode(&deployment.configuration).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let Ok(mut read) = cmgateway::azure::asm::ServiceConfiguration::parse(&text) else { return };
        for role in &mut read.roles {
            let left = deployment.instances.iter().filter(|(other, _, _)| *other == role.name).count();
            role.instances = left as u32;
        }
        deployment.configuration = STANDARD.encode(read.to_xml());
    }

    /// A configuration that names a certificate which the service does not have.
    fn bad_configuration(&self, name: &str, configuration: &str) -> Option<SimulatedAnswer> {
        let service = self.services.get(name)?;
        let missing = Deployment::thumbprints(configuration)
            .into_iter()
            .find(|thumbprint| !service.certificates.contains_key(thumbprint))?;
        let message = format!("The certificate with thumbprint {missing} was not found.");
        Some(error(400, "BadRequest", &message))
    }
}
