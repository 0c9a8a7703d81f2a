//! What has changed since the last look: told once, and told again when it is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Condition, Level, Recipient};
use crate::error::{Error, ErrorKind, Result};

/// A message about a condition: that it holds, that it has become worse or better, or that it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notice {
    /// The condition.
    pub id: String,
    /// How bad it is now; `normal` where it is over.
    pub level: Level,
    /// The whole of it for a person.
    pub text: String,
    /// True where the condition is over.
    pub is_recovery: bool,
    /// When it was noticed.
    #[serde(serialize_with = "super::moment::serialize")]
    pub at: OffsetDateTime,
}

/// What was told so far, so that each change is told once.
///
/// It serialises to JSON and back, so that a script may keep it between its runs.
///
/// ```
/// use cmgateway::gateway::monitor::{Condition, Level, Notices};
/// use time::macros::datetime;
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let (mut told, full) = (Notices::default(), [Condition::new("disk", Level::Warning, "it is nearly full")]);
/// assert_eq!(told.changes(&full, now).len(), 1);
/// assert_eq!(told.changes(&full, now).len(), 0);
/// assert!(told.changes(&[], now)[0].is_recovery);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    holding: BTreeMap<String, Level>,
}

impl Notices {
    /// Reads what was kept as JSON.
    ///
    /// # Errors
    /// `config` where it is none.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Config, "read notices", error.to_string()))
    }

    /// All of it as JSON text.
    pub fn to_json(&self) -> String {
        // Names and words always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What has changed: conditions that are new or of another level, then those that are over.
    pub fn changes(&mut self, holding: &[Condition], at: OffsetDateTime) -> Vec<Notice> {
        let mut notices = Vec::new();
        // Two of one name are one condition, as bad as the worse of them.
        let mut worst: BTreeMap<&str, &Condition> = BTreeMap::new();
        for condition in holding {
            let known = worst.entry(&condition.id).or_insert(condition);
            if known.level < condition.level {
                *known = condition;
            }
        }
        for condition in worst.values() {
            if self.holding.insert(condition.id.clone(), condition.level) != Some(condition.level) {
                let (id, text) = (condition.id.clone(), condition.text.clone());
                notices.push(Notice { id, level: condition.level, text, is_recovery: false, at });
            }
        }
        let is_over = |id: &String| holding.iter().all(|condition| condition.id != *id);
        let over: Vec<String> = self.holding.keys().filter(|id| is_over(id)).cloned().collect();
        for id in over {
            self.holding.remove(&id);
            let text = format!("{id}: it is over");
            notices.push(Notice { id, level: Level::Normal, text, is_recovery: true, at });
        }
        notices
    }

    /// What was told and is not among these: held on where nobody could look whether it is over.
    pub(in crate::gateway) fn not_among(&self, seen: &[Condition]) -> Vec<Condition> {
        let told = self.holding.iter().filter(|(id, _)| seen.iter().all(|condition| condition.id != **id));
        told.map(|(id, level)| Condition::new(id, *level, "it could not be looked at")).collect()
    }

    /// Tells a recipient what has changed, and keeps that as told once it was taken; what was told.
    ///
    /// Each recipient has notices of its own, so that one that cannot be reached is told later and the others are not told
    /// twice. A call that is dropped may have told without keeping it.
    ///
    /// # Errors
    /// Those of [`Recipient::send`]; the next call then tells it again.
    pub async fn tell(
        &mut self,
        to: &Recipient,
        holding: &[Condition],
        at: OffsetDateTime,
    ) -> Result<Vec<Notice>> {
        let mut next = self.clone();
        let notices = next.changes(holding, at);
        to.send(&notices, at).await?;
        *self = next;
        Ok(notices)
    }

    /// The same with a function of the caller's, which is called where there is something to tell.
    ///
    /// # Errors
    /// What the function returns; the next call then tells it again.
    ///
    /// ```
    /// use cmgateway::gateway::monitor::{Condition, Level, Notices};
    /// use time::macros::datetime;
    /// let now = datetime!(2026-01-01 00:00 UTC);
    /// let (mut told, full) = (Notices::default(), [Condition::new("disk", Level::Warning, "it is nearly full")]);
    /// assert!(told.call(&full, now, |_| Err("the printer is on fire")).is_err());
    /// assert_eq!(told.call(&full, now, |_| Ok::<(), ()>(())).map(|all| all.len()), Ok(1));
    /// ```
    pub fn call<E>(
        &mut self,
        holding: &[Condition],
        at: OffsetDateTime,
        tell: impl FnOnce(&[Notice]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Vec<Notice>, E> {
        let mut next = self.clone();
        let notices = next.changes(holding, at);
        if !notices.is_empty() {
            tell(&notices)?;
        }
        *self = next;
        Ok(notices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_look_at_is_not_over() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let condition = |id: &str| Condition::new(id, Level::Critical, "bad");
        let mut told = Notices::default();
        told.changes(&[condition("alert"), condition("tunnel")], now);
        let seen = [condition("tunnel")];
        let holding = [&seen[..], &told.not_among(&seen)].concat();
        assert_eq!(told.changes(&holding, now), [], "held on");
        assert!(told.changes(&seen, now)[0].is_recovery, "looked at, it is over");
    }
}
