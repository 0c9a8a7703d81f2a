//! What an authority has revoked.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::authority::Authority;
use crate::cert::validation::name_comparison;
use crate::cert::validation::signature::{self, Allowed};
use crate::cert::{Certificate, Crl, Revocation, RevocationReason};
use crate::error::{Error, ErrorKind, Result};

/// Serial number (content) and what happened to it.
pub(super) type Entries = BTreeMap<Vec<u8>, Revocation>;

#[derive(Clone, Default)]
pub(super) struct Revocations {
    pub(super) entries: Entries,
    /// The number of the last list; the next one has the next.
    pub(super) last_number: u64,
    /// The last complete list: its number and what was in it.
    pub(super) base: Option<(u64, Entries)>,
}

impl Authority {
    /// Revokes a certificate that this authority issued; it stands in every list from now on.
    ///
    /// Safe to run twice: the first date and reason stay. One on hold may be revoked for good.
    ///
    /// # Errors
    /// `config` where another authority issued it, or the reason is `RemoveFromCrl`, for which there is
    /// [`release`](Self::release); `conflict` where it is revoked for another reason.
    ///
    /// ```
    /// use cmgateway::cert::{Authority, AuthorityOptions, CrlOptions, DistinguishedName, IssueOptions};
    /// use cmgateway::cert::{RevocationReason, SubjectAlternativeName};
    /// use time::macros::datetime;
    /// let now = datetime!(2026-01-01 00:00 UTC);
    /// let mut root = Authority::root(&AuthorityOptions::new(DistinguishedName::parse("CN=Root")?, now))?;
    /// let names = [SubjectAlternativeName::parse("client1.contoso.com")?];
    /// let client = root.issue_client(&IssueOptions::new(&names, now))?;
    /// root.revoke(client.certificate(), RevocationReason::Superseded, now)?;
    /// let list = root.crl(&CrlOptions::new(now))?;
    /// assert_eq!(list.revocation(client.certificate()).unwrap().reason, RevocationReason::Superseded);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn revoke(
        &mut self,
        certificate: &Certificate,
        reason: RevocationReason,
        date: OffsetDateTime,
    ) -> Result<()> {
        const OPERATION: &str = "revoke certificate";
        self.check_own(certificate, OPERATION)?;
        if reason == RevocationReason::RemoveFromCrl {
            let cause = "removeFromCRL is no reason to revoke; `release` ends a hold";
            return Err(Error::new(ErrorKind::Config, OPERATION, cause));
        }
        let serial = certificate.part(certificate.layout().serial).to_vec();
        match self.revocations.entries.get(&serial) {
            Some(earlier) if earlier.reason == reason => return Ok(()),
            Some(earlier) if earlier.reason != RevocationReason::CertificateHold => {
                let cause = format!("it is revoked already, with the reason {}", earlier.reason.as_str());
                return Err(Error::new(ErrorKind::Conflict, OPERATION, cause));
            }
            _ => {}
        }
        let date = date.replace_nanosecond(0).unwrap_or(date);
        self.revocations.entries.insert(serial, Revocation { reason, date });
        Ok(())
    }

    /// Ends the hold of a certificate; one that is not revoked is left as it is.
    ///
    /// # Errors
    /// `config` where another authority issued it; `conflict` where it is revoked for good.
    pub fn release(&mut self, certificate: &Certificate) -> Result<()> {
        const OPERATION: &str = "release certificate";
        self.check_own(certificate, OPERATION)?;
        let serial = certificate.part(certificate.layout().serial);
        match self.revocations.entries.get(serial).map(|entry| entry.reason) {
            None => {}
            Some(RevocationReason::CertificateHold) => drop(self.revocations.entries.remove(serial)),
            Some(reason) => {
                let cause = format!("it is revoked for good, with the reason {}", reason.as_str());
                return Err(Error::new(ErrorKind::Conflict, OPERATION, cause));
            }
        }
        Ok(())
    }

    /// Takes over the entries and the number of a list of this authority, so that the next list has the next one.
    ///
    /// # Errors
    /// `config` where the list is a delta list or of another authority; `certificate` where this authority did not sign it.
    pub fn continue_from(&mut self, list: &Crl) -> Result<()> {
        const OPERATION: &str = "continue from revocation list";
        let refuse = |cause: &str| Error::new(ErrorKind::Config, OPERATION, cause);
        let own = self.certificate();
        if list.issuer_name() != name_comparison::canonical(own.part(own.layout().subject)) {
            return Err(refuse("it is a list of another authority"));
        }
        if list.is_delta() || list.is_indirect() {
            return Err(refuse("it is not a complete list of one authority"));
        }
        let (message, _, algorithm, bytes) = list.signed_parts();
        let allowed = Allowed { sha1: true, small_rsa: true, dsa: false };
        signature::verify(own.public_key_info(), None, algorithm, message, bytes, allowed)
            .map_err(|_| Error::new(ErrorKind::Certificate, OPERATION, "this authority did not sign it"))?;
        let digits = list.numbers().0.unwrap_or_default();
        let digits = digits.iter().skip_while(|digit| **digit == 0);
        if digits.clone().count() > 7 {
            return Err(refuse("its number has more than 56 bits"));
        }
        let number = digits.fold(0, |sum, digit| sum << 8 | u64::from(*digit));
        let entries: Entries = list.own_entries().map(|(serial, entry)| (serial.to_vec(), entry)).collect();
        let base = Some((number, entries.clone()));
        self.revocations = Revocations { entries, last_number: number, base };
        Ok(())
    }

    fn check_own(&self, certificate: &Certificate, operation: &'static str) -> Result<()> {
        let (own, layout) = (self.certificate(), certificate.layout());
        let part = |span| certificate.part(span);
        let (message, bytes) = (part(layout.signed), part(layout.signature));
        let allowed = Allowed { sha1: true, small_rsa: true, dsa: false };
        let algorithm = part(layout.signature_algorithm);
        let is_own = part(layout.issuer) == own.part(own.layout().subject)
            && signature::verify(own.public_key_info(), None, algorithm, message, bytes, allowed).is_ok();
        if is_own {
            return Ok(());
        }
        let cause = format!("{} was not issued by {}", certificate.subject(), own.subject());
        Err(Error::new(ErrorKind::Config, operation, cause))
    }
}
