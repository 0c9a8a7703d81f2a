//! Calls that a task of asyncio can take back: the thread that waits in one looks at its token.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cmgateway::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

thread_local! {
    static CURRENT: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Ends a call that waits on another thread.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct CancelToken(Arc<AtomicBool>);

/// Puts the token of the thread back to what it was.
struct Scope(Option<Arc<AtomicBool>>);

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[pymethods]
impl CancelToken {
    #[new]
    fn new() -> Self {
        CancelToken(Arc::default())
    }

    /// Ends what `run` waits for, now and later, with StoppedError.
    fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Calls a function on this thread; what it waits for in this library ends when the token is cancelled.
    #[pyo3(signature = (function, /, *args, **named))]
    fn run<'py>(
        &self,
        function: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _scope = Scope(CURRENT.replace(Some(Arc::clone(&self.0))));
        function.call(args, named)
    }

    fn __repr__(&self) -> &'static str {
        if self.0.load(Ordering::Relaxed) { "<cancel token, cancelled>" } else { "<cancel token>" }
    }
}

/// Fails where the call that this thread is in was taken back.
pub(crate) fn check() -> cmgateway::Result<()> {
    let is_cancelled =
        CURRENT.with_borrow(|token| token.as_ref().is_some_and(|token| token.load(Ordering::Relaxed)));
    match is_cancelled {
        true => Err(Error::new(ErrorKind::Stopped, "wait", "the call was cancelled")),
        false => Ok(()),
    }
}
