//! The rules of a spec that need its certificates, and those of its name.

use std::path::PathBuf;

use serde_json::Map;
use time::OffsetDateTime;

use super::{CheckedSpec, GatewaySpec, refusal};
use crate::cert::{Certificate, load_cer_file, load_pfx_file};
use crate::error::Result;
use crate::gateway::fields::Fields;
use crate::gateway::server_certificate::{
    Finding, ServerCertificateOptions, ServiceName, Severity, check_name_prefix, check_server_pfx,
};
use crate::secret::Secret;

/// Reads the certificates and tells every broken rule at once.
pub(super) fn checked(spec: GatewaySpec, now: OffsetDateTime) -> Result<CheckedSpec> {
    let mut fields = Fields::new("a spec", Map::new());
    let password = spec.service_cert_password.as_ref().map(Secret::expose);
    fields.must(password.is_some_and(|text| !text.is_empty()), "service_cert_password", "is missing");
    let pfx = match load_pfx_file(&spec.service_cert_path, password) {
        Ok(pfx) => pfx,
        Err(error) => {
            fields.must(false, "service_cert_path", &format!("cannot be read: {}", error.cause()));
            return Err(refusal(&fields.end()));
        }
    };
    let mut options = ServerCertificateOptions::new(now);
    options.service_name = spec.service_name.clone();
    let report = check_server_pfx(&pfx, &options);
    for Finding { rule, text, .. } in report.findings.iter().filter(|one| one.severity == Severity::Error) {
        fields.must(false, "service_cert_path", &format!("breaks the rule {rule}: {text}"));
    }
    let chain = pfx.certificates.iter().map(|one| one.certificate.clone()).collect();
    let (roots, sub_cas) = (
        authorities("ca_root_cert", &spec.ca_root_cert, now, &mut fields),
        authorities("sub_ca_cert", &spec.sub_ca_cert, now, &mut fields),
    );
    let connection_points =
        certificates("connection_point_cert", &spec.connection_point_cert, now, &mut fields);
    let Some(server) = pfx.key_pairs.into_iter().next() else {
        fields.must(false, "service_cert_path", "holds no certificate with its private key");
        return Err(refusal(&fields.end()));
    };
    let service_name = match report.service_name {
        Some(name) => name.as_str().to_owned(),
        None => String::new(),
    };
    fields.must(!service_name.is_empty(), "service_name", "cannot be told from the certificate");
    if !service_name.is_empty() {
        name_rules(&service_name, &mut fields);
    }
    let prefix = service_name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let violations = fields.end();
    if !violations.is_empty() {
        return Err(refusal(&violations));
    }
    Ok(CheckedSpec { spec, server, chain, roots, sub_cas, connection_points, service_name, prefix })
}

/// A scale set's gateway gives the first label to a storage account, a key vault and a DNS label: it must keep the rules of
/// every page, those that contradict each other among them. Capitals are lowered.
pub(super) fn name_rules(name: &str, fields: &mut Fields) {
    if let Err(error) = ServiceName::parse(name) {
        fields.must(false, "service_name", &format!("cannot be a service name: {}", error.cause()));
    }
    let prefix = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    for Finding { rule, text, .. } in check_name_prefix(&prefix) {
        fields.must(false, "service_name", &format!("breaks the rule {rule}: {text}"));
    }
}

fn authorities(field: &str, files: &[PathBuf], now: OffsetDateTime, fields: &mut Fields) -> Vec<Certificate> {
    let found = certificates(field, files, now, fields);
    for certificate in &found {
        fields.must(certificate.is_ca(), field, &format!("holds {}, which is no CA", certificate.subject()));
    }
    found
}

fn certificates(
    field: &str,
    files: &[PathBuf],
    now: OffsetDateTime,
    fields: &mut Fields,
) -> Vec<Certificate> {
    let mut found = Vec::new();
    for file in files {
        match load_cer_file(file) {
            Ok(certificates) => found.extend(certificates),
            Err(error) => {
                fields.must(false, field, &format!("{} cannot be read: {}", file.display(), error.cause()));
            }
        }
    }
    for certificate in &found {
        let subject = certificate.subject();
        fields.must(!certificate.is_expired(now), field, &format!("holds {subject}, which has expired"));
    }
    found
}
