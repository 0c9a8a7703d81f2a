//! What the system tells a service.

use cmgateway::{Error, ErrorKind, Result};
use tokio::sync::mpsc::Receiver;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Reload,
    Stop,
}

async fn heard(told: &mut Option<Receiver<Signal>>) -> Signal {
    match told {
        // Whoever speaks has gone.
        Some(told) => told.recv().await.unwrap_or(Signal::Stop),
        None => std::future::pending().await,
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "listen to signals", error.to_string()).with_source(error)
}

/// SIGHUP, SIGTERM and Ctrl-C.
#[cfg(unix)]
pub(crate) struct Signals {
    reload: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    told: Option<Receiver<Signal>>,
}

#[cfg(unix)]
impl Signals {
    /// `told` is who else says what is to be done: a supervisor, or the service manager of Windows.
    pub(crate) fn new(told: Option<Receiver<Signal>>) -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(failed);
        Ok(Signals {
            reload: listen(SignalKind::hangup())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            told,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.reload.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            signal = heard(&mut self.told) => signal,
        }
    }
}

/// Ctrl-C, Ctrl-Break and the end of the session.
#[cfg(windows)]
pub(crate) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    end: tokio::signal::windows::CtrlBreak,
    shutdown: tokio::signal::windows::CtrlShutdown,
    told: Option<Receiver<Signal>>,
}

#[cfg(windows)]
impl Signals {
    /// `told` is who else says what is to be done: a supervisor, or the service manager of Windows.
    pub(crate) fn new(told: Option<Receiver<Signal>>) -> Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_shutdown};
        Ok(Signals {
            interrupt: ctrl_c().map_err(failed)?,
            end: ctrl_break().map_err(failed)?,
            shutdown: ctrl_shutdown().map_err(failed)?,
            told,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.end.recv() => Signal::Stop,
            _ = self.shutdown.recv() => Signal::Stop,
            signal = heard(&mut self.told) => signal,
        }
    }
}
