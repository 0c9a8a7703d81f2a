//! Notices to people: a mail over SMTP.

use std::collections::HashSet;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use time::OffsetDateTime;

use super::notice::Notice;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{MAIL_RECIPIENTS_MAX, REQUEST_TIMEOUT};
use crate::net::TrustedRoots;
use crate::net::smtp::{SmtpServer, SmtpTls};
use crate::secret::Secret;

const OPERATION: &str = "send notices by mail";

/// How the connection to a mail server becomes secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailSecurity {
    /// It begins in clear and must become TLS before anything is said (STARTTLS, RFC 3207), on port 587.
    #[default]
    StartTls,
    /// TLS from the first byte (RFC 8314), on port 465.
    Tls,
    /// In clear, on port 25; only to this machine.
    Local,
}

impl MailSecurity {
    /// Every one of them.
    pub const ALL: [MailSecurity; 3] = [MailSecurity::StartTls, MailSecurity::Tls, MailSecurity::Local];

    /// The word that files, Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            MailSecurity::StartTls => "starttls",
            MailSecurity::Tls => "tls",
            MailSecurity::Local => "local",
        }
    }

    fn port(self) -> u16 {
        match self {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::Local => 25,
        }
    }
}

/// A mail server that takes notices, and the people they are for.
///
/// One mail has all notices of a look. It is marked as sent by a program (`Auto-Submitted`, RFC 3834), so that no holiday reply
/// comes back. The server's certificate is checked as any other of this library.
#[derive(Clone, Debug)]
pub struct Mail {
    server: SmtpServer,
    sender: Mailbox,
    recipients: Vec<Mailbox>,
    login: Option<(String, Secret)>,
    timeout: Duration,
}

