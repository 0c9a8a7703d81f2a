//! Threads that serve connections, each its own from beginning to end.
//!
//! A request that stays on one thread costs a tenth to a fifth less CPU than one whose client, tunnel and server inside
//! are served by whichever thread of a common pool is free: nothing is handed from one processor's cache to another's,
//! and nobody is woken for it. nginx and Envoy work this way, too.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use super::tunnel::told;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{SHUTDOWN_TIMEOUT, WORKERS_MAX};

thread_local! {
    static CURRENT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The number of the worker that this thread is; nothing for any other thread.
pub(super) fn current() -> Option<usize> {
    CURRENT.get()
}

/// How many there are unless somebody says otherwise: one for each processor.
pub(super) fn usual_count() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX)
}

/// The threads; dropped, they drop what they serve and are waited for, because the library's code may be unloaded then.
/// Where the system is looking a name up for one of them, that takes five seconds at most.
pub(super) struct Workers {
    crew: Arc<Crew>,
    threads: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
    // The threads of a process do not come along when it forks.
    process: u32,
}

/// What gives them work.
#[derive(Default)]
pub(super) struct Crew {
    workers: Vec<Handle>,
    next: AtomicUsize,
    /// How many tunnels each one has.
    tunnels: Mutex<Vec<usize>>,
}

impl Workers {
    /// Starts so many.
    pub(super) fn start(count: usize) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Unavailable, "start threads", error.to_string()).with_source(error)
        };
        // There from the beginning: where one thread cannot be had, those before it are waited for.
        let mut workers = Workers {
            crew: Arc::default(),
            threads: Vec::new(),
            stop: watch::channel(false).0,
            process: std::process::id(),
        };
        let mut handles = Vec::new();
        for number in 0..count {
            let mut stopped = workers.stop.subscribe();
            let (tell, answer) = mpsc::channel();
            let work = move || {
                CURRENT.set(Some(number));
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                let _ = tell.send(Ok(runtime.handle().clone()));
                runtime.block_on(told(&mut stopped));
                runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            };
            let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(work);
            workers.threads.push(thread.map_err(failed)?);
            let handle = answer.recv().unwrap_or_else(|gone| Err(std::io::Error::other(gone)));
            handles.push(handle.map_err(failed)?);
        }
        let tunnels = Mutex::new(vec![0; count]);
        workers.crew = Arc::new(Crew { workers: handles, next: AtomicUsize::new(0), tunnels });
        Ok(workers)
    }

    pub(super) fn crew(&self) -> &Arc<Crew> {
        &self.crew
    }

    /// As dropping them, but without holding up the caller's thread: they may wait for the system to look a name up.
    pub(super) async fn end(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(std::mem::take(&mut self.threads));
            return std::mem::forget(std::mem::replace(&mut self.stop, watch::channel(false).0));
        }
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // One that drops its own workers cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                // Where it panicked, it has said so.
                let _ = thread.join();
            }
        }
    }
}

impl Crew {
    /// Each in its turn.
    pub(super) fn next(&self) -> Option<&Handle> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.workers.get(turn.checked_rem(self.workers.len())?)
    }

    /// Gives a tunnel to whoever has the fewest, so that each has one of its own as far as they go round.
    pub(super) fn take_tunnel<F>(self: &Arc<Self>, serve: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
        let fewest = tunnels.iter_mut().enumerate().min_by_key(|(_, count)| **count);
        let Some((number, count)) = fewest else { return };
        *count += 1;
        drop(tunnels);
        let taken = Taken { crew: Arc::clone(self), number };
        if let Some(worker) = self.workers.get(number) {
            worker.spawn(async move {
                let _taken = taken;
                serve().await;
            });
        }
    }
}

struct Taken {
    crew: Arc<Crew>,
    number: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut tunnels = self.crew.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = tunnels.get_mut(self.number) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_goes_round_and_tunnels_to_who_has_the_fewest() {
        let workers = Workers::start(3).unwrap();
        let (say, said) = mpsc::channel();
        for _ in 0..4 {
            let say = say.clone();
            workers.crew().next().unwrap().spawn(async move { say.send(current()).unwrap() });
        }
        let mut numbers: Vec<_> = said.iter().take(4).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [Some(0), Some(0), Some(1), Some(2)]);

        let tunnel = || {
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            let say = say.clone();
            workers.crew().take_tunnel(move || async move {
                say.send(current()).unwrap();
                let _ = ended.await;
            });
            (said.recv().unwrap(), end)
        };
        let tunnels = [tunnel(), tunnel(), tunnel()];
        let places: Vec<_> = tunnels.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [Some(0), Some(1), Some(2)]);
        let [_first, (_, second), _third] = tunnels;
        drop(second);
        while workers.crew().tunnels.lock().unwrap()[1] > 0 {
            thread::yield_now();
        }
        assert_eq!(tunnel().0, Some(1));
        assert_eq!(current(), None);
    }

    #[test]
    fn they_are_gone_with_all_they_served_when_dropped() {
        struct Told(mpsc::Sender<()>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let (say, said) = mpsc::channel();
        let workers = Workers::start(2).unwrap();
        let crew = Arc::clone(workers.crew());
        for _ in 0..2 {
            let told = Told(say.clone());
            crew.next().unwrap().spawn(async move {
                let _told = told;
                std::future::pending::<()>().await;
            });
        }
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move { drop(workers) });
        assert_eq!(said.try_iter().count(), 2);
        let told = Told(say);
        crew.next().unwrap().spawn(async move { drop(told) });
        said.recv().unwrap();
    }
}
