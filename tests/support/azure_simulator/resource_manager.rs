//! Groups, resources and operations of the Resource Manager, as recorded.

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
    looks: u32,
}

/// An operation: how many polls are left, and what it is about.
#[derive(Clone, Debug)]
struct Running {
    polls: u32,
    path: String,
    deletes: bool,
}

/// A subscription. Paths are kept in lower case: ids compare without it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) base: String,
    pub(super) requests: usize,
    pub(super) faults: FaultSchedule,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) vault: Vault,
    pub(super) classic: Classic,
    providers: BTreeMap<String, u32>,
    operations: BTreeMap<String, Running>,
    deleted_vaults: Vec<String>,
    /// Groups that are being deleted, and the looks that are left.
    going: BTreeMap<String, u32>,
    stopped: bool,
    next: u32,
}

impl World {
    pub(super) fn new(faults: FaultSchedule) -> Self {
        World {
            base: String::new(),
            requests: 0,
            faults,
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

    fn group_refusal(&mut self, group: &str) -> Option<SimulatedAnswer> {
        if self.going.contains_key(group) {
            let message = "The resource group is in deprovisioning state and cannot perform this operation.";
            return Some(SimulatedAnswer::error(409, "ResourceGroupBeingDeleted", message));
        }
        let missing =
            || SimulatedAnswer::error(404, "ResourceGroupNotFound", "Resource group could not be found.");
        (!self.resources.contains_key(group)).then(missing)
    }

    fn group(&mut self, method: &str, path: &str, body: &str) -> SimulatedAnswer {
        let looks = self.going.get_mut(path).map(|looks| {
            *looks = looks.saturating_sub(1);
            *looks
        });
        if looks == Some(0) {
            self.remove_group(path);
        }
        let is_going = self.going.contains_key(path);
        match (method, self.resources.get(path)) {
            ("PUT", _) if is_going => SimulatedAnswer::error(
                409,
                "ResourceGroupBeingDeleted",
                "The resource group is in deprovisioning state.",
            ),
            ("PUT", existing) => {
                let status = if existing.is_some() { 200 } else { 201 };
                let mut stored: Value = serde_json::from_str(body).unwrap_or_default();
                complete(&mut stored, path, "Succeeded");
                self.resources.insert(path.to_owned(), Resource { body: stored.clone(), looks: 0 });
                SimulatedAnswer::new(status, stored)
            }
            ("GET" | "HEAD", Some(resource)) => {
                let mut body = resource.body.clone();
                if is_going {
                    complete(&mut body, path, "Deleting");
                }
                SimulatedAnswer::new(200, body)
            }
            ("DELETE", Some(_)) => self.begin(path, true, 202, None, true),
            _ => SimulatedAnswer::error(404, "ResourceGroupNotFound", "Resource group could not be found."),
        }
    }

    fn remove_group(&mut self, group: &str) {
        let inside = format!("{group}/");
        let vaults =
            self.resources.keys().filter(|path| path.starts_with(&inside) && path.contains("/vaults/"));
        self.deleted_vaults.extend(vaults.filter_map(|path| path.rsplit('/').next().map(str::to_owned)));
        self.resources.retain(|path, _| path != group && !path.starts_with(&inside));
        self.going.remove(group);
    }

    fn resource(&mut self, method: &str, path: &str, body: &str) -> SimulatedAnswer {
        let last = path.rsplit('/').next().unwrap_or_default();
        if method == "GET" && last == "virtualmachines" {
            return self.instances(path.trim_end_matches("/virtualmachines"));
        }
        if method == "POST" {
            self.stopped = match last {
                "deallocate" => true,
                "start" => false,
                _ => self.stopped,
            };
            return self.begin(path, false, 202, None, false).with("Retry-After", "10");
        }
        match (method, self.resources.get_mut(path)) {
            ("PUT", _) => self.put(path, body),
            ("PATCH", Some(resource)) => {
                let mut merged = resource.body.clone();
                merge(&mut merged, serde_json::from_str(body).unwrap_or_default());
                self.put(path, &merged.to_string())
            }
            ("GET", Some(resource)) => {
                if resource.looks > 0 {
                    resource.looks -= 1;
                    if resource.looks == 0 {
                        complete(&mut resource.body, path, "Succeeded");
                    }
                }
                SimulatedAnswer::new(200, resource.body.clone())
            }
            ("DELETE", Some(_)) => match self.user_of(path) {
                Some(user) => {
                    let message = format!("{path} is in use by {user}.");
                    SimulatedAnswer::error(400, "InUseResourceCannotBeDeleted", &message)
                }
                None => self.begin(path, true, 202, None, false).with("Retry-After", "10"),
            },
            ("DELETE", None) => SimulatedAnswer::empty(204),
            _ => {
                let code = if path.contains("/microsoft.compute/") { "NotFound" } else { "ResourceNotFound" };
                SimulatedAnswer::error(404, code, &format!("The Resource '{path}' was not found."))
            }
        }
    }

    fn instances(&self, set: &str) -> SimulatedAnswer {
        let Some(resource) = self.resources.get(set) else {
            return SimulatedAnswer::error(
                404,
                "NotFound",
                "The entity was not found in this Azure location.",
            );
        };
        let count = resource.body.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or(0);
        let state = if self.stopped { "PowerState/deallocated" } else { "PowerState/running" };
        let instance = |id: u64| {
            json!({ "instanceId": id.to_string(), "properties": { "latestModelApplied": true, "instanceView": {
                "statuses": [{ "code": "ProvisioningState/succeeded" }, { "code": state }] } } })
        };
        SimulatedAnswer::new(200, json!({ "value": (0..count).map(instance).collect::<Vec<_>>() }))
    }

    fn put(&mut self, path: &str, body: &str) -> SimulatedAnswer {
        let Ok(mut stored) = serde_json::from_str::<Value>(body) else {
            return SimulatedAnswer::error(400, "InvalidRequestContent", "The request content was invalid.");
        };
        if let Some(refused) = self.reference_refusal(path, &stored) {
            return refused;
        }
        let is_new = !self.resources.contains_key(path);
        let kind = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
        let recovers = stored.pointer("/properties/createMode").and_then(Value::as_str) == Some("recover");
        if kind == "vaults" && is_new {
            let name = path.rsplit('/').next().unwrap_or_default();
            if self.deleted_vaults.iter().any(|other| other == name) && !recovers {
                return SimulatedAnswer::error(
                    409,
                    "ConflictError",
                    "A vault with the same name already exists in deleted state.",
                );
            }
            self.deleted_vaults.retain(|other| other != name);
            self.vault.clear();
        }
        if kind == "userassignedidentities" {
            let principal = json!({ "principalId": "33333333-0000-0000-0000-000000000001", "clientId": "44444444-0000-0000-0000-000000000001" });
            stored.as_object_mut().map(|stored| stored.insert("properties".into(), principal));
        }
        let (state, looks) = match kind.as_str() {
            "userassignedidentities" => ("", 0),
            "vaults" => ("RegisteringDns", 2),
            "loadbalancers" => ("Succeeded", 0),
            "virtualmachinescalesets" if is_new => ("Creating", 2),
            _ => ("Updating", 2),
        };
        complete(&mut stored, path, state);
        forget_write_only(&mut stored);
        self.resources.insert(path.to_owned(), Resource { body: stored.clone(), looks });
        let status = if is_new { 201 } else { 200 };
        match kind.as_str() {
            "userassignedidentities" => SimulatedAnswer::new(status, stored),
            "vaults" => SimulatedAnswer::new(200, stored),
            "storageaccounts" => self.begin(path, false, 202, None, true),
            "loadbalancers" => self.begin(path, false, status, Some(stored), false),
            _ => self.begin(path, false, status, Some(stored), false).with("Retry-After", "3"),
        }
    }

    /// What a resource refers to must be there, and ready.
    fn reference_refusal(&self, path: &str, body: &Value) -> Option<SimulatedAnswer> {
        let mut ids = Vec::new();
        collect_ids(body, &mut ids);
        for id in ids.iter().map(|id| id.to_ascii_lowercase()).filter(|id| !id.starts_with(path)) {
            // The children of a resource are in its own body.
            let owner =
                self.resources.keys().filter(|other| id == **other || id.starts_with(&format!("{other}/")));
            let Some(owner) =
                owner.max_by_key(|other| other.len()).filter(|owner| owner.contains("/providers/"))
            else {
                let message = format!("Resource {id} referenced by resource {path} was not found.");
                return Some(SimulatedAnswer::error(400, "InvalidResourceReference", &message));
            };
            if self.resources.get(owner).is_some_and(|owner| owner.looks > 1)
                && path.contains("/loadbalancers/")
            {
                let body = json!({ "error": { "code": "RetryableError", "message": "A retryable error occurred.", "details": [
                    { "code": "ReferencedResourceNotProvisioned", "message": format!("Resource {id} is not yet provisioned.") }] } });
                return Some(SimulatedAnswer::new(429, body));
            }
        }
        None
    }

    /// A resource that refers to this one.
    fn user_of(&self, path: &str) -> Option<String> {
        self.resources.iter().find_map(|(other, resource)| {
            let mut ids = Vec::new();
            collect_ids(&resource.body, &mut ids);
            let uses = ids.iter().any(|id| {
                let id = id.to_ascii_lowercase();
                id == path || id.starts_with(&format!("{path}/"))
            });
            let is_part = other == path || other.starts_with(&format!("{path}/"));
            (!is_part && uses).then(|| other.clone())
        })
    }

    fn begin(
        &mut self,
        path: &str,
        deletes: bool,
        status: u16,
        body: Option<Value>,
        by_location: bool,
    ) -> SimulatedAnswer {
        self.next += 1;
        let id = format!("op{}", self.next);
        self.operations.insert(id.clone(), Running { polls: 2, path: path.to_owned(), deletes });
        if deletes && path.rsplit('/').nth(1) == Some("resourcegroups") {
            self.going.insert(path.to_owned(), 1_000_000);
        }
        let subscription = path.split('/').nth(2).unwrap_or_default();
        // As the real service's: absolute, at its usual host, with a signed query.
        let place = |kind: &str| {
            format!(
                "https://management.azure.com/subscriptions/{subscription}/providers/x/locations/y/{kind}/{id}?api-version=2021-04-01&t=1&c=A%2Fb&s=~x"
            )
        };
        let answer =
            body.map_or_else(|| SimulatedAnswer::empty(status), |body| SimulatedAnswer::new(status, body));
        let is_both = status == 202 && !by_location;
        match by_location {
            true => answer.with("Location", &place("operationresults")).with("Retry-After", "15"),
            false if is_both => answer
                .with("Azure-AsyncOperation", &place("operations"))
                .with("Location", &place("operationresults")),
            false => answer.with("Azure-AsyncOperation", &place("operations")),
        }
    }

    fn poll(&mut self, path: &str) -> SimulatedAnswer {
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        let Some(running) = self.operations.get_mut(&id) else {
            return SimulatedAnswer::error(404, "NotFound", "no such operation");
        };
        running.polls = running.polls.saturating_sub(1);
        let (is_over, running) = (running.polls == 0, running.clone());
        if is_over {
            self.finish(&running);
        }
        let answer = match (path.contains("/operationresults/"), is_over) {
            (true, true) => return SimulatedAnswer::empty(200),
            (true, false) => {
                let again = format!(
                    "{}{path}?api-version=2021-04-01&t=1&c=A%2Fb&s=~x",
                    "https://management.azure.com"
                );
                return SimulatedAnswer::empty(202).with("Location", &again).with("Retry-After", "15");
            }
            (false, is_over) => json!({ "status": if is_over { "Succeeded" } else { "InProgress" } }),
        };
        SimulatedAnswer::new(200, with_times(answer, &running.path, &id)).with("Retry-After", "10")
    }

    fn finish(&mut self, running: &Running) {
        if !running.deletes {
            if let Some(resource) = self.resources.get_mut(&running.path) {
                resource.looks = 0;
                complete(&mut resource.body, &running.path, "Succeeded");
            }
            return;
        }
        if running.path.rsplit('/').nth(1) == Some("resourcegroups") {
            return self.remove_group(&running.path.clone());
        }
        if running.path.contains("/vaults/") {
            self.deleted_vaults.extend(running.path.rsplit('/').next().map(str::to_owned));
        }
        let inside = format!("{}/", running.path);
        self.resources.retain(|path, _| *path != running.path && !path.starts_with(&inside));
    }
}

/// What operations of Compute tell besides.
fn with_times(mut status: Value, path: &str, id: &str) -> Value {
    let is_over = status.get("status").and_then(Value::as_str) == Some("Succeeded");
    if let (true, Some(status)) = (path.contains("/microsoft.compute/"), status.as_object_mut()) {
        status.insert("startTime".into(), "2001-02-03T04:05:06Z".into());
        status.insert("name".into(), id.into());
        if is_over {
            status.insert("endTime".into(), "2001-02-03T04:05:06Z".into());
        }
    }
    status
}

/// Changes what a patch names.
fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

/// Adds what the service adds.
fn complete(body: &mut Value, path: &str, state: &str) {
    let Some(body) = body.as_object_mut() else { return };
    body.insert("id".into(), path.into());
    body.insert("name".into(), path.rsplit('/').next().unwrap_or_default().into());
    body.insert("type".into(), type_of(path).into());
    if !state.is_empty() {
        let properties = body.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("provisioningState".into(), state.into());
        }
    }
}

/// Such as `microsoft.network/virtualnetworks/subnets`.
fn type_of(path: &str) -> String {
    let Some((_, inside)) = path.split_once("/providers/") else {
        return "Microsoft.Resources/resourceGroups".to_owned();
    };
    let mut parts = inside.split('/');
    let namespace = parts.next().unwrap_or_default();
    parts.step_by(2).fold(namespace.to_owned(), |found, part| format!("{found}/{part}"))
}

/// What no service gives back.
fn forget_write_only(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("customData");
            map.remove("createMode");
            map.values_mut().for_each(forget_write_only);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_write_only),
        _ => {}
    }
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match (name.as_str(), value) {
                    ("id", Value::String(id)) => ids.push(id.clone()),
                    _ => collect_ids(value, ids),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}
