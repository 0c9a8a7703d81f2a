//! A subscription of the Resource Manager, as recorded: what it holds, and who answers which path.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::SimulatedAnswer;
use super::classic::Classic;
use super::fault::FaultSchedule;
use super::key_vault::Vault;
use crate::wire_server::WireRequest;

/// A resource, and how many looks it needs until it is ready.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) body: Value,
    pub(super) looks: u32,
}

/// An operation: how many polls are left, and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) polls: u32,
    pub(super) path: String,
    pub(super) deletes: bool,
}

/// A subscription. Paths are kept in lower case: ids compare without it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) base: String,
    /// The usual address of the cloud that this is, as poll addresses have it.
    pub(super) usual: &'static str,
    pub(super) requests: usize,
    pub(super) faults: FaultSchedule,
    /// Method and end of the target of the request whose answer gets lost.
    pub(super) lost: Option<(String, String)>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) vault: Vault,
    pub(super) classic: Classic,
    providers: BTreeMap<String, u32>,
    pub(super) operations: BTreeMap<String, Running>,
    pub(super) deleted_vaults: Vec<String>,
    /// Groups that are being deleted, and the looks that are left.
    pub(super) going: BTreeMap<String, u32>,
    pub(super) stopped: bool,
    pub(super) next: u32,
}

impl World {
    pub(super) fn new(faults: FaultSchedule) -> Self {
        World {
            base: String::new(),
            usual: "https://management.azure.com",
            requests: 0,
            faults,
            lost: None,
            resources: BTreeMap::new(),
            vault: Vault::default(),
            classic: Classic::default(),
            providers: BTreeMap::new(),
            operations: BTreeMap::new(),
            deleted_vaults: Vec::new(),
            going: BTreeMap::new(),
            stopped: false,
            next: 0,
        }
    }

    pub(super) fn register_all(&mut self) {
        for name in ["compute", "network", "keyvault", "storage", "managedidentity"] {
            self.providers.insert(format!("microsoft.{name}"), 0);
        }
    }

    pub(super) fn begin_deletion(&mut self, group_path: &str, looks: u32) {
        self.going.insert(group_path.to_ascii_lowercase(), looks);
    }

    pub(super) fn answer(&mut self, request: &WireRequest) -> SimulatedAnswer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path = path.to_ascii_lowercase();
        if !request.head.to_ascii_lowercase().contains("authorization: bearer ") {
            return SimulatedAnswer::error(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            );
        }
        if !query.contains("api-version=") {
            return SimulatedAnswer::error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            );
        }
        if path.contains("/operations/") || path.contains("/operationresults/") {
            return self.poll(&path);
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (request.method.as_str(), parts.as_slice()) {
            (method, ["subscriptions", _, "providers", namespace, rest @ ..]) => {
                self.provider(method, namespace, rest)
            }
            (method, ["subscriptions", _, "resourcegroups", _]) => self.group(method, &path, &request.body),
            (method, ["subscriptions", _, "resourcegroups", _, "providers", ..]) => {
                let group = parts.iter().take(4).fold(String::new(), |path, part| format!("{path}/{part}"));
                if let Some(refused) = self.group_refusal(&group) {
                    return refused;
                }
                self.resource(method, &path, &request.body)
            }
            _ => SimulatedAnswer::error(404, "NotFound", "no such path"),
        }
    }

    fn provider(&mut self, method: &str, namespace: &str, rest: &[&str]) -> SimulatedAnswer {
        let state = |looks: u32| if looks > 0 { "Registering" } else { "Registered" };
        match (method, rest) {
            ("POST", ["register"]) => {
                self.providers.entry(namespace.to_owned()).or_insert(2);
                SimulatedAnswer::new(
                    200,
                    json!({ "namespace": namespace, "registrationState": "Registering" }),
                )
            }
            ("GET", []) => {
                let looks = self.providers.get_mut(namespace).map(|looks| {
                    *looks = looks.saturating_sub(1);
                    *looks
                });
                let state = looks.map_or("NotRegistered", state);
                SimulatedAnswer::new(200, json!({ "namespace": namespace, "registrationState": state }))
            }
            ("GET", ["locations", _, "deletedvaults", name])
                if self.deleted_vaults.iter().any(|other| other == name) =>
            {
                SimulatedAnswer::new(200, json!({ "name": name }))
            }
            _ => SimulatedAnswer::error(
                404,
                "DeletedVaultNotFound",
                "The specified deleted vault does not exist.",
            ),
        }
    }
}
