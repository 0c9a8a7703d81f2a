//! The rows of a query.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::error::Result;
use crate::instance::Instance;
use crate::runtime::Connection;

/// The rows of a query, read as they are asked for.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Rows {
    // None once the rows are taken by `all` or `first`, or closed.
    rows: Mutex<Option<cmgateway::site::Rows>>,
    connection: Connection,
}

impl Rows {
    pub(crate) fn new(rows: cmgateway::site::Rows, connection: Connection) -> Self {
        Rows { rows: Mutex::new(Some(rows)), connection }
    }

    /// Two threads may share the rows; the one that waits must not hold the GIL.
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Option<cmgateway::site::Rows>> {
        use pyo3::sync::MutexExt;
        self.rows.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Rows {
    fn __iter__(rows: PyRef<'_, Self>) -> PyRef<'_, Self> {
        rows
    }

    fn __next__(&self, py: Python<'_>) -> Result<Option<Instance>> {
        let mut rows = self.lock(py);
        let Some(rows) = rows.as_mut() else { return Ok(None) };
        if let Some(row) = rows.next_at_hand() {
            return Ok(Some(Instance::of(row, Some(&self.connection))));
        }
        Ok(self
            .connection
            .handle
            .block(py, rows.next())?
            .map(|row| Instance::of(row, Some(&self.connection))))
    }

    /// The rows that are left, all at once.
    fn all(&self, py: Python<'_>) -> Result<Vec<Instance>> {
        let Some(rows) = self.lock(py).take() else { return Ok(Vec::new()) };
        Ok(self
            .connection
            .handle
            .block(py, rows.all())?
            .into_iter()
            .map(|row| Instance::of(row, Some(&self.connection)))
            .collect())
    }

    /// The next row, or None; the rows after it are given up.
    fn first(&self, py: Python<'_>) -> Result<Option<Instance>> {
        let Some(mut rows) = self.lock(py).take() else { return Ok(None) };
        let row = self.connection.handle.block(py, rows.next());
        self.connection.handle.block(py, rows.close())?;
        Ok(row?.map(|row| Instance::of(row, Some(&self.connection))))
    }

    /// Ends the query; the rows must not be used after it.
    fn close(&self, py: Python<'_>) -> Result<()> {
        let Some(rows) = self.lock(py).take() else { return Ok(()) };
        self.connection.handle.block(py, rows.close())
    }

    fn __enter__(rows: PyRef<'_, Self>) -> PyRef<'_, Self> {
        rows
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        self.close(py)
    }

    fn __repr__(&self) -> &'static str {
        // A thread that waits for a row holds the lock: the rows are open then.
        match self.rows.try_lock() {
            Ok(rows) if rows.is_none() => "<rows, closed>",
            _ => "<rows, open>",
        }
    }
}
