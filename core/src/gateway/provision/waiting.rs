//! A step that may take long: what is told of it meanwhile, and how it hears that it shall stop.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use super::apply::{Go, Progress};
use super::cloud::ProgressFn;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::WAIT_TOLD_EVERY;

const APPLY_AGAIN: &str = "apply again";

/// A step and who hears of it.
///
/// News are told at once; where there are none, the last word is told again every second, so that whoever listens can stop any
/// wait within that time, whatever it is that is waited for.
pub(super) struct Waiting<'a> {
    progress: &'a ProgressFn<'a>,
    step: Progress,
    /// For errors: `apply the gateway's plan`.
    operation: String,
    /// What to do afterwards: `apply again`.
    again: &'static str,
    said: Mutex<String>,
}

impl<'a> Waiting<'a> {
    /// A step of a plan.
    pub(super) fn of_plan(
        progress: &'a ProgressFn<'a>,
        (step, steps): (usize, usize),
        (kind, name): (&str, &str),
    ) -> Self {
        let operation = "apply the gateway's plan".to_owned();
        Self::new(progress, (step, steps), (kind, name), operation, APPLY_AGAIN)
    }

    /// A call of one step: `start`, `stop` or `delete`.
    pub(super) fn of_call(progress: &'a ProgressFn<'a>, verb: &str, service_name: &str) -> Self {
        let again = match verb {
            "start" => "start it again",
            "stop" => "stop it again",
            _ => "delete it again",
        };
        let operation = format!("{verb} gateway {service_name}");
        Self::new(progress, (1, 1), ("gateway", service_name), operation, again)
    }

    fn new(
        progress: &'a ProgressFn<'a>,
        (step, steps): (usize, usize),
        (kind, name): (&str, &str),
        operation: String,
        again: &'static str,
    ) -> Self {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        let step = Progress { step, steps, kind, name, phase: "waiting", detail: String::new() };
        Waiting { progress, step, operation, again, said: Mutex::default() }
    }

    /// Tells in which phase the step is.
    pub(super) fn tell(&self, phase: &'static str) -> Result<()> {
        let detail = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (self.progress)(&Progress { phase, detail, ..self.step.clone() }) {
            Go::On => Ok(()),
            Go::Stop => {
                let place = format!("it was stopped at step {} of {}", self.step.step, self.step.steps);
                let cause = format!("{place}; what was begun goes on by itself, {} to go on", self.again);
                Err(Error::new(ErrorKind::Stopped, self.operation.as_str(), cause))
            }
        }
    }

    /// Tells how what is waited for is, where that is news.
    pub(super) fn say(&self, said: &str) -> Result<()> {
        {
            let mut last = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if *last == said {
                return Ok(());
            }
            said.clone_into(&mut last);
        }
        self.tell("waiting")
    }

    /// Waits for work that may take long. Where it is stopped, the work is given up where it stands.
    pub(super) async fn during<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            match tokio::time::timeout(WAIT_TOLD_EVERY, work.as_mut()).await {
                Ok(result) => return result.map_err(|error| self.advised(error)),
                Err(_) => self.tell("waiting")?,
            }
        }
    }

    /// The same error; it says at which step, and what to do about it.
    fn advised(&self, error: Error) -> Error {
        let place = match self.step.steps {
            1 => String::new(),
            steps => {
                format!("at step {} of {steps}, {} {}: ", self.step.step, self.step.kind, self.step.name)
            }
        };
        match advice(error.kind(), self.again) {
            Some(advice) => error.with_cause_end(&format!("; {place}{advice}")),
            None => error,
        }
    }
}

/// What whoever administers the gateway can do about an error of this kind.
fn advice(kind: ErrorKind, again: &str) -> Option<String> {
    // A plan shows what is there now; start, stop and delete have none.
    let then = if again == APPLY_AGAIN { "plan anew, then" } else { "then" };
    match kind {
        ErrorKind::Unavailable | ErrorKind::TimedOut | ErrorKind::Protocol => {
            Some(format!("{again}: it looks first, and goes on from what is there"))
        }
        ErrorKind::Auth => Some(format!("see that the credential may do this, then {again}")),
        ErrorKind::Config | ErrorKind::Certificate => Some(format!("put that right, {then} {again}")),
        ErrorKind::Conflict | ErrorKind::NotFound => Some(format!("see to that, {then} {again}")),
        _ => None,
    }
}

/// The error of a plan; it says what to do about it.
pub(super) fn planning_failed(error: Error) -> Error {
    match advice(error.kind(), "plan again") {
        // Rules of the spec say themselves what is wrong.
        Some(_) if [ErrorKind::Config, ErrorKind::Certificate].contains(&error.kind()) => error,
        Some(_) if error.kind() == ErrorKind::Auth => error
            .with_cause_end("; nothing was changed: see that the credential may read this, then plan again"),
        Some(_) => error.with_cause_end("; nothing was changed: plan again"),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn any_wait_hears_within_a_second_that_it_shall_stop() {
        let heard = Mutex::new(Vec::new());
        let progress = |now: &Progress| {
            let mut heard = heard.lock().unwrap();
            heard.push(now.to_string());
            if heard.len() == 3 { Go::Stop } else { Go::On }
        };
        let waiting = Waiting::of_plan(&progress, (2, 3), ("role instances", "2 ReadyRole"));
        let start = Instant::now();
        let work = async {
            waiting.say("A is BusyRole")?;
            waiting.say("A is BusyRole")?;
            std::future::pending::<Result<()>>().await
        };
        let error = waiting.during(work).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stopped);
        assert!(
            error.cause().contains("stopped at step 2 of 3; ") && error.cause().contains("apply again"),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_millis(2900), "{:?}", start.elapsed());
        let expected = "[2/3] role instances 2 ReadyRole: waiting (A is BusyRole)";
        assert_eq!(*heard.lock().unwrap(), [expected; 3]);
    }

    #[tokio::test]
    async fn an_error_says_where_and_what_to_do() {
        let waiting = Waiting::of_plan(&|_| Go::On, (4, 6), ("deployment", "granitefalls"));
        let failed = |kind| async move { Err::<(), _>(Error::new(kind, "x", "y")) };
        let error = waiting.during(failed(ErrorKind::Unavailable)).await.unwrap_err();
        let expected = "y; at step 4 of 6, deployment granitefalls: apply again: it looks first, and goes on from what is there";
        assert_eq!(error.cause(), expected);
        let error = waiting.during(failed(ErrorKind::Unsupported)).await.unwrap_err();
        assert_eq!(error.cause(), "y");
        let waiting = Waiting::of_call(&|_| Go::On, "stop", "granitefalls");
        let error = waiting.during(failed(ErrorKind::Conflict)).await.unwrap_err();
        assert_eq!(error.cause(), "y; see to that, then stop it again");
    }
}
