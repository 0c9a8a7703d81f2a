//! Waits until the site is where it was told to go.

use super::SiteCloud;
use super::task::{Task, TaskState};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::provision::waiting::Waiting;
use crate::gateway::{GatewayState, state_of};

/// What a wait is for.
pub(super) enum Until<'a> {
    /// The state is this one, and the task, where there is one, is completed.
    State(GatewayState, Option<&'a Task>),
    /// The task is completed, or the row is gone, since that of a deleted gateway may stay or go.
    Deleted(&'a Task),
    /// The task is over, whichever way: it is one for the row as it was.
    Over(&'a Task),
}

impl SiteCloud {
    /// Looks again and again until that is so.
    pub(super) async fn wait(
        &self,
        service_name: &str,
        until: &Until<'_>,
        waiting: &Waiting<'_>,
    ) -> Result<()> {
        let timer = &self.options.timer;
        let start = timer.elapsed();
        let task = match until {
            Until::State(_, task) => *task,
            Until::Deleted(task) | Until::Over(task) => Some(*task),
        };
        loop {
            let task_state = match task {
                Some(task) => Some(task.state_now(&self.site).await?),
                None => None,
            };
            let row = self.row(service_name).await?;
            let state = row.as_ref().and_then(state_of);
            let said = match (state, &row) {
                (Some(state), _) => state.to_string(),
                (None, Some(_)) => "no state".to_owned(),
                (None, None) => "no row".to_owned(),
            };
            let is_completed = task_state.is_none_or(|task| task == TaskState::Completed);
            let is_there = match until {
                Until::State(wanted, _) => state == Some(*wanted) && is_completed,
                Until::Deleted(_) => is_completed || row.is_none(),
                Until::Over(_) => task_state.is_some_and(TaskState::is_over),
            };
            let of_before =
                if matches!(until, Until::Over(_)) { ", a task for the row as it was" } else { "" };
            let text = task_state.map_or(said.clone(), |task| format!("{said}, {}{of_before}", task.text()));
            waiting.say(&text)?;
            if is_there {
                return Ok(());
            }
            if let (Some(TaskState::Failed), Some(task)) = (task_state, task) {
                return Err(task.failed(service_name));
            }
            let waited = timer.elapsed().saturating_sub(start);
            if waited.saturating_add(self.options.poll) > self.options.timeout {
                let seconds = self.options.timeout.as_secs();
                let cause = format!("not within {seconds} s; it is at: {text}; the site goes on by itself");
                let operation = format!("wait for the site to be done with {service_name}");
                return Err(Error::new(ErrorKind::TimedOut, operation, cause));
            }
            timer.sleep(self.options.poll).await;
        }
    }
}
