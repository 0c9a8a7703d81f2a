//! What ends soon: certificates, revocation lists and secrets.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::threshold::Level;
use crate::cert::{Certificate, Crl};
use crate::error::Result;
use crate::proxy::ConnectionPointOptions;

/// One thing that ends, with the moment at which it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// What it is, such as `server certificate` or `client secret`.
    pub what: String,
    /// Which one: a subject, an issuer, a name.
    pub name: String,
    /// When it ends.
    #[serde(with = "super::moment")]
    pub end: OffsetDateTime,
    /// The days within which it is critical and warned about, where its life is short by nature.
    #[serde(skip)]
    pub own_days: Option<(i64, i64)>,
}

/// A revocation list lives for days: it is critical on its last day, and warned about on the one before.
const LIST_DAYS: (i64, i64) = (1, 2);

impl Expiring {
    /// Something by its name, such as a client secret.
    pub fn new(what: impl Into<String>, name: impl Into<String>, end: OffsetDateTime) -> Self {
        Expiring { what: what.into(), name: name.into(), end, own_days: None }
    }

    /// A certificate, and what it is for.
    pub fn certificate(what: impl Into<String>, certificate: &Certificate) -> Self {
        Self::new(what, certificate.subject(), certificate.not_after())
    }

    /// A revocation list; nothing where it does not say when it ends.
    pub fn crl(list: &Crl) -> Option<Self> {
        let mut item = Self::new("revocation list", list.issuer(), list.next_update()?);
        item.own_days = Some(LIST_DAYS);
        Some(item)
    }
}

/// How soon something ends, or that it has ended; prints as `warning: server certificate CN=gw ends in 12 days`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpiryWarning {
    /// What ends.
    #[serde(flatten)]
    pub item: Expiring,
    /// How bad that is.
    pub level: Level,
    /// Whole days until then; negative afterwards.
    pub days_left: i64,
}

impl std::fmt::Display for ExpiryWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, name) = (&self.item.what, &self.item.name);
        write!(f, "{}: {what} {name} ", self.level.as_str())?;
        match self.days_left {
            left if left < 0 => write!(f, "ended on {}", self.item.end.date()),
            1 => f.write_str("ends in 1 day"),
            left => write!(f, "ends in {left} days"),
        }
    }
}

/// What ends of all that a connection point goes by: roots, sub-CAs, revocation lists and its own certificates.
///
/// # Errors
/// Those of reading its certificate files.
pub fn expiring_of_connection_point(point: &ConnectionPointOptions) -> Result<Vec<Expiring>> {
    let trust = &point.configuration;
    let of = |what: &str, all: &[Certificate]| -> Vec<Expiring> {
        all.iter().map(|each| Expiring::certificate(what, each)).collect()
    };
    let mut items = of("root", &trust.roots);
    items.extend(of("sub-CA", &trust.sub_cas));
    items.extend(trust.crls.iter().filter_map(Expiring::crl));
    let own = point.certificate_chain_pem.certificates()?;
    items.extend(of("connection point certificate", own.get(..1).unwrap_or_default()));
    if let Some((chain, _)) = &point.inside_identity {
        let client = chain.certificates()?;
        items.extend(of("client authentication certificate", client.get(..1).unwrap_or_default()));
    }
    Ok(items)
}

/// Warns about what ends soon: certificates, revocation lists and secrets, the first to end first.
///
/// What ends within `critical_days` is critical, within `warning_days` a warning.
/// The product has no such warning. What has a short life by its nature, as revocation lists have, has days of its own.
///
/// ```
/// use cmgateway::gateway::monitor::{Expiring, Level, expiry_warnings};
/// use time::{Duration, macros::datetime};
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let secret = Expiring::new("client secret", "app", now + Duration::days(5));
/// let warnings = expiry_warnings(&[secret], now, 7, 30);
/// assert_eq!((warnings[0].level, warnings[0].days_left), (Level::Critical, 5));
/// ```
pub fn expiry_warnings(
    items: &[Expiring],
    at: OffsetDateTime,
    critical_days: i64,
    warning_days: i64,
) -> Vec<ExpiryWarning> {
    let all = expiry_levels(items, at, critical_days, warning_days);
    all.into_iter().filter(|warning| warning.level != Level::Normal).collect()
}

/// The same for all of it, also for what does not end soon (`normal`).
pub fn expiry_levels(
    items: &[Expiring],
    at: OffsetDateTime,
    critical_days: i64,
    warning_days: i64,
) -> Vec<ExpiryWarning> {
    let judged = |item: &Expiring| {
        let left = (item.end - at).whole_days() - i64::from(item.end < at);
        let (critical, warning) = item.own_days.unwrap_or((critical_days, warning_days));
        let level = match left {
            left if left < critical => Level::Critical,
            left if left < warning => Level::Warning,
            _ => Level::Normal,
        };
        ExpiryWarning { item: item.clone(), level, days_left: left }
    };
    let mut found: Vec<ExpiryWarning> = items.iter().map(judged).collect();
    found.sort_by(|one, two| (one.item.end, &one.item.name).cmp(&(two.item.end, &two.item.name)));
    found
}
