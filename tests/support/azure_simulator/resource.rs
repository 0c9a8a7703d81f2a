//! Resources of a group: what is put is completed, takes its time, and refers to others that must be there.

use serde_json::{Value, json};

use super::SimulatedAnswer;
use super::resource_manager::{Resource, World};

impl World {
    pub(super) fn resource(&mut self, method: &str, path: &str, body: &str) -> SimulatedAnswer {
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
pub(super) fn complete(body: &mut Value, path: &str, state: &str) {
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
