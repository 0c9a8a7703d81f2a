//! Whether a new certificate may take the place of the old one.

use time::OffsetDateTime;

use super::finding::Finding;
use crate::cert::Certificate;

/// Tells what stands against putting a new server certificate in the place of the old one.
///
/// Configuration Manager compares the common names with case: the same letters in another case are refused (page
/// "modify-cloud-management-gateway"). What else is asked of the new one, [`check_server_certificate`](super::check_server_certificate) says.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions};
/// use cmgateway::gateway::server_certificate::check_renewal;
/// use time::macros::datetime;
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(now))?;
/// let findings = check_renewal(pki.server().certificate(), pki.client().certificate(), now);
/// assert_eq!(findings[0].rule, "common_name");
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn check_renewal(old: &Certificate, new: &Certificate, at: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = |certificate: &Certificate| certificate.common_name().unwrap_or_default();
    let (before, after) = (name(old), name(new));
    if before != after {
        let case = before.eq_ignore_ascii_case(&after);
        let (rule, why) = match case {
            true => ("common_name_case", "they differ in case, and the comparison heeds it"),
            false => ("common_name", "a gateway with another name has to be made anew"),
        };
        findings
            .push(Finding::error(rule, format!("the common name is {after:?} and was {before:?}: {why}")));
    } else if old.subject() != new.subject() {
        let text = format!(
            "the subject is {} and was {}: other parts than the common name may force a new deployment",
            new.subject(),
            old.subject()
        );
        findings.push(Finding::warning("subject", text));
    }
    if old == new {
        findings.push(Finding::warning("same_certificate", "it is the certificate that is there already"));
    } else if new.not_after() <= old.not_after() {
        let text = format!("it ends on {}, not later than the old one", new.not_after().date());
        findings.push(Finding::warning("not_longer", text));
    }
    if !new.is_valid_at(at) {
        findings.push(Finding::error("validity", "it is not valid at this moment"));
    }
    findings
}
