//! The one runtime, and how both bindings wait on it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime as Tokio};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::SHUTDOWN_TIMEOUT;

/// How often a wait asks whether it should stop: Ctrl-C is noticed within this time.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The threads that drive all I/O of one process, shared by every handle.
///
/// The last handle that goes stops the threads and waits for them for a limited time: a Lua state that closes
/// may unload this library's code, and no thread must be running it then.
///
/// ```
/// let runtime = cmgateway::blocking::Runtime::shared()?;
/// assert_eq!(runtime.wait(async { Ok(17) }, || Ok::<(), cmgateway::Error>(()))?, 17);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Runtime {
    threads: Arc<Threads>,
}

#[derive(Debug)]
struct Threads {
    tokio: Option<Tokio>,
    // The threads of a process do not come along when it forks.
    process: u32,
}

impl Threads {
    fn are_here(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(tokio) = self.tokio.take() {
            if !self.are_here() {
                return std::mem::forget(tokio);
            }
            // A wait inside another runtime's thread would panic.
            match tokio::runtime::Handle::try_current() {
                Ok(_) => tokio.shutdown_background(),
                Err(_) => tokio.shutdown_timeout(SHUTDOWN_TIMEOUT),
            }
        }
    }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

static SHARED: Mutex<Weak<Threads>> = Mutex::new(Weak::new());

impl Runtime {
    /// The runtime of this process, started where there is none.
    ///
    /// # Errors
    /// `unavailable` where the operating system gives no threads.
    pub fn shared() -> Result<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = shared.upgrade().filter(|threads| threads.are_here()) {
            return Ok(Runtime { threads });
        }
        let tokio = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("cmgateway")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "start threads", error.to_string()).with_source(error)
            })?;
        let threads = Arc::new(Threads { tokio: Some(tokio), process: std::process::id() });
        *shared = Arc::downgrade(&threads);
        Ok(Runtime { threads })
    }

    /// Waits for a future on the caller's thread.
    ///
    /// `check` is called every 100 ms; where it fails, the future is dropped and the wait ends with its error.
    ///
    /// A thread of another tokio runtime may wait as well, as a host with `#[tokio::main]` does that runs a script;
    /// that thread then serves nobody else, so such a host is better off with `spawn_blocking` around the script.
    ///
    /// # Errors
    /// Those of the future, then those of `check`; `stopped` in a process forked from the one that started the
    /// threads.
    pub fn wait<T, E: From<Error>>(
        &self,
        future: impl Future<Output = Result<T>>,
        mut check: impl FnMut() -> std::result::Result<(), E>,
    ) -> std::result::Result<T, E> {
        let Some(tokio) = self.threads.tokio.as_ref().filter(|_| self.threads.are_here()) else {
            let cause = "this connection was made before the process was forked; make a new one";
            return Err(Error::new(ErrorKind::Stopped, "wait", cause).into());
        };
        // Not `block_on`: it panics on a thread that drives another runtime. The I/O is driven by our own threads,
        // so all that this one has to do is to poll and to sleep.
        let _entered = tokio.enter();
        // Another runtime's task would run out of its budget here, which it gets back only after the wait.
        let mut future = pin!(tokio::task::unconstrained(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut checked = Instant::now();
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
                return result.map_err(E::from);
            }
            thread::park_timeout(CHECK_EVERY.saturating_sub(checked.elapsed()));
            if checked.elapsed() >= CHECK_EVERY {
                check()?;
                checked = Instant::now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_the_check_says_so_and_the_future_is_dropped() {
        struct Flag(Arc<Mutex<bool>>);
        impl Drop for Flag {
            fn drop(&mut self) {
                *self.0.lock().unwrap() = true;
            }
        }
        let dropped = Arc::new(Mutex::new(false));
        let flag = Flag(Arc::clone(&dropped));
        let runtime = Runtime::shared().unwrap();
        let mut asked = 0;
        let result: Result<()> = runtime.wait(
            async move {
                let _flag = flag;
                std::future::pending().await
            },
            || {
                asked += 1;
                if asked == 2 { Err(Error::new(ErrorKind::Stopped, "wait", "interrupted")) } else { Ok(()) }
            },
        );
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Stopped);
        assert!(*dropped.lock().unwrap());
    }

    #[test]
    fn a_wait_works_inside_another_runtime() {
        let busy = || async {
            for _ in 0..1000 {
                tokio::task::spawn_blocking(|| ()).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(17)
        };
        let inside = async move {
            let runtime = Runtime::shared().unwrap();
            runtime.wait(busy(), || Ok::<(), Error>(())).unwrap()
        };
        let many = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(many.block_on(async { tokio::spawn(inside).await.unwrap() }), 17);
        let one = Builder::new_current_thread().build().unwrap();
        let waited =
            one.block_on(async move { Runtime::shared().unwrap().wait(busy(), || Ok::<(), Error>(())) });
        assert_eq!(waited.unwrap(), 17);
    }

    #[test]
    fn a_wait_for_work_in_the_background_can_be_given_up() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let work = crate::background::run("wait", move || {
            let _ = held.recv();
            Ok(())
        });
        let stop = || Err(Error::new(ErrorKind::Stopped, "wait", "interrupted"));
        let result: Result<()> = Runtime::shared().unwrap().wait(work, stop);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Stopped);
        drop(release);
    }

    #[test]
    fn the_runtime_is_shared_while_a_handle_lives() {
        let one = Runtime::shared().unwrap();
        let two = Runtime::shared().unwrap();
        assert!(Arc::ptr_eq(&one.threads, &two.threads));
    }
}
