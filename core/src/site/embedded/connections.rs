//! The open connections of a site file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::file;
pub(super) use crate::background::run as blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::OPEN_QUERIES_MAX;

/// Connections of one site file, reused, at most [`OPEN_QUERIES_MAX`] at a time.
pub(super) struct Connections {
    path: PathBuf,
    // None once the site is closed.
    idle: Mutex<Option<Vec<Connection>>>,
    permits: Arc<Semaphore>,
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
        let permits = Arc::new(Semaphore::new(OPEN_QUERIES_MAX));
        Arc::new(Connections { path, idle: Mutex::new(Some(vec![first])), permits })
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

    /// Lends a connection, opening one where none is idle.
    pub(super) async fn lend(self: &Arc<Self>, operation: &str) -> Result<Loan> {
        // Not waited for: the one who waits may be the one who holds the others.
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            let cause = format!(
                "{OPEN_QUERIES_MAX} queries of this site are open; read them to the end or close them"
            );
            Error::new(ErrorKind::Unavailable, operation, cause)
        })?;
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
