//! What a change of the site control file would do.

use std::fmt;

use serde::Serialize;

use super::embedded_property::PropertyValue;
use crate::wmi::{Instance, ObjectPath};

/// What happens to one thing of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SiteAction {
    /// It is as wanted and stays.
    Keep,
    /// It is not there and is added.
    Add,
    /// It is there and is changed.
    Change,
    /// It is there and is removed.
    Remove,
}

impl SiteAction {
    /// The word that prints and that JSON holds.
    pub fn as_str(self) -> &'static str {
        match self {
            SiteAction::Keep => "keep",
            SiteAction::Add => "add",
            SiteAction::Change => "change",
            SiteAction::Remove => "remove",
        }
    }
}

/// One line of a plan for a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SiteStep {
    /// What happens.
    pub action: SiteAction,
    /// To which item of the site control file, such as `SMS Management Point on CM1.contoso.com`.
    pub item: String,
    /// To which of its settings, by the name that scripts use; empty where it is the whole item.
    pub setting: String,
    /// The setting as it is, in words; None where it is not there.
    pub before: Option<String>,
    /// The setting as it would be, in words; None where it would not be there.
    pub after: Option<String>,
}

/// What a change of the site control file would do, to be read before it is applied.
///
/// Site switches, roles and connection points make plans of this one shape. It prints as a table and serialises to JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SitePlan {
    /// What the plan is for, such as `switches of site GF1`.
    pub title: String,
    /// What happens to each setting, also to those that stay.
    pub steps: Vec<SiteStep>,
    /// What the administrator should know.
    pub warnings: Vec<String>,
    #[serde(skip)]
    pub(in crate::gateway) edits: Vec<Edit>,
}

/// A change of one named property.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway) struct PropertyChange {
    pub(in crate::gateway) name: &'static str,
    /// None where the item does not have the property.
    pub(in crate::gateway) before: Option<PropertyValue>,
    pub(in crate::gateway) after: PropertyValue,
}

/// What applying a plan does to one item.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway) enum Edit {
    Change { item: ObjectPath, changes: Vec<PropertyChange> },
    Add { item: ObjectPath, instance: Box<Instance> },
    Remove { item: ObjectPath },
}

impl SitePlan {
    pub(in crate::gateway) fn new(title: String) -> Self {
        SitePlan { title, steps: Vec::new(), warnings: Vec::new(), edits: Vec::new() }
    }

    /// Notes what happens to a setting, in words.
    pub(in crate::gateway) fn note(
        &mut self,
        item: &str,
        setting: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        let action = match (&before, &after) {
            (before, after) if before == after => SiteAction::Keep,
            (None, _) => SiteAction::Add,
            (_, None) => SiteAction::Remove,
            _ => SiteAction::Change,
        };
        let (item, setting) = (item.to_owned(), setting.to_owned());
        self.steps.push(SiteStep { action, item, setting, before, after });
    }

    /// Adds the changes of an item's properties; those that change nothing are left out.
    pub(in crate::gateway) fn edit(&mut self, item: &ObjectPath, changes: Vec<PropertyChange>) {
        let changes: Vec<_> =
            changes.into_iter().filter(|change| change.before.as_ref() != Some(&change.after)).collect();
        if !changes.is_empty() {
            self.edits.push(Edit::Change { item: item.clone(), changes });
        }
    }

    /// False where the site is as wanted already; applying such a plan writes nothing.
    pub fn is_change(&self) -> bool {
        !self.edits.is_empty()
    }

    /// How many steps do this.
    pub fn count(&self, action: SiteAction) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    pub fn to_json(&self) -> String {
        // Texts and lists of texts always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for SitePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Plan for {}", self.title)?;
        let has_several =
            self.steps.iter().any(|step| self.steps.first().is_some_and(|one| one.item != step.item));
        let mut item = "";
        for step in &self.steps {
            if has_several && step.item != item {
                item = &step.item;
                writeln!(f, "  {item}:")?;
            }
            write!(f, "  {:<6}  {:<30}", step.action.as_str(), step.setting)?;
            match (&step.before, &step.after) {
                (before, after) if before == after => writeln!(f, "  {}", before.as_deref().unwrap_or("-"))?,
                (before, after) => {
                    writeln!(
                        f,
                        "  {} → {}",
                        before.as_deref().unwrap_or("-"),
                        after.as_deref().unwrap_or("-")
                    )?;
                }
            }
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {warning}")?;
        }
        let count = |action| self.count(action);
        match self.is_change() {
            false => write!(f, "  nothing to do: {} kept", count(SiteAction::Keep)),
            true => write!(
                f,
                "  {} to add, {} to change, {} to remove, {} kept",
                count(SiteAction::Add),
                count(SiteAction::Change),
                count(SiteAction::Remove),
                count(SiteAction::Keep)
            ),
        }
    }
}
