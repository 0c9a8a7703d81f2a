//! Event queries: what is created, changed and deleted, found by looking again and again.
//!
//! The SMS Provider raises no events of its own, so WMI polls it every `WITHIN` seconds; so do we, on every transport.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::WATCHED_INSTANCES_MAX;
use crate::site::Site;
use crate::wmi::wql::{Condition, EventGroup, EventQuery, Operator, Parameters, PropertyPath, Select, holds};
use crate::wmi::{Identifier, Instance, ObjectPath, Value, WbemError};

/// `WBEM_E_NOT_EVENT_CLASS`
const NOT_EVENT_CLASS: u32 = 0x8004_1059;
/// `WBEM_E_UNPARSABLE_QUERY`
const UNPARSABLE_QUERY: u32 = 0x8004_1058;

const CREATION: &str = "__InstanceCreationEvent";
const MODIFICATION: &str = "__InstanceModificationEvent";
const DELETION: &str = "__InstanceDeletionEvent";
const OPERATION: &str = "__InstanceOperationEvent";

/// A running event query.
///
/// It holds every instance of the class as it was at the last look: watch classes of moderate size. Two changes
/// between two looks are one event, and what comes and goes between them is none.
pub struct Watch {
    site: Site,
    query: EventQuery,
    class: Identifier,
    every: Duration,
    next_look: Instant,
    known: HashMap<ObjectPath, Instance>,
    pending: VecDeque<Instance>,
    collecting: Option<(Instant, Vec<Collected>)>,
}

/// Events that `GROUP` makes one.
struct Collected {
    by: Vec<Option<Value>>,
    representative: Instance,
    count: u32,
}

impl Site {
    /// Runs an event query: looks at the class every `WITHIN` seconds and gives what happened.
    ///
    /// The query is of `__InstanceCreationEvent`, `__InstanceModificationEvent`, `__InstanceDeletionEvent` or, for all
    /// three, `__InstanceOperationEvent`, and its condition says `TargetInstance ISA "Class"`. Each event has
    /// `TargetInstance`; a modification has `PreviousInstance` too. The first look is made at once, for what is there.
    ///
    /// # Errors
    /// `config` for a text that is no such query, with line and column where it is not one at all; those of
    /// [`Site::query`].
    pub async fn watch(&self, wql: &str, parameters: &Parameters) -> Result<Watch> {
        let query = EventQuery::parse_with(wql, parameters)?;
        let refuse = |code, cause: &str| {
            Err(Error::new(ErrorKind::Config, format!("watch {}", query.class), cause)
                .with_source(WbemError::from_code(code)))
        };
        if ![CREATION, MODIFICATION, DELETION, OPERATION].iter().any(|known| query.class.is(known)) {
            return refuse(
                NOT_EVENT_CLASS,
                "events of instances only are watched: __InstanceOperationEvent and its heirs",
            );
        }
        let Some(seconds) = query.within else {
            return refuse(UNPARSABLE_QUERY, "the query does not say how often to look: WITHIN is missing");
        };
        let Some(class) = query.filter.as_ref().and_then(target_class) else {
            return refuse(UNPARSABLE_QUERY, "the condition does not say TargetInstance ISA \"Class\"");
        };
        let every = Duration::try_from_secs_f64(seconds.max(0.05)).unwrap_or(Duration::MAX);
        let mut watch = Watch {
            site: self.clone(),
            query,
            class,
            every,
            next_look: Instant::now() + every,
            known: HashMap::new(),
            pending: VecDeque::new(),
            collecting: None,
        };
        watch.known = watch.look().await?;
        Ok(watch)
    }
}

