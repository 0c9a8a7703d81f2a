//! The list in `SMS_AzureService.SubCACertThumbprint`.

use std::fmt;

use crate::cert::Thumbprint;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SUB_CA_THUMBPRINTS_MAX;

/// The sub-CA thumbprints of a gateway, in the site's order: `AAAA…;BBBB…`.
///
/// Reading never fails: what an old script wrote and is no thumbprint is kept as it stands, and shown as such.
///
/// ```
/// use cmgateway::gateway::sub_ca::ThumbprintList;
/// let stored = "8824022cb382cadd9e19290449b893a839140962; oops";
/// let list = ThumbprintList::read(stored);
/// assert_eq!(list.thumbprints().count(), 1);
/// assert_eq!(list.others().collect::<Vec<_>>(), ["oops"]);
/// assert_eq!(list.to_string(), "8824022CB382CADD9E19290449B893A839140962;oops");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThumbprintList(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Thumbprint(Thumbprint),
    Other(String),
}

impl ThumbprintList {
    /// Reads the text that the site holds.
    pub fn read(stored: &str) -> Self {
        let items = stored.split(';').map(str::trim).filter(|item| !item.is_empty());
        ThumbprintList(
            items
                .map(|item| match Thumbprint::from_hex(item) {
                    Ok(thumbprint) => Entry::Thumbprint(thumbprint),
                    Err(_) => Entry::Other(item.to_owned()),
                })
                .collect(),
        )
    }

    /// Reads a list that somebody typed: thumbprints separated by `;`, none empty, none wrong.
    ///
    /// # Errors
    /// `config` where an item is empty or is no thumbprint; the message counts the items.
    pub fn parse(text: &str) -> Result<Vec<Thumbprint>> {
        let operation = "read thumbprint list";
        let items: Vec<_> = text.split(';').collect();
        if items.len() > SUB_CA_THUMBPRINTS_MAX {
            let cause = format!("it has {} items, {SUB_CA_THUMBPRINTS_MAX} are allowed", items.len());
            return Err(Error::new(ErrorKind::Config, operation, cause));
        }
        let mut thumbprints = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let place = format!("item {} of {}", at + 1, items.len());
            if item.trim().is_empty() {
                return Err(Error::new(ErrorKind::Config, operation, format!("{place} is empty")));
            }
            thumbprints.push(Thumbprint::from_hex(item).map_err(|error| {
                Error::new(ErrorKind::Config, operation, format!("{place}: {}", error.cause()))
            })?);
        }
        Ok(thumbprints)
    }

    /// The thumbprints, in order.
    pub fn thumbprints(&self) -> impl Iterator<Item = Thumbprint> + '_ {
        self.0.iter().filter_map(|entry| match entry {
            Entry::Thumbprint(thumbprint) => Some(*thumbprint),
            Entry::Other(_) => None,
        })
    }

    /// What stands in the list and is no thumbprint, in order.
    pub fn others(&self) -> impl Iterator<Item = &str> + '_ {
        self.0.iter().filter_map(|entry| match entry {
            Entry::Thumbprint(_) => None,
            Entry::Other(text) => Some(text.as_str()),
        })
    }

    /// True where the list has this thumbprint.
    pub fn contains(&self, thumbprint: Thumbprint) -> bool {
        self.thumbprints().any(|other| other == thumbprint)
    }

    pub(super) fn from_thumbprints(thumbprints: impl IntoIterator<Item = Thumbprint>) -> Self {
        ThumbprintList(thumbprints.into_iter().map(Entry::Thumbprint).collect())
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(super) fn push(&mut self, thumbprint: Thumbprint) {
        self.0.push(Entry::Thumbprint(thumbprint));
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Thumbprint) -> bool) {
        self.0.retain(|entry| match entry {
            Entry::Thumbprint(thumbprint) => keep(thumbprint),
            Entry::Other(_) => true,
        });
    }
}

impl fmt::Display for ThumbprintList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in self.0.iter().enumerate() {
            f.write_str(if at > 0 { ";" } else { "" })?;
            write!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Thumbprint(thumbprint) => write!(f, "{thumbprint}"),
            Entry::Other(text) => f.write_str(text),
        }
    }
}