impl Mail {
    /// Notices from `sender` to `recipients` through a server, `host` or `host:port`.
    ///
    /// # Errors
    /// `config` for an address that is none, for no, too many or repeated recipients, and for [`MailSecurity::Local`] with
    /// another host than this machine.
    ///
    /// ```
    /// use cmgateway::gateway::monitor::{Mail, MailSecurity};
    /// let to = ["Admins <admins@contoso.com>"];
    /// assert!(Mail::new("smtp.contoso.com", MailSecurity::StartTls, "cmg@contoso.com", &to).is_ok());
    /// assert!(Mail::new("smtp.contoso.com", MailSecurity::Local, "cmg@contoso.com", &to).is_err());
    /// ```
    pub fn new(
        server: &str,
        security: MailSecurity,
        sender: &str,
        recipients: &[impl AsRef<str>],
    ) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, OPERATION, cause);
        let (host, port) = host_and_port(server, security.port())
            .ok_or_else(|| refuse(format!("server: {server:?} is no name with a port")))?;
        if security == MailSecurity::Local && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1") {
            return Err(refuse("security: local is for a mail server on this machine".into()));
        }
        if recipients.is_empty() || recipients.len() > MAIL_RECIPIENTS_MAX {
            return Err(refuse(format!("recipients: one to {MAIL_RECIPIENTS_MAX} are needed")));
        }
        let mailbox = |field: &str, text: &str| -> Result<Mailbox> {
            text.parse().map_err(|_| refuse(format!("{field}: {text:?} is no mail address")))
        };
        let tls = match security {
            MailSecurity::StartTls => SmtpTls::StartTls,
            MailSecurity::Tls => SmtpTls::FromStart,
            MailSecurity::Local => SmtpTls::Never,
        };
        let all = recipients.iter().map(|each| mailbox("recipients", each.as_ref()));
        let all = all.collect::<Result<Vec<_>>>()?;
        let mut seen = HashSet::new();
        if let Some(twice) = all.iter().find(|each| !seen.insert(each.email.to_string().to_lowercase())) {
            return Err(refuse(format!("recipients: {} is there twice", twice.email)));
        }
        Ok(Mail {
            sender: mailbox("sender", sender)?,
            recipients: all,
            server: SmtpServer { host, port, tls, trusted_roots: TrustedRoots::System },
            login: None,
            timeout: REQUEST_TIMEOUT,
        })
    }

    /// The same, signing in with a name and a password (`AUTH PLAIN`, else `AUTH LOGIN`).
    ///
    /// The mail library makes a copy of the password for each session, which is not wiped.
    #[must_use]
    pub fn with_login(mut self, user: impl Into<String>, password: Secret) -> Self {
        self.login = Some((user.into(), password));
        self
    }

    /// The same, trusting these roots and waiting no longer than this for all of it.
    #[must_use]
    pub fn with(mut self, trusted_roots: TrustedRoots, timeout: Option<Duration>) -> Self {
        self.server.trusted_roots = trusted_roots;
        self.timeout = timeout.unwrap_or(self.timeout);
        self
    }

    pub(super) fn name(&self) -> String {
        let to: Vec<String> = self.recipients.iter().map(|each| each.email.to_string()).collect();
        format!("mail to {} through {}:{}", to.join(", "), self.server.host, self.server.port)
    }

    /// Sends one mail with these notices; nothing is sent where there are none.
    ///
    /// A server that refuses one recipient gets no mail at all, so that the next look tells everybody again.
    ///
    /// # Errors
    /// `auth` where the sign-in is refused, `certificate` where the server is not trusted, `config` where it refuses an address
    /// or the mail, `unavailable` where it refuses for now, `unsupported` without STARTTLS, and those of the connection.
    pub async fn send(&self, notices: &[Notice], now: OffsetDateTime) -> Result<()> {
        if notices.is_empty() {
            return Ok(());
        }
        let message = self.message(notices, now)?;
        tokio::time::timeout(self.timeout, self.deliver(&message)).await.unwrap_or_else(|_| {
            let (host, time) = (&self.server.host, self.timeout);
            Err(Error::new(ErrorKind::TimedOut, OPERATION, format!("{host} did not take it within {time:?}")))
        })
    }

    async fn deliver(&self, message: &Message) -> Result<()> {
        let own_name = self.sender.email.domain();
        let stream = self.server.connect(OPERATION, own_name).await?;
        let name = ClientId::Domain(own_name.to_owned());
        let session = AsyncSmtpConnection::connect_with_transport(stream, &name).await;
        let mut session = session.map_err(|error| self.failed("greet", &error))?;
        if let Some((user, password)) = &self.login {
            let login = Credentials::new(user.clone(), password.expose().to_owned());
            let signed_in = session.auth(&[Mechanism::Plain, Mechanism::Login], &login).await;
            signed_in.map_err(|error| self.failed("sign in", &error))?;
        }
        let sent = session.send(message.envelope(), &message.formatted()).await;
        sent.map_err(|error| self.failed("take the mail", &error))?;
        // It has taken the mail; how it says good-bye changes nothing.
        let _ = session.quit().await;
        Ok(())
    }

    fn message(&self, notices: &[Notice], now: OffsetDateTime) -> Result<Message> {
        let own_name = self.sender.email.domain();
        let id = format!("<{:x}.{}@{own_name}>", now.unix_timestamp_nanos(), notices.len());
        let mut builder = Message::builder()
            .from(self.sender.clone())
            .date(now.into())
            .message_id(Some(id))
            .subject(subject(notices))
            .header(ContentType::TEXT_PLAIN)
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for recipient in &self.recipients {
            builder = builder.to(recipient.clone());
        }
        builder
            .body(body(notices))
            .map_err(|error| Error::new(ErrorKind::Config, OPERATION, error.to_string()))
    }

    fn failed(&self, what: &str, error: &lettre::transport::smtp::Error) -> Error {
        let code = error.status().map(u16::from);
        let kind = match code {
            // RFC 4954: credentials, too weak, encryption needed, sign-in needed.
            Some(530 | 534 | 535 | 538) => ErrorKind::Auth,
            Some(500..) => ErrorKind::Config,
            Some(_) => ErrorKind::Unavailable,
            None if error.is_client() => ErrorKind::Unsupported,
            None if error.is_response() => ErrorKind::Protocol,
            None => ErrorKind::Unavailable,
        };
        let host = &self.server.host;
        Error::new(kind, OPERATION, format!("{host} did not {what}: {}", one_line(&told(error))))
    }
}

/// An error with its cause, since the library prints them apart.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let text = error.to_string();
    match std::error::Error::source(error) {
        Some(source) if !text.contains(&source.to_string()) => format!("{text}: {source}"),
        _ => text,
    }
}

fn host_and_port(server: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
        None if server.matches(':').count() > 1 => (server, None),
        None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
    };
    let is_name =
        |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte));
    if host.is_empty() || !is_name(host) {
        return None;
    }
    let port = port.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port > 0))?;
    Some((host.to_owned(), port))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The worst of it, and how much more there is.
fn subject(notices: &[Notice]) -> String {
    let Some(first) = notices.iter().max_by_key(|notice| notice.level) else { return String::new() };
    let word = if first.is_recovery { "over" } else { first.level.as_str() };
    let mut text: String = one_line(&first.id).chars().take(100).collect();
    if let Some(more @ 1..) = notices.len().checked_sub(1) {
        text.push_str(&format!(" and {more} more"));
    }
    format!("[cmgateway] {word}: {text}")
}

fn body(notices: &[Notice]) -> String {
    let line = |notice: &Notice| {
        let word = if notice.is_recovery { "over" } else { notice.level.as_str() };
        let (at, text) = (super::rfc3339(notice.at), one_line(&notice.text));
        match one_line(&notice.id) {
            id if text.contains(&id) => format!("{at} {word}: {text}"),
            id => format!("{at} {word}: {id}: {text}"),
        }
    };
    notices.iter().map(line).collect::<Vec<_>>().join("\r\n")
}
