//! What a side of a TLS connection trusts, replaceable while connections live.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::{CertificateDer, ServerName};
use time::{Duration, OffsetDateTime};

use super::peer_refusal::{PeerRefusal, certificate_error};
use super::verdicts::{ChainKey, Span, Verdicts};
use crate::cert::{Certificate, RevocationMode, Thumbprint, VerifiedChain, Verifier, VerifierOptions};
use crate::error::{Error, Result};
use crate::net::clock::{Clock, SystemClock};

/// How a verifier of peers learns the time, and whom it tells about refused peers.
///
/// ```
/// use cmgateway::net::PeerVerifierOptions;
/// let options = PeerVerifierOptions::new().on_refusal(|peer| eprintln!("{} {}", peer.reason(), peer.error));
/// ```
#[derive(Clone)]
pub struct PeerVerifierOptions {
    clock: Arc<dyn Clock>,
    on_refusal: Option<Arc<dyn Fn(PeerRefusal) + Send + Sync>>,
}

impl PeerVerifierOptions {
    /// The clock of the machine, and nobody to tell.
    pub fn new() -> Self {
        PeerVerifierOptions { clock: Arc::new(SystemClock), on_refusal: None }
    }

    /// Takes the time from another clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Calls this for every refused peer, on the thread of the handshake and before the peer gets its alert: it must be
    /// quick. To hand refusals on, use a bounded channel and drop what does not fit; peers decide how many there are.
    pub fn on_refusal(mut self, call: impl Fn(PeerRefusal) + Send + Sync + 'static) -> Self {
        self.on_refusal = Some(Arc::new(call));
        self
    }
}

impl Default for PeerVerifierOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PeerVerifierOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listens = self.on_refusal.is_some();
        f.debug_struct("PeerVerifierOptions").field("on_refusal", &listens).finish_non_exhaustive()
    }
}

/// Decides about peers by what it holds at that moment.
pub(super) struct Trust {
    current: RwLock<Arc<Version>>,
    options: PeerVerifierOptions,
    validations: AtomicU64,
}

/// One state of the trust; a verdict of one says nothing under another.
struct Version {
    number: u64,
    verifier: Verifier,
    verdicts: Verdicts,
    /// When a revocation list begins or ceases to count: verdicts may change there.
    turns: Vec<Span>,
}

impl Version {
    fn new(number: u64, options: VerifierOptions) -> Result<Arc<Self>> {
        let far = time::PrimitiveDateTime::MAX.assume_utc();
        let lists = options.crls.iter().filter(|_| options.revocation != RevocationMode::Off);
        let turns = lists
            .map(|list| Span { from: list.this_update(), until: list.next_update().unwrap_or(far) })
            .collect();
        Ok(Arc::new(Version {
            number,
            verifier: Verifier::new(options)?,
            verdicts: Verdicts::default(),
            turns,
        }))
    }

    /// How long a chain that is accepted now stays so.
    fn span(&self, chain: &VerifiedChain, at: OffsetDateTime) -> Span {
        let certificates = chain.certificates();
        let anchor_counts = self.verifier.options().checks_anchor_expiry() || certificates.len() == 1;
        let below = certificates.len().saturating_sub(usize::from(!anchor_counts));
        let ends = certificates.iter().take(below).map(Certificate::not_after);
        let turns = self.turns.iter().filter_map(|turn| match () {
            () if turn.from > at => Some(turn.from.saturating_sub(Duration::NANOSECOND)),
            () if turn.until >= at => Some(turn.until),
            () => None,
        });
        Span { from: at, until: ends.chain(turns).min().unwrap_or(at) }
    }
}

impl Trust {
    pub(super) fn new(number: u64, trust: VerifierOptions, options: PeerVerifierOptions) -> Result<Self> {
        let current = RwLock::new(Version::new(number, trust)?);
        Ok(Trust { current, options, validations: AtomicU64::new(0) })
    }

    pub(super) fn replace(&self, number: u64, trust: VerifierOptions) -> Result<()> {
        let next = Version::new(number, trust)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    pub(super) fn version(&self) -> u64 {
        self.current().number
    }

    pub(super) fn validations(&self) -> u64 {
        self.validations.load(Ordering::Relaxed)
    }

    fn current(&self) -> Arc<Version> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts a peer's chain, or tells the owner why not and gives what rustls makes an alert of.
    pub(super) fn check(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: Option<&ServerName<'_>>,
    ) -> std::result::Result<(), rustls::Error> {
        let (version, at) = (self.current(), self.options.clock.now());
        let host = name.map(ServerName::to_str);
        let key = ChainKey::of(leaf, others, host.as_deref().unwrap_or_default());
        if version.verdicts.holds(&key, at) {
            return Ok(());
        }
        self.validations.fetch_add(1, Ordering::Relaxed);
        match verify(&version.verifier, leaf, others, host.as_deref(), at) {
            Ok(chain) => {
                version.verdicts.remember(key, version.span(&chain, at));
                Ok(())
            }
            Err(error) => {
                let answer = certificate_error(&error, name, at);
                if let Some(tell) = &self.options.on_refusal {
                    tell(PeerRefusal {
                        error,
                        thumbprint: Thumbprint::of_der(leaf),
                        subject: Certificate::from_der(leaf).ok().map(|leaf| leaf.subject()),
                        server_name: host.map(|host| host.into_owned()),
                        version: version.number,
                        at,
                    });
                }
                Err(answer.into())
            }
        }
    }
}

fn verify(
    verifier: &Verifier,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    host: Option<&str>,
    at: OffsetDateTime,
) -> std::result::Result<VerifiedChain, Error> {
    let leaf = Certificate::from_der(leaf)?;
    // What cannot be read cannot help, and does not harm: peers send roots and leftovers along.
    let others: Vec<Certificate> =
        others.iter().filter_map(|each| Certificate::from_der(each).ok()).collect();
    verifier.verify_with(&leaf, &others, host, at)
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("version", &self.version()).finish_non_exhaustive()
    }
}
