//! The Event Log of Windows, for the warnings and errors of a service, which has no screen.
//!
//! Messages are those of `EventCreate.exe`, which is on every Windows and whose texts are just what they are given: a file
//! with messages of our own would have to lie where the Event Viewer finds it for as long as there are events.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cmgateway::{Error, ErrorKind, Result};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use windows::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW, ReportEventW,
};
use windows::core::{HSTRING, PCWSTR};
use windows_registry::LOCAL_MACHINE;

/// The name that the Event Viewer shows.
const SOURCE: &str = "cmgateway";
const KEY: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\cmgateway";
/// Events a minute: whoever makes the gateway complain must not be able to fill the log.
const EVENTS_A_MINUTE: u32 = 60;
/// Windows takes no more of one text.
const TEXT_MAX: usize = 30_000;
/// Numbers of events; `EventCreate.exe` has texts for 1 to 1000.
const ERROR_EVENT: u32 = 1;
const WARNING_EVENT: u32 = 2;

/// Tells Windows where the texts of our events are.
pub(crate) fn register_source() -> Result<()> {
    let registered = LOCAL_MACHINE.create(KEY).and_then(|key| {
        key.set_expand_string("EventMessageFile", r"%SystemRoot%\System32\EventCreate.exe")?;
        key.set_u32("TypesSupported", 7)
    });
    registered.map_err(|error| {
        Error::new(
            ErrorKind::Auth,
            "register the source of events",
            format!("{}: run it as administrator", error.message()),
        )
    })
}

/// Where a service logs to.
pub(crate) struct EventLog(Mutex<Minute>);

struct Minute {
    since: Instant,
    events: u32,
}

impl EventLog {
    pub(crate) fn new() -> Self {
        EventLog(Mutex::new(Minute { since: Instant::now(), events: 0 }))
    }

    /// Whether one more may be written; the last one of a minute says so.
    fn admits(&self) -> Admission {
        let mut minute = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if minute.since.elapsed() > Duration::from_secs(60) {
            *minute = Minute { since: Instant::now(), events: 0 };
        }
        minute.events = minute.events.saturating_add(1);
        match minute.events {
            events if events < EVENTS_A_MINUTE => Admission::Yes,
            EVENTS_A_MINUTE => Admission::Last,
            _ => Admission::No,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Admission {
    Yes,
    Last,
    No,
}

impl<'a> MakeWriter<'a> for EventLog {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event { is_error: false, admission: self.admits(), text: Vec::new() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Event {
        let mut event = self.make_writer();
        event.is_error = *meta.level() == Level::ERROR;
        event
    }
}

/// One event; it goes out when it is dropped.
pub(crate) struct Event {
    is_error: bool,
    admission: Admission,
    text: Vec<u8>,
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = TEXT_MAX.saturating_sub(self.text.len());
        self.text.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.admission == Admission::No || self.text.is_empty() {
            return;
        }
        let mut text = String::from_utf8_lossy(&self.text).trim_end().to_owned();
        if self.admission == Admission::Last {
            text.push_str("\n\nMore events of this minute are left out.");
        }
        report(self.is_error, &text);
    }
}

#[expect(unsafe_code, reason = "the Event Log is no part of what the safe crates of Windows cover")]
fn report(is_error: bool, text: &str) {
    let (kind, id) = match is_error {
        true => (EVENTLOG_ERROR_TYPE, ERROR_EVENT),
        false => (EVENTLOG_WARNING_TYPE, WARNING_EVENT),
    };
    let (source, text) = (HSTRING::from(SOURCE), HSTRING::from(text.replace('\0', " ")));
    // SAFETY: both texts end in a zero and outlive the calls, and the handle is used between its opening and its closing.
    unsafe {
        let Ok(log) = RegisterEventSourceW(PCWSTR::null(), &source) else { return };
        // Where nothing can be logged there is nobody to be told.
        let _ = ReportEventW(log, kind, 0, id, None, 0, Some(&[PCWSTR(text.as_ptr())]), None);
        let _ = DeregisterEventSource(log);
    }
}
