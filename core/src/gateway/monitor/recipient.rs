//! Who is told: a program by webhook, people by mail.

use time::OffsetDateTime;

use super::{Mail, Notice, Webhook};
use crate::error::Result;

/// Somebody who is told about notices.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recipient {
    /// Signed JSON to an address.
    Webhook(Webhook),
    /// A mail.
    Mail(Box<Mail>),
}

impl From<Webhook> for Recipient {
    fn from(hook: Webhook) -> Self {
        Recipient::Webhook(hook)
    }
}

impl From<Mail> for Recipient {
    fn from(mail: Mail) -> Self {
        Recipient::Mail(Box::new(mail))
    }
}

impl Recipient {
    /// Who it is, in a few words without a secret.
    pub fn name(&self) -> String {
        match self {
            Recipient::Webhook(hook) => hook.name(),
            Recipient::Mail(mail) => mail.name(),
        }
    }

    /// Sends notices, once; nothing is sent where there are none.
    ///
    /// # Errors
    /// Those of [`Webhook::send`] and [`Mail::send`].
    pub async fn send(&self, notices: &[Notice], now: OffsetDateTime) -> Result<()> {
        match self {
            Recipient::Webhook(hook) => hook.send(notices, now).await,
            Recipient::Mail(mail) => mail.send(notices, now).await,
        }
    }
}
