//! The analyzer, run from the page: one at a time, and for a limited time.

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use crate::gateway::analyzer::{AnalysisReport, AnalyzeOptions, analyze};
use crate::gateway::service::connection_point_service::Task;
use crate::gateway::service::health_watch::HealthWatch;
use crate::limits::DASHBOARD_ANALYSIS_TIMEOUT;

/// How far the analyzer is.
#[derive(Clone, Default)]
pub(super) enum Analysis {
    /// Nobody has asked yet.
    #[default]
    Never,
    Running {
        since: OffsetDateTime,
    },
    Done {
        at: OffsetDateTime,
        report: Arc<AnalysisReport>,
    },
    Failed {
        at: OffsetDateTime,
        cause: String,
    },
}

/// The last run; it ends with the dashboard.
#[derive(Default)]
pub(super) struct Analyses {
    state: Arc<Mutex<Analysis>>,
    task: Mutex<Option<Task>>,
}

impl Analyses {
    pub(super) fn state(&self) -> Analysis {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a run; false where one is at work already.
    pub(super) fn start(&self, watch: &Arc<HealthWatch>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, Analysis::Running { .. }) {
            return false;
        }
        *state = Analysis::Running { since: OffsetDateTime::now_utc() };
        let (watch, kept) = (Arc::clone(watch), Arc::clone(&self.state));
        let work = tokio::spawn(async move {
            let done = run(&watch).await;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = done;
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(Task(work));
        true
    }
}

async fn run(watch: &HealthWatch) -> Analysis {
    let mut options = AnalyzeOptions::new(watch.service_name());
    options.take_connection_point(&watch.options());
    options.site = watch.site().cloned();
    options.asks_inside = true;
    let ran = tokio::time::timeout(DASHBOARD_ANALYSIS_TIMEOUT, analyze(options)).await;
    let at = OffsetDateTime::now_utc();
    match ran {
        Ok(Ok(report)) => Analysis::Done { at, report: Arc::new(report) },
        Ok(Err(error)) => Analysis::Failed { at, cause: error.to_string() },
        Err(_) => {
            Analysis::Failed { at, cause: format!("it was not done within {DASHBOARD_ANALYSIS_TIMEOUT:?}") }
        }
    }
}
