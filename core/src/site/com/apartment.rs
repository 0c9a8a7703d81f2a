//! The thread that speaks COM.
#![expect(unsafe_code, reason = "COM is entered and left by functions of the system")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use windows::Win32::System::Com::{COINIT_MULTITHREADED, CoInitializeEx, CoUninitialize};

use super::session::{Session, SessionOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::COM_CALLS_MAX;

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// A thread in the multithreaded apartment with one connection; it ends with the last handle.
#[derive(Clone)]
pub(super) struct Apartment {
    jobs: mpsc::Sender<Job>,
    /// Queries that nobody reads any more, let go before the next job.
    dropped: Arc<Mutex<Vec<u64>>>,
    timeout: Duration,
    shown: Arc<str>,
}

impl Apartment {
    /// Starts the thread; it connects with its first job.
    pub(super) fn start(options: SessionOptions) -> Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(COM_CALLS_MAX);
        let (timeout, shown) = (options.timeout, Arc::from(options.address.shown.as_str()));
        let dropped: Arc<Mutex<Vec<u64>>> = Arc::default();
        let to_close = Arc::clone(&dropped);
        let run = move || {
            // SAFETY: it is the first thing that this thread does with COM, and CoUninitialize below is the last.
            let entered = unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) };
            let mut session = Session::new(options, entered);
            while let Some(job) = queue.blocking_recv() {
                let closed = std::mem::take(&mut *to_close.lock().unwrap_or_else(PoisonError::into_inner));
                closed.into_iter().for_each(|query| session.close(query));
                job(&mut session);
            }
            drop(session);
            if entered.is_ok() {
                // SAFETY: everything of COM that this thread had is gone with the session.
                unsafe { CoUninitialize() };
            }
        };
        std::thread::Builder::new().name("cmgateway-com".to_owned()).spawn(run).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "start the thread of COM", error.to_string())
                .with_source(error)
        })?;
        Ok(Apartment { jobs, dropped, timeout, shown })
    }

    /// Runs a job on the thread. A job that takes too long goes on there; its answer is dropped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &str,
        job: impl FnOnce(&mut Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            // Nobody may wait any longer.
            let _ = tell.send(job(session));
        });
        let answered = timeout(self.timeout, async {
            self.jobs.send(job).await.ok()?;
            told.await.ok()
        });
        match answered.await {
            Ok(Some(result)) => result,
            Ok(None) => Err(Error::new(ErrorKind::Internal, operation, "the thread of COM has ended")),
            Err(_) => {
                let cause = format!("no answer within {:?}", self.timeout);
                Err(Error::new(ErrorKind::TimedOut, operation, cause).with_context("address", &*self.shown))
            }
        }
    }

    /// Lets go of a query when the thread comes to it, and waits for nothing.
    pub(super) fn close(&self, query: u64) {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(query);
        // Where the queue is full, the thread comes to it anyway.
        let _ = self.jobs.try_send(Box::new(|_| {}));
    }
}
