//! The open connections of a site file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::file;
pub(super) use crate::background::run as blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{OPEN_QUERIES_MAX, OPEN_QUERY_WAIT, SITE_FILE_BUSY_WAIT};

/// Connections of one site file, reused.
///
/// At most [`OPEN_QUERIES_MAX`] serve queries whose rows are still being read, and as many more serve all else, so
/// that a forgotten query never stands in the way of a put.
pub(super) struct Connections {
    path: PathBuf,
    // None once the site is closed.
    idle: Mutex<Option<Vec<Connection>>>,
    for_queries: Arc<Semaphore>,
    for_calls: Arc<Semaphore>,
}

/// A connection on loan; it goes back when the loan is dropped.
pub(super) struct Loan {
    connection: Option<Connection>,
    home: Arc<Connections>,
    running: Arc<Running>,
    _permit: OwnedSemaphorePermit,
}

/// Stops the statement that a loan is running, from another thread; does nothing once the loan has ended.
#[derive(Default)]
pub(super) struct Running(Mutex<Option<InterruptHandle>>);

impl Connections {
    pub(super) fn new(path: PathBuf, first: Connection) -> Arc<Self> {
        let permits = || Arc::new(Semaphore::new(OPEN_QUERIES_MAX));
        let idle = Mutex::new(Some(vec![first]));
        Arc::new(Connections { path, idle, for_queries: permits(), for_calls: permits() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connections that are idle now, and those on loan when they come back.
    pub(super) fn close(&self) {
        // Closed outside of the lock: the last one writes the log back into the file.
        let idle = self.idle().take();
        drop(idle);
    }

    /// Lends a connection for one call, which ends by itself; waits for one where all are in use.
    pub(super) async fn lend(self: &Arc<Self>, operation: &str) -> Result<Loan> {
        let waited = timeout(SITE_FILE_BUSY_WAIT, Arc::clone(&self.for_calls).acquire_owned()).await;
        self.loan(waited.ok(), operation, "too many calls of this site are running").await
    }

    /// Lends a connection for a query, whose rows may stay unread for long; waits a moment only, since the one who
    /// waits may be the one who holds the others.
    pub(super) async fn lend_for_query(self: &Arc<Self>, operation: &str) -> Result<Loan> {
        let waited = timeout(OPEN_QUERY_WAIT, Arc::clone(&self.for_queries).acquire_owned()).await;
        let cause =
            "the rows of too many queries of this site are still unread; read them to the end or close them";
        self.loan(waited.ok(), operation, cause).await
    }

    async fn loan(
        self: &Arc<Self>,
        permit: Option<std::result::Result<OwnedSemaphorePermit, AcquireError>>,
        operation: &str,
        cause: &str,
    ) -> Result<Loan> {
        let Some(Ok(permit)) = permit else {
            let cause = format!("{cause} ({OPEN_QUERIES_MAX})");
            return Err(Error::new(ErrorKind::Unavailable, operation, cause));
        };
        let idle = self.idle().as_mut().map(Vec::pop);
        let connection = match idle {
            None => return Err(Error::new(ErrorKind::Stopped, operation, "the site is closed")),
            Some(Some(connection)) => connection,
            Some(None) => {
                let path = self.path.clone();
                blocking(operation, move || file::open(&path)).await?
            }
        };
        let running = Arc::new(Running(Mutex::new(Some(connection.get_interrupt_handle()))));
        Ok(Loan { connection: Some(connection), home: Arc::clone(self), running, _permit: permit })
    }
}

impl Loan {
    /// The connection.
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        let missing = || Error::new(ErrorKind::Internal, "use site file", "the connection was given back");
        self.connection.as_mut().ok_or_else(missing)
    }

    /// The switch that stops what this loan is running.
    pub(super) fn running(&self) -> Arc<Running> {
        Arc::clone(&self.running)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Before the connection can be lent again, so that a late stop hits nobody else.
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = self.connection.take() {
            // A stop can hit the end of a transaction itself, which then stays open; the next borrower would fail.
            if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
                return;
            }
            if let Some(idle) = self.home.idle().as_mut() {
                idle.push(connection);
            }
        }
    }
}

impl Running {
    /// Stops it.
    pub(super) fn stop(&self) {
        if let Some(handle) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            handle.interrupt();
        }
    }
}
