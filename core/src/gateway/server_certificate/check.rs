//! The server certificate of a gateway, checked against every rule at once.

use time::OffsetDateTime;

use super::deployment_name::AzureCloud;
use super::finding::{Finding, Severity};
use super::name_rule::check_name_prefix;
use super::service_name::{ServiceName, host_names};
use crate::cert::{AlternativeNameKind, Certificate, PasswordForm, Pfx, build_chain};

/// What a server certificate is checked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerCertificateOptions {
    /// The moment for which to check.
    pub at: OffsetDateTime,
    /// The cloud that the gateway is to run in.
    pub cloud: AzureCloud,
    /// The service name, where the certificate has several or a wildcard; the label for the asterisk is enough.
    pub service_name: Option<String>,
    /// A certificate with fewer days left is told.
    pub warn_days: i64,
}

impl ServerCertificateOptions {
    /// The public cloud, the name that the certificate gives, a warning for the last 30 days.
    pub fn new(at: OffsetDateTime) -> Self {
        ServerCertificateOptions { at, cloud: AzureCloud::Public, service_name: None, warn_days: 30 }
    }
}

/// What a check of a server certificate found, all at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerCertificateReport {
    /// What is wrong or doubtful, errors and warnings.
    pub findings: Vec<Finding>,
    /// The service name, where there is one.
    pub service_name: Option<ServiceName>,
    /// Whole days until it expires; negative after it has.
    pub days_left: i64,
}

impl ServerCertificateReport {
    /// True where nothing is an error; warnings may be there.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    /// True where the service name needs a CNAME that leads to the deployment name.
    pub fn needs_cname(&self) -> bool {
        self.service_name.as_ref().is_some_and(|name| !name.is_azure())
    }
}

/// Checks a certificate against the rules for a gateway's server certificate and tells every finding.
///
/// Purpose, key (RSA with 2048 or 4096 bits), SHA-2, validity, and names: Microsoft's pages "server-auth-cert" and
/// "pki-certificate-requirements". Trust is not asked here; for that there is [`Verifier`](crate::cert::Verifier).
///
/// ```
/// use cmgateway::cert::{Authority, AuthorityOptions, DistinguishedName, IssueOptions, SubjectAlternativeName};
/// use cmgateway::gateway::server_certificate::{ServerCertificateOptions, check_server_certificate};
/// use time::macros::datetime;
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let root = Authority::root(&AuthorityOptions::new(DistinguishedName::parse("CN=Root")?, now))?;
/// let names = [SubjectAlternativeName::parse("granitefalls.contoso.com")?];
/// let server = root.issue_server(&IssueOptions::new(&names, now))?;
/// let report = check_server_certificate(server.certificate(), &ServerCertificateOptions::new(now));
/// assert!(report.is_good() && report.needs_cname());
/// assert_eq!(report.days_left, 365);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn check_server_certificate(
    certificate: &Certificate,
    options: &ServerCertificateOptions,
) -> ServerCertificateReport {
    let mut findings = Vec::new();
    purpose(certificate, &mut findings);
    key(certificate, &mut findings);
    validity(certificate, options, &mut findings);
    let service_name = name(certificate, options, &mut findings);
    ServerCertificateReport { findings, service_name, days_left: certificate.days_left(options.at) }
}

/// Checks the PFX that the gateway's wizard is given: the certificate in it, its key, its password and its chain.
///
/// A key that is in a PFX could be exported, which is what the gateway asks for. A PFX without a key pair has nothing to check,
/// and its report says only that.
pub fn check_server_pfx(pfx: &Pfx, options: &ServerCertificateOptions) -> ServerCertificateReport {
    let Some(pair) = pfx.key_pairs.first() else {
        let text = "the PFX holds no certificate with its private key; was the key exported with it?";
        let findings = vec![Finding::error("pfx_without_key", text)];
        return ServerCertificateReport { findings, service_name: None, days_left: 0 };
    };
    let mut report = check_server_certificate(&pair.certificate, options);
    let findings = &mut report.findings;
    if pfx.key_pairs.len() > 1 {
        let text = format!(
            "the PFX holds {} certificates with keys; the first one was checked",
            pfx.key_pairs.len()
        );
        findings.push(Finding::warning("pfx_several_keys", text));
    }
    if pfx.password_form != Some(PasswordForm::Text) {
        let text = "the PFX has no password; Configuration Manager demands one since version 2107";
        findings.push(Finding::error("pfx_password", text));
    }
    if pfx.mac.as_ref().is_some_and(|mac| mac.algorithm != "SHA-1") {
        let text = "Windows Server 2016 cannot read this PFX (its MAC is not SHA-1); write it with the profile windows-2016 \
                    where a site server has that version";
        findings.push(Finding::warning("pfx_modern", text));
    }
    let others: Vec<_> = pfx.certificates.iter().map(|each| each.certificate.clone()).collect();
    let chain = build_chain(&pair.certificate, &others);
    if let Some(missing) = chain.missing.filter(|_| !pair.certificate.is_self_issued()) {
        let text = format!("the chain in the PFX ends below {}, which is not in it", missing.subject);
        findings.push(Finding::warning("pfx_chain", text));
    }
    report
}

