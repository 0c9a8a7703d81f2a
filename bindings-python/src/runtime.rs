//! How every call waits.

use std::sync::atomic::{AtomicU32, Ordering};

use cmgateway::blocking::Runtime;
use pyo3::prelude::*;

use crate::cancel_token;
use crate::error::{Failure, Result};
use crate::instance::Instance;
use crate::path::ObjectPath;

/// A share of the one runtime; every object that does I/O holds one.
#[derive(Clone)]
pub(crate) struct Handle(Runtime);

/// The process whose runtime is kept to its end: Python never unloads this module, so nothing needs its threads
/// joined, and a script that opens and closes sites does not start them each time.
static KEPT_BY: AtomicU32 = AtomicU32::new(0);

impl Handle {
    pub(crate) fn new() -> Result<Self> {
        let runtime = Runtime::shared()?;
        let process = std::process::id();
        if KEPT_BY.swap(process, Ordering::Relaxed) != process {
            std::mem::forget(runtime.clone());
        }
        Ok(Handle(runtime))
    }

    /// Waits for a future with the GIL released; Ctrl-C drops it and raises KeyboardInterrupt.
    pub(crate) fn block<T: Send>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = cmgateway::Result<T>> + Send,
    ) -> Result<T> {
        let check = || {
            cancel_token::check()?;
            Python::attach(|py| py.check_signals().map_err(Failure::from))
        };
        cancel_token::check()?;
        let runtime = &self.0;
        py.detach(move || {
            let waited: std::result::Result<T, Failure> = runtime.wait(future, check);
            waited
        })
    }
}

/// A site and how to wait on it; what comes from a site keeps one.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) site: cmgateway::site::Site,
    pub(crate) handle: Handle,
}

impl Connection {
    /// Writes an instance, with what was changed inside of it.
    pub(crate) fn put(&self, py: Python<'_>, instance: &Instance, mode: &str) -> Result<ObjectPath> {
        let (mode, mut written) = (mode.parse()?, instance.settled(py, 0)?);
        let path = self.handle.block(py, self.site.put(&mut written, mode))?;
        // Another thread may have set properties meanwhile.
        instance.lock().mark_written(path.clone(), &written);
        Ok(ObjectPath(path))
    }
}
