//! What creating or changing a gateway would do; pure.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::comparison::{Observed, differences, resolved};
use super::resource::{How, Resource};
use crate::gateway::spec::CheckedSpec;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GatewayStepAction {
    /// It is as wanted and stays.
    Keep,
    /// It is not there and is created.
    Create,
    /// It is there and is changed.
    Change,
    /// It is there and is deleted.
    Delete,
}

impl GatewayStepAction {
    /// The word that prints and that JSON holds.
    pub fn as_str(self) -> &'static str {
        match self {
            GatewayStepAction::Keep => "keep",
            GatewayStepAction::Create => "create",
            GatewayStepAction::Change => "change",
            GatewayStepAction::Delete => "delete",
        }
    }
}

/// One line of a gateway's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GatewayStep {
    /// What happens.
    pub action: GatewayStepAction,
    /// To what kind of resource, such as `load balancer`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What changes: place, old and new value.
    pub changes: Vec<String>,
}

/// What creating or changing a gateway would do, to be read before it is applied.
///
/// It prints as a table and serialises to JSON, without secrets.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GatewayPlan {
    /// The gateway's service name.
    pub service_name: String,
    /// Where its instances will run.
    pub cloud: String,
    /// The resources, in the order in which they are made.
    pub steps: Vec<GatewayStep>,
    /// What the administrator should know.
    pub warnings: Vec<String>,
    #[serde(skip)]
    pub(super) resources: Vec<Resource>,
    #[serde(skip)]
    pub(super) spec: Arc<CheckedSpec>,
}

impl GatewayPlan {
    /// False where everything is as wanted already.
    pub fn is_change(&self) -> bool {
        self.steps.iter().any(|step| step.action != GatewayStepAction::Keep)
    }

    /// How many steps do this.
    pub fn count(&self, action: GatewayStepAction) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    pub fn to_json(&self) -> String {
        // Texts and lists of texts always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for GatewayPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Gateway {} on {}", self.service_name, self.cloud)?;
        for step in &self.steps {
            writeln!(f, "  {:<6}  {:<20}  {}", step.action.as_str(), step.kind, step.name)?;
            for change in &step.changes {
                writeln!(f, "            {change}")?;
            }
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {warning}")?;
        }
        let count = |action| self.count(action);
        let (create, change) = (count(GatewayStepAction::Create), count(GatewayStepAction::Change));
        let (delete, keep) = (count(GatewayStepAction::Delete), count(GatewayStepAction::Keep));
        match self.is_change() {
            false => write!(f, "  nothing to do: {keep} kept"),
            true => write!(f, "  {create} to create, {change} to change, {delete} to delete, {keep} kept"),
        }
    }
}

/// Compares what is wanted with what is there.
pub(super) fn plan(
    spec: Arc<CheckedSpec>,
    cloud: &str,
    resources: Vec<Resource>,
    observed: &Observed,
    warnings: Vec<String>,
) -> GatewayPlan {
    let steps = resources.iter().map(|resource| step(resource, observed)).collect();
    GatewayPlan {
        service_name: spec.service_name.clone(),
        cloud: cloud.to_owned(),
        steps,
        warnings,
        resources,
        spec,
    }
}

fn step(resource: &Resource, observed: &Observed) -> GatewayStep {
    let seen = observed.get(&resource.key).and_then(Option::as_ref);
    let changes = seen.map(|seen| differences(&resolved(&resource.body, observed), seen));
    let (action, changes) = match changes {
        None => (GatewayStepAction::Create, Vec::new()),
        Some(changes) if changes.is_empty() => (GatewayStepAction::Keep, changes),
        Some(changes) => (GatewayStepAction::Change, changes),
    };
    // Instances come with their scale set.
    let action = match (resource.how, action) {
        (How::Instances | How::Provider, GatewayStepAction::Create) => GatewayStepAction::Change,
        (How::Removal, GatewayStepAction::Create) => GatewayStepAction::Keep,
        (How::Removal, _) => GatewayStepAction::Delete,
        (_, action) => action,
    };
    GatewayStep { action, kind: resource.kind.to_owned(), name: resource.name.clone(), changes }
}

pub(super) fn azure_warnings(spec: &CheckedSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    let regional = spec.regional_name();
    if !spec.service_name.eq_ignore_ascii_case(&regional) {
        warnings.push(format!("the public DNS needs a CNAME from {} to {regional}", spec.service_name));
    }
    if spec.roots.is_empty() {
        warnings.push("no root is given: clients with a certificate of a PKI will not be let in".to_owned());
    }
    if spec.spec.instance_program_url.is_none() {
        warnings.push("no instance_program_url is given: the machines will run no gateway".to_owned());
    }
    warnings
}
