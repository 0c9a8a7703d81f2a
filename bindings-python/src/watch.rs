//! A running event query.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::error::{Result, config};
use crate::instance::Instance;
use crate::runtime::Connection;

/// A running event query.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Watch {
    watch: Mutex<cmgateway::site::Watch>,
    connection: Connection,
    timeout: Option<Duration>,
}

/// Seconds that a script gives as longest wait.
pub(crate) fn seconds(timeout: Option<f64>) -> Result<Option<Duration>> {
    let read = |seconds| Duration::try_from_secs_f64(seconds);
    timeout
        .map(read)
        .transpose()
        .map_err(|_| config("watch a site", "the timeout must be a number of seconds from zero on"))
}

impl Watch {
    pub(crate) fn new(
        watch: cmgateway::site::Watch,
        connection: Connection,
        timeout: Option<Duration>,
    ) -> Self {
        Watch { watch: Mutex::new(watch), connection, timeout }
    }

    /// Two threads may share it; the one that waits must not hold the GIL.
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, cmgateway::site::Watch> {
        use pyo3::sync::MutexExt;
        self.watch.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, py: Python<'_>, timeout: Option<Duration>) -> Result<Option<Instance>> {
        let mut watch = self.lock(py);
        let event = self.connection.handle.block(py, watch.next(timeout))?;
        Ok(event.map(|event| Instance::of(event, Some(&self.connection))))
    }
}

#[pymethods]
impl Watch {
    /// The next event; None where none comes within the time.
    #[pyo3(signature = (timeout=None))]
    fn next(&self, py: Python<'_>, timeout: Option<f64>) -> Result<Option<Instance>> {
        self.wait(py, seconds(timeout)?)
    }

    fn __iter__(watch: PyRef<'_, Self>) -> PyRef<'_, Self> {
        watch
    }

    fn __next__(&self, py: Python<'_>) -> Result<Option<Instance>> {
        self.wait(py, self.timeout)
    }

    fn __repr__(&self) -> &'static str {
        "<watch>"
    }
}
