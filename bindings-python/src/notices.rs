//! Who is told about a gateway, and what they were told.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cmgateway::gateway::monitor::{self, GivenConditions, MailSecurity, Recipient};
use cmgateway::net::TrustedRoots;
use cmgateway::{Error, ErrorKind, Secret};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::OffsetDateTime;

use crate::analyzer::AnalysisReport;
use crate::error::{Failure, Result, config, wrong_type};
use crate::json::to_python;
use crate::keywords::{Keywords, texts};
use crate::runtime::Handle;

const OPERATION: &str = "tell notices";

fn roots(file: Option<PathBuf>) -> TrustedRoots {
    file.map_or(TrustedRoots::System, TrustedRoots::File)
}

/// Where notices go as JSON, and how they are signed.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Webhook(monitor::Webhook);

#[pymethods]
impl Webhook {
    #[new]
    #[pyo3(signature = (url, secret, *, ca_file=None, timeout=None))]
    fn new(url: &str, secret: String, ca_file: Option<PathBuf>, timeout: Option<Duration>) -> Result<Self> {
        let hook = monitor::Webhook::new(url, Secret::new(secret))?;
        Ok(Webhook(hook.with(roots(ca_file), timeout)))
    }

    fn __repr__(&self) -> String {
        // The address may hold a secret.
        format!("<{}>", Recipient::from(self.0.clone()).name())
    }
}

/// A mail server that takes notices, and the people they are for.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Mail {
    mail: monitor::Mail,
    server: String,
}

#[pymethods]
impl Mail {
    #[new]
    #[pyo3(
        signature = (server, sender, recipients, **keywords),
        text_signature = "(server, sender, recipients, *, security='starttls', user=None, password=None, \
            ca_file=None, timeout=None)"
    )]
    fn new(
        server: String,
        sender: &str,
        recipients: &Bound<'_, PyAny>,
        keywords: Option<Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let keywords = Keywords::new("Mail", "send notices by mail", keywords);
        let words = MailSecurity::ALL.map(|each| (each.as_str(), each));
        let security = keywords.word("security", &words)?;
        let recipients = texts(recipients, "recipients are mail addresses as text, in a list")?;
        let mut mail = monitor::Mail::new(&server, security, sender, &recipients)?;
        mail = match (keywords.text("user")?, keywords.text("password")?) {
            (Some(user), Some(password)) => mail.with_login(user, Secret::new(password)),
            (None, None) => mail,
            _ => return Err(config("send notices by mail", "user and password belong together")),
        };
        mail = mail.with(roots(keywords.path("ca_file")?), keywords.duration("timeout")?);
        keywords.end()?;
        Ok(Mail { mail, server })
    }

    fn __repr__(&self) -> String {
        format!("<mail through {}>", self.server)
    }
}

/// What was told so far, so that each change is told once.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Notices(Mutex<Option<monitor::Notices>>);

impl Notices {
    fn of(notices: monitor::Notices) -> Self {
        Notices(Mutex::new(Some(notices)))
    }

    /// Works with them; no lock is held meanwhile, since that may wait or call Python.
    fn with<T>(&self, work: impl FnOnce(&mut monitor::Notices) -> Result<T>) -> Result<T> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = lock().take();
        let busy = || Error::new(ErrorKind::Conflict, OPERATION, "they are being told already");
        let mut notices = taken.ok_or_else(busy)?;
        let done = work(&mut notices);
        *lock() = Some(notices);
        done
    }
}

#[pymethods]
impl Notices {
    #[new]
    fn new() -> Self {
        Notices::of(monitor::Notices::default())
    }

    /// Reads what was kept as JSON.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn from_json(text: &str) -> Result<Self> {
        Ok(Notices::of(monitor::Notices::from_json(text)?))
    }

    /// All of it as JSON text.
    fn to_json(&self) -> Result<String> {
        self.with(|notices| Ok(notices.to_json()))
    }

    /// Tells a recipient what has changed, and keeps that as told once it was taken; what was told.
    #[pyo3(
        signature = (to, **keywords),
        text_signature = "($self, to, *, report=None, warnings=None, analysis=None, conditions=None, at=None)"
    )]
    fn tell<'py>(
        &self,
        py: Python<'py>,
        to: &Bound<'py, PyAny>,
        keywords: Option<Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let keywords = Keywords::new("Notices.tell", OPERATION, keywords);
        let analysis = keywords.object::<AnalysisReport>("analysis", "an AnalysisReport")?;
        let given = GivenConditions {
            report: keywords.json("report")?,
            warnings: keywords.json("warnings")?,
            analysis: analysis.as_ref().map(|report| &report.get().0),
            conditions: keywords.json("conditions")?,
        };
        let (holding, at) = (given.read()?, keywords.moment("at")?.unwrap_or_else(OffsetDateTime::now_utc));
        keywords.end()?;
        let to_recipient = recipient(to)?;
        let told = self.with(|notices| match to_recipient {
            Some(to) => Handle::new()?.block(py, notices.tell(&to, &holding, at)),
            None => notices.call(&holding, at, |notices| {
                to.call1((to_python(py, &notices)?,))?;
                Ok::<(), Failure>(())
            }),
        })?;
        to_python(py, &told)
    }

    fn __repr__(&self) -> &'static str {
        "<notices>"
    }
}

/// Who a script names; none for a function of its own.
fn recipient(to: &Bound<'_, PyAny>) -> Result<Option<Recipient>> {
    if let Ok(hook) = to.cast::<Webhook>() {
        return Ok(Some(hook.get().0.clone().into()));
    }
    if let Ok(mail) = to.cast::<Mail>() {
        return Ok(Some(mail.get().mail.clone().into()));
    }
    if to.is_callable() { Ok(None) } else { Err(wrong_type("to is a Webhook, a Mail or a function", to)) }
}
