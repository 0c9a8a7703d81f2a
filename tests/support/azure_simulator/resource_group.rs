//! Resource groups: what is in one that goes is gone.

use serde_json::Value;

use super::SimulatedAnswer;
use super::resource::complete;
use super::resource_manager::{Resource, World};

impl World {
    pub(super) fn group_refusal(&mut self, group: &str) -> Option<SimulatedAnswer> {
        if self.going.contains_key(group) {
            let message = "The resource group is in deprovisioning state and cannot perform this operation.";
            return Some(SimulatedAnswer::error(409, "ResourceGroupBeingDeleted", message));
        }
        let missing =
            || SimulatedAnswer::error(404, "ResourceGroupNotFound", "Resource group could not be found.");
        (!self.resources.contains_key(group)).then(missing)
    }

    pub(super) fn group(&mut self, method: &str, path: &str, body: &str) -> SimulatedAnswer {
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

    pub(super) fn remove_group(&mut self, group: &str) {
        let inside = format!("{group}/");
        let vaults =
            self.resources.keys().filter(|path| path.starts_with(&inside) && path.contains("/vaults/"));
        self.deleted_vaults.extend(vaults.filter_map(|path| path.rsplit('/').next().map(str::to_owned)));
        self.resources.retain(|path, _| path != group && !path.starts_with(&inside));
        self.going.remove(group);
    }
}