fn purpose(certificate: &Certificate, findings: &mut Vec<Finding>) {
    let purposes = certificate.extended_key_usage();
    if !purposes.iter().any(|each| each.name() == Some("serverAuth")) {
        let said: Vec<_> = purposes.iter().map(ToString::to_string).collect();
        let said = if said.is_empty() { "nothing".to_owned() } else { said.join(", ") };
        let text = format!("extended key usage must have serverAuth (1.3.6.1.5.5.7.3.1); it has {said}");
        findings.push(Finding::error("purpose", text));
    }
    let unusable =
        |usage: &Vec<&str>| !usage.contains(&"digitalSignature") && !usage.contains(&"keyEncipherment");
    if certificate.key_usage().as_ref().is_some_and(unusable) {
        let text = "key usage allows neither digitalSignature nor keyEncipherment, and TLS needs one of them";
        findings.push(Finding::error("key_usage", text));
    }
    if certificate.is_ca() {
        findings.push(Finding::error("authority", "it is the certificate of an authority, not of a server"));
    }
}

fn key(certificate: &Certificate, findings: &mut Vec<Finding>) {
    let (kind, bits) = (certificate.key_algorithm(), certificate.key_size_bits().unwrap_or(0));
    match (kind.as_str(), bits) {
        ("RSA", 2_048 | 4_096) => {}
        ("RSA", 0..2_048) => {
            let text = format!("the RSA key has {bits} bits; 2048 or 4096 are asked for");
            findings.push(Finding::error("key_size", text));
        }
        ("RSA", _) => {
            let text = format!("the RSA key has {bits} bits; the documentation names 2048 and 4096 only");
            findings.push(Finding::warning("key_size", text));
        }
        _ => {
            let text = format!("the key is {kind}; the documentation names RSA with 2048 or 4096 bits only");
            findings.push(Finding::error("key_kind", text));
        }
    }
    let signed = certificate.signature_algorithm();
    let lower = signed.to_ascii_lowercase();
    if !["sha256", "sha384", "sha512"].iter().any(|digest| lower.contains(digest)) {
        let text =
            format!("it is signed with {signed}; SHA-256, SHA-384 or SHA-512 with RSA or ECDSA is asked for");
        findings.push(match lower.contains("sha1") || lower.contains("md5") || lower.contains("md2") {
            true => Finding::error("signature_digest", text),
            false => Finding::warning("signature_digest", text),
        });
    }
}

fn validity(certificate: &Certificate, options: &ServerCertificateOptions, findings: &mut Vec<Finding>) {
    let days = certificate.days_left(options.at);
    if certificate.is_expired(options.at) {
        let text = format!("it expired on {}", certificate.not_after().date());
        findings.push(Finding::error("expired", text));
    } else if !certificate.is_valid_at(options.at) {
        let text = format!("it is valid from {} on", certificate.not_before().date());
        findings.push(Finding::error("not_yet_valid", text));
    } else if days < options.warn_days {
        findings.push(Finding::warning("expires_soon", format!("it has {days} days left")));
    }
}

fn name(
    certificate: &Certificate,
    options: &ServerCertificateOptions,
    findings: &mut Vec<Finding>,
) -> Option<ServiceName> {
    let names = host_names(certificate);
    let service = match ServiceName::of_certificate(certificate, options.service_name.as_deref()) {
        Ok(service) => service,
        Err(error) => {
            let wildcard = names.first().is_some_and(|name| name.starts_with("*."));
            let rule =
                if wildcard && options.service_name.is_none() { "wildcard_prefix" } else { "service_name" };
            findings.push(Finding::error(rule, error.cause()));
            return None;
        }
    };
    if names.len() > 1 && options.service_name.is_none() {
        let text = format!(
            "it has several names ({}); {service} was taken, say which one is meant",
            names.join(", ")
        );
        findings.push(Finding::warning("several_names", text));
    }
    let alternative = certificate.subject_alternative_names();
    let mut hosts = alternative.iter().filter(|name| name.kind == AlternativeNameKind::Dns).peekable();
    if hosts.peek().is_none() {
        let text =
            format!("{service} stands in the common name only; clients other than Windows look at DNS names");
        findings.push(Finding::warning("alternative_names", text));
    } else if !hosts.any(|name| service.is_covered_by(&name.text)) {
        let text = format!(
            "{service} is not among its DNS names, and where there are some the common name does not count"
        );
        findings.push(Finding::error("alternative_names", text));
    }
    if let Some(cloud) = AzureCloud::of_name(service.as_str()).filter(|cloud| *cloud != options.cloud) {
        let (named, wanted) = (cloud.as_str(), options.cloud.as_str());
        let text =
            format!("{service} is a name of the {named} cloud, and the gateway is for the {wanted} cloud");
        findings.push(Finding::error("cloud", text));
    }
    findings.extend(check_name_prefix(service.prefix()));
    Some(service)
}
