//! The sub-CA thumbprints of a gateway: read → plan → apply → read back.
//!
//! This is the job of `UpdateSubCAThumbprints.vbs`, with the checks it lacked.

mod list;
mod plan;
mod source;
mod sync;

use time::OffsetDateTime;

pub use self::list::ThumbprintList;
use self::plan::Current;
pub use self::plan::{ChangeKind, PlanStep, StepAction, SubCaPlan};
use self::source::Candidate;
pub use self::source::SubCaSource;
pub use self::sync::SubCaSyncPlan;
use super::Gateway;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CONFLICT_ATTEMPTS_MAX, CONFLICT_PAUSE};
use crate::site::PutMode;
use crate::wmi::{Instance, Value};

/// The property that holds the list. It is on no published class page; the old script writes it.
const PROPERTY: &str = "SubCACertThumbprint";

/// The list of a gateway's sub-CA thumbprints.
///
/// Each change has a plan; `set`, `add` and `remove` are a plan and its application in one call.
#[derive(Clone, Debug)]
pub struct SubCa {
    gateway: Gateway,
}

impl SubCa {
    pub(super) fn new(gateway: Gateway) -> Self {
        SubCa { gateway }
    }

    /// The gateway it belongs to.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Reads the list from the site.
    ///
    /// # Errors
    /// Those of [`Gateway::find`].
    pub async fn list(&self) -> Result<ThumbprintList> {
        let instance = self.gateway.instance().await?;
        Ok(ThumbprintList::read(stored(&instance)?.unwrap_or_default()))
    }

    /// Says what a change would do; nothing is changed.
    ///
    /// # Errors
    /// `certificate` for one that is no CA, has expired, or cannot be read; `config` where nothing is given to
    /// add or remove; those of [`Gateway::find`].
    pub async fn plan(&self, kind: ChangeKind, sources: &[SubCaSource]) -> Result<SubCaPlan> {
        self.plan_for(kind, &source::resolve(sources).await?).await
    }

    async fn plan_for(&self, kind: ChangeKind, candidates: &[Candidate]) -> Result<SubCaPlan> {
        let instance = self.gateway.instance().await?;
        let path = super::path_of(self.gateway.site(), &instance, self.gateway.service_name())?;
        let current =
            Current { service_name: self.gateway.service_name(), path: &path, stored: stored(&instance)? };
        plan::plan(&current, kind, candidates, OffsetDateTime::now_utc())
    }

    /// Does what a plan says, then reads the list back and compares.
    ///
    /// Only `SubCACertThumbprint` is written, and only where it still is what the plan was made for: on an embedded
    /// site within one transaction, through an AdminService by its ETag where it gives one. A plan without a change
    /// writes nothing, so it is safe to apply twice. Not tried against a live SMS Provider: how soon a gateway follows is not documented.
    ///
    /// # Errors
    /// `conflict` where the list or the gateway is no longer what the plan was made for (make a new plan);
    /// `protocol` where the site reads back another list; those of the transport.
    pub async fn apply(&self, plan: &SubCaPlan) -> Result<ThumbprintList> {
        let operation = format!("update sub-CA thumbprints of {}", plan.service_name);
        let mut instance = self.gateway.instance().await?;
        let path = instance.path().map(ToString::to_string).unwrap_or_default();
        if plan.service_name != self.gateway.service_name() || plan.path != path {
            let cause = format!("the plan is for {} of {}", plan.path, plan.service_name);
            return Err(Error::new(ErrorKind::Conflict, operation, cause));
        }
        if stored(&instance)? != plan.before.as_deref() {
            // Applied before, or by somebody else with the same wish: nothing is left to do.
            if ThumbprintList::read(stored(&instance)?.unwrap_or_default())
                == ThumbprintList::read(&plan.after)
            {
                return Ok(ThumbprintList::read(&plan.after));
            }
            let cause = "the list was changed since the plan was made; make a new plan";
            return Err(Error::new(ErrorKind::Conflict, operation, cause));
        }
        if plan.is_change() {
            instance.set(PROPERTY, plan.after.as_str())?;
            self.gateway.site().put(&mut instance, PutMode::UpdateUnchanged).await?;
            instance = self.gateway.instance().await?;
        }
        match stored(&instance)?.unwrap_or_default() {
            // A provider may write the list in its own way: in lower case, with a `;` at its end.
            text if ThumbprintList::read(text) == ThumbprintList::read(&plan.after) => {
                Ok(ThumbprintList::read(text))
            }
            text => {
                let cause = format!("the site reads back {text:?} in place of {:?}", plan.after);
                Err(Error::new(ErrorKind::Protocol, operation, cause))
            }
        }
    }

    /// Makes the list exactly these.
    ///
    /// # Errors
    /// Those of [`SubCa::plan`] and [`SubCa::apply`].
    pub async fn set(&self, sources: &[SubCaSource]) -> Result<SubCaPlan> {
        self.change(ChangeKind::Set, sources).await
    }

    /// Adds these to the list.
    ///
    /// # Errors
    /// Those of [`SubCa::plan`] and [`SubCa::apply`].
    pub async fn add(&self, sources: &[SubCaSource]) -> Result<SubCaPlan> {
        self.change(ChangeKind::Add, sources).await
    }

    /// Removes these from the list.
    ///
    /// # Errors
    /// Those of [`SubCa::plan`] and [`SubCa::apply`].
    pub async fn remove(&self, sources: &[SubCaSource]) -> Result<SubCaPlan> {
        self.change(ChangeKind::Remove, sources).await
    }

    async fn change(&self, kind: ChangeKind, sources: &[SubCaSource]) -> Result<SubCaPlan> {
        let candidates = source::resolve(sources).await?;
        let mut attempt = 1;
        loop {
            let plan = self.plan_for(kind, &candidates).await?;
            match self.apply(&plan).await {
                Ok(_) => return Ok(plan),
                // Somebody else changed the list in between: what we want is planned anew on theirs.
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < CONFLICT_ATTEMPTS_MAX => {
                    tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn stored(instance: &Instance) -> Result<Option<&str>> {
    match instance.get(PROPERTY) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => {
            let cause = format!("{PROPERTY} holds {}, not text", other.described());
            Err(Error::new(ErrorKind::Protocol, "read sub-CA thumbprints", cause))
        }
    }
}
