//! What a cloud has to do for the steps of a plan; `apply` does the rest.

use serde_json::Value;
use time::OffsetDateTime;

use super::comparison::Observed;
use super::resource::Resource;
use super::waiting::Waiting;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::CheckedSpec;
use crate::secret::Secret;

/// What a change began.
pub(super) enum Begun {
    Done,
    /// What the journal keeps, to ask by.
    Running(Value),
}

/// A cloud, as far as single steps go.
pub(super) trait Steps: Sync {
    /// Looks at a resource; `known` are those before it.
    fn observe(
        &self,
        resource: &Resource,
        known: &Observed,
    ) -> impl Future<Output = Result<Option<Value>>> + Send;

    /// Begins to make a resource what it shall be; tells how far it is where that takes long.
    fn begin(
        &self,
        resource: &Resource,
        body: &Value,
        spec: &CheckedSpec,
        waiting: &Waiting<'_>,
    ) -> impl Future<Output = Result<Begun>> + Send;

    /// Waits until what was begun is over.
    fn finish(&self, under_way: Value, waiting: &Waiting<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Now, by the cloud's timer.
    fn now(&self) -> OffsetDateTime;

    /// Looks at every resource.
    fn observe_all(&self, resources: &[Resource]) -> impl Future<Output = Result<Observed>> + Send {
        async move {
            let mut observed = Observed::new();
            for resource in resources {
                let seen = self.observe(resource, &observed).await?;
                observed.insert(resource.key.clone(), seen);
            }
            Ok(observed)
        }
    }
}

/// For a PFX on its way to a cloud.
pub(super) fn random_password() -> Result<Secret> {
    let mut bytes = [0_u8; 24];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        Error::new(ErrorKind::Internal, "make a password", "the system gives no random numbers")
    })?;
    Ok(Secret::new(hex::encode(bytes)))
}