impl Watch {
    /// The next event; None where none comes within the time.
    ///
    /// # Errors
    /// Those of the query behind each look; a later call looks again.
    pub async fn next(&mut self, timeout: Option<Duration>) -> Result<Option<Instance>> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            let end_of_group = self.collecting.as_ref().map(|(end, _)| *end);
            let wake = end_of_group.map_or(self.next_look, |end| end.min(self.next_look));
            if let Some(deadline) = deadline.filter(|deadline| *deadline < wake) {
                sleep_until(deadline).await;
                return Ok(None);
            }
            sleep_until(wake).await;
            if end_of_group.is_some_and(|end| end <= Instant::now()) {
                self.end_group()?;
            }
            if self.next_look <= Instant::now() {
                self.next_look = Instant::now() + self.every;
                let now = self.look().await?;
                self.compare(now)?;
            }
        }
    }

    async fn look(&self) -> Result<HashMap<ObjectPath, Instance>> {
        let mut rows = self.site.run(&Select::of(self.class.clone())).await?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next().await? {
            if found.len() >= WATCHED_INSTANCES_MAX {
                let cause = format!("the class has more than {WATCHED_INSTANCES_MAX} instances");
                return Err(Error::new(ErrorKind::Unsupported, format!("watch class {}", self.class), cause));
            }
            if let Some(path) = row.path().cloned() {
                found.insert(path, row);
            }
        }
        Ok(found)
    }

    fn compare(&mut self, now: HashMap<ObjectPath, Instance>) -> Result<()> {
        let before = std::mem::take(&mut self.known);
        let mut events = Vec::new();
        for (path, instance) in &now {
            match before.get(path) {
                None => events.push((CREATION, instance, None)),
                Some(old) if old.properties() != instance.properties() => {
                    events.push((MODIFICATION, instance, Some(old)));
                }
                Some(_) => {}
            }
        }
        for (path, instance) in &before {
            if !now.contains_key(path) {
                events.push((DELETION, instance, None));
            }
        }
        for (class, target, previous) in events {
            self.add(class, target, previous)?;
        }
        self.known = now;
        Ok(())
    }

    /// Adds an event where the query wants it.
    fn add(&mut self, class: &str, target: &Instance, previous: Option<&Instance>) -> Result<()> {
        if !self.query.class.is(OPERATION) && !self.query.class.is(class) {
            return Ok(());
        }
        let mut event = Instance::new(class)?;
        event.set("TargetInstance", Value::Object(Box::new(target.clone())))?;
        if let Some(previous) = previous {
            event.set("PreviousInstance", Value::Object(Box::new(previous.clone())))?;
        }
        if let Some(filter) = &self.query.filter {
            // What was asked for came as the class, whether or not the transport tells of what it is derived.
            let is_a = |object: &Instance, wanted: &Identifier| {
                *wanted == self.class || object.is_a(wanted.as_str())
            };
            if holds(filter, &event, &is_a)? != Some(true) {
                return Ok(());
            }
        }
        match self.query.group.clone() {
            None => self.pending.push_back(event),
            Some(group) => self.collect(&group, event),
        }
        Ok(())
    }

    fn collect(&mut self, group: &EventGroup, event: Instance) {
        let within = Duration::try_from_secs_f64(group.within).unwrap_or(Duration::ZERO);
        let (_, groups) = self.collecting.get_or_insert_with(|| (Instant::now() + within, Vec::new()));
        let by: Vec<_> = group.by.iter().map(|path| value_at(path, &event)).collect();
        match groups.iter_mut().find(|known| known.by == by) {
            Some(known) => known.count += 1,
            None => groups.push(Collected { by, representative: event, count: 1 }),
        }
    }

    fn end_group(&mut self) -> Result<()> {
        let Some((_, groups)) = self.collecting.take() else { return Ok(()) };
        let having = self.query.group.as_ref().and_then(|group| group.having);
        for Collected { representative, count, .. } in groups {
            let enough = having.is_none_or(|(operator, number)| {
                let count = i128::from(count);
                match operator {
                    Operator::Equal => count == number,
                    Operator::NotEqual => count != number,
                    Operator::Less => count < number,
                    Operator::LessOrEqual => count <= number,
                    Operator::Greater => count > number,
                    Operator::GreaterOrEqual => count >= number,
                }
            });
            if enough {
                let mut event = Instance::new("__AggregateEvent")?;
                event.set("Representative", Value::Object(Box::new(representative)))?;
                event.set("NumberOfEvents", count)?;
                self.pending.push_back(event);
            }
        }
        Ok(())
    }
}

fn value_at(path: &PropertyPath, event: &Instance) -> Option<Value> {
    let (first, rest) = path.0.split_first()?;
    let mut at = event.value(first.as_str())?;
    for name in rest {
        let Value::Object(object) = at else { return None };
        at = object.value(name.as_str())?;
    }
    Some(at)
}

/// The class that `TargetInstance ISA "…"` names, where that must hold.
fn target_class(condition: &Condition) -> Option<Identifier> {
    match condition {
        Condition::All(parts) => parts.iter().find_map(target_class),
        Condition::IsA { property, class } => match property.0.as_slice() {
            [name] if name.is("TargetInstance") => Some(class.clone()),
            _ => None,
        },
        _ => None,
    }
}
