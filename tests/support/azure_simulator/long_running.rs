//! Operations that take time: by `Azure-AsyncOperation`, by `Location`, or by the resource itself.

use serde_json::{Value, json};

use super::SimulatedAnswer;
use super::resource::complete;
use super::resource_manager::{Running, World};

impl World {
    pub(super) fn begin(
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
        let usual = self.usual;
        let place = |kind: &str| {
            format!(
                "{usual}/subscriptions/{subscription}/providers/x/locations/y/{kind}/{id}?api-version=2021-04-01&t=1&c=A%2Fb&s=~x"
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

    pub(super) fn poll(&mut self, path: &str) -> SimulatedAnswer {
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
                let again = format!("{}{path}?api-version=2021-04-01&t=1&c=A%2Fb&s=~x", self.usual);
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
