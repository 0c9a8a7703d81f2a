//! Does what a plan says, and writes down in the site where it is.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::cloud::ProgressFn;
use super::comparison::{Observed, differences, resolved};
use super::journal::StoredJournal;
use super::plan::GatewayPlan;
use super::resource::{How, Resource};
use super::row::{self, RowPlace};
use super::steps::{Begun, Steps};
use super::waiting::Waiting;
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::gateway::{Gateway, GatewayState};
use crate::site::Site;

/// What is told while a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of the step, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// What kind of resource.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `looking`, `making`, `waiting`, `kept` or `done`. `waiting` comes again with each news, and at least every second.
    pub phase: &'static str,
    /// What the cloud says meanwhile, such as the states of the instances; empty where it says nothing.
    pub detail: String,
}

impl Serialize for Progress {
    /// The fields, and `text`, which prints.
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let (step, steps, text) = (self.step, self.steps, self.to_string());
        json!({
            "step": step, "steps": steps, "kind": self.kind, "name": self.name, "phase": self.phase,
            "detail": self.detail, "text": text,
        })
        .serialize(to)
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}/{}] {} {}: {}", self.step, self.steps, self.kind, self.name, self.phase)?;
        match self.detail.as_str() {
            "" => Ok(()),
            detail => write!(f, " ({detail})"),
        }
    }
}

/// Whether the application of a plan goes on; what was done stays, and applying again goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// It goes on.
    On,
    /// It stops with an error of kind `stopped`.
    Stop,
}

/// Does what a plan says: makes each resource that is not yet as wanted, reads it back, and keeps the gateway in the site.
///
/// Where it is is written into the site after each step, so that a run that was killed is taken up by the next one, without
/// anything made twice: each step looks before it acts, and an operation that was under way is asked about. Nothing is
/// rolled back. Safe to call twice.
pub(super) async fn apply<S: Steps>(
    cloud: &S,
    place: &RowPlace,
    site: &Site,
    plan: &GatewayPlan,
    progress: &ProgressFn<'_>,
) -> Result<Gateway> {
    let spec = &plan.spec;
    let id = row::record(site, spec, place, GatewayState::Provisioning).await?;
    let mut stored = StoredJournal::open(site, id, &spec.service_name, cloud.now()).await?;
    let run = Run { cloud, plan, progress };
    if let Err(error) = run.all(&mut stored).await {
        stored.journal.error = Some(error.to_string());
        // The first error is the one to tell.
        let _ = stored.save().await;
        return Err(error);
    }
    row::record(site, spec, place, GatewayState::Ready).await?;
    stored.complete(cloud.now()).await?;
    Gateway::find(site, &spec.service_name).await
}

/// True where nobody knows whether a change was made: the answer was lost.
fn is_open(error: &Error) -> bool {
    let was_sent = matches!(error.kind(), ErrorKind::Protocol | ErrorKind::TimedOut);
    was_sent && error.retry() == Retry::Never
}

struct Run<'a, S> {
    cloud: &'a S,
    plan: &'a GatewayPlan,
    progress: &'a ProgressFn<'a>,
}

impl<S: Steps> Run<'_, S> {
    async fn all(&self, stored: &mut StoredJournal) -> Result<()> {
        stored.journal.error = None;
        let mut observed = Observed::new();
        for (at, resource) in self.plan.resources.iter().enumerate() {
            let steps = (at + 1, self.plan.resources.len());
            let waiting = Waiting::of_plan(self.progress, steps, (resource.kind, &resource.name));
            self.one(&waiting, resource, &mut observed, stored).await?;
        }
        Ok(())
    }

    async fn one(
        &self,
        waiting: &Waiting<'_>,
        resource: &Resource,
        observed: &mut Observed,
        stored: &mut StoredJournal,
    ) -> Result<()> {
        waiting.tell("looking")?;
        if let Some((key, operation)) = stored.journal.under_way.clone()
            && key == resource.key
        {
            waiting.tell("waiting")?;
            // How it ended is seen by looking: an operation that failed, or that nobody knows any more, is begun again. One that
            // is only waited for no more is asked again by the next run.
            match waiting.during(self.cloud.finish(operation, waiting)).await {
                Err(error) if error.kind() == ErrorKind::Stopped => return Err(error),
                _ => stored.journal.under_way = None,
            }
        }
        let (body, left) = waiting.during(self.look(resource, observed)).await?;
        if left.as_ref().is_some_and(Vec::is_empty) {
            self.note(resource, stored).await?;
            return waiting.tell("kept");
        }
        waiting.tell("making")?;
        let begun = match waiting.during(self.cloud.begin(resource, &body, &self.plan.spec, waiting)).await {
            Ok(begun) => begun,
            // Looking tells, unless it takes its time; where that fails too, the change's own error says more.
            Err(error) if is_open(&error) => match waiting.during(self.look(resource, observed)).await {
                Ok((_, Some(left))) if left.is_empty() => Begun::Done,
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        };
        if let Begun::Running(operation) = begun {
            stored.journal.under_way = Some((resource.key.clone(), operation.clone()));
            stored.save().await?;
            waiting.tell("waiting")?;
            waiting.during(self.cloud.finish(operation, waiting)).await?;
        }
        stored.journal.under_way = None;
        let (_, left) = waiting.during(self.look(resource, observed)).await?;
        match left {
            Some(left) if left.is_empty() => {}
            left => {
                let left = left.map_or_else(|| "it is not there".to_owned(), |left| left.join("; "));
                let cause = format!("it was made and is not as wanted: {left}; plan and apply again");
                let operation = format!("make {} {}", resource.kind, resource.name);
                return Err(Error::new(ErrorKind::Conflict, operation, cause));
            }
        }
        self.note(resource, stored).await?;
        waiting.tell("done")
    }

    /// What a resource shall be, and how it differs; None where it is not there.
    async fn look(
        &self,
        resource: &Resource,
        observed: &mut Observed,
    ) -> Result<(Value, Option<Vec<String>>)> {
        let seen = self.cloud.observe(resource, observed).await?;
        let body = resolved(&resource.body, observed);
        let left = match (resource.how, &seen) {
            (How::Removal, None) => Some(Vec::new()),
            (How::Removal, Some(_)) => Some(vec!["it is still there".to_owned()]),
            (_, seen) => seen.as_ref().map(|seen| differences(&body, seen)),
        };
        observed.insert(resource.key.clone(), seen);
        Ok((body, left))
    }

    async fn note(&self, resource: &Resource, stored: &mut StoredJournal) -> Result<()> {
        let key = resource.key.clone();
        if !stored.journal.done.contains(&key) {
            stored.journal.done.push(key);
        }
        stored.save().await
    }
}
