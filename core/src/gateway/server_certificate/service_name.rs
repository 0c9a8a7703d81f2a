//! What clients and the connection point call the gateway.

use std::fmt;
use std::str::FromStr;

use super::deployment_name::AzureCloud;
use crate::cert::{AlternativeNameKind, Certificate};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::HOST_NAME_BYTES_MAX;

const OPERATION: &str = "read service name";

/// The service name of a gateway: the host name in its server certificate, which goes into client policy.
///
/// It is a full host name (`GraniteFalls.contoso.com`), kept in the case it was given in: a renewal compares with case.
///
/// ```
/// use cmgateway::gateway::server_certificate::ServiceName;
/// let name = ServiceName::parse("GraniteFalls.contoso.com")?;
/// assert_eq!((name.prefix(), name.is_azure()), ("GraniteFalls", false));
/// assert!(ServiceName::parse("*.contoso.com").is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceName(String);

impl ServiceName {
    /// Reads a service name: a host name of two labels or more, without a wildcard.
    ///
    /// # Errors
    /// `config` where it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, OPERATION, format!("{text:?} {cause}")));
        if text.starts_with('*') {
            return refuse("has a wildcard; the prefix of the gateway must take its place");
        }
        let label = |label: &str| {
            let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && allowed && !label.starts_with('-') && !label.ends_with('-')
        };
        if text.len() > HOST_NAME_BYTES_MAX || !text.contains('.') || !text.split('.').all(label) {
            return refuse("is not a full host name such as gw.contoso.com");
        }
        Ok(ServiceName(text.to_owned()))
    }

    /// The service name that a certificate gives: its common name, or its first DNS name where that is none.
    ///
    /// Which of the two counts where they differ, Microsoft's pages do not say; `wanted` chooses, as `-ServiceName` of
    /// PowerShell does. Of a wildcard certificate, `wanted` is the whole name or the label for the asterisk.
    ///
    /// # Errors
    /// `certificate` where the certificate has no host name, has a wildcard and nothing is wanted, or is not for what is wanted.
    pub fn of_certificate(certificate: &Certificate, wanted: Option<&str>) -> Result<Self> {
        let refuse =
            |cause: String| Error::new(ErrorKind::Certificate, "find service name of certificate", cause);
        let names = host_names(certificate);
        let Some(wanted) = wanted else {
            let name = names.first().ok_or_else(|| refuse("it has no host name".into()))?;
            if let Some(domain) = name.strip_prefix("*.") {
                let cause = format!("{name} has a wildcard; say which prefix below {domain} the gateway has");
                return Err(refuse(cause));
            }
            return ServiceName::parse(name).map_err(|error| refuse(error.cause().to_owned()));
        };
        let whole = match names.iter().find_map(|name| name.strip_prefix("*.")) {
            Some(domain) if !wanted.contains('.') => format!("{wanted}.{domain}"),
            _ => wanted.to_owned(),
        };
        let name = ServiceName::parse(&whole)?;
        if names.iter().any(|each| name.is_covered_by(each)) {
            return Ok(name);
        }
        Err(refuse(format!("it is not for {whole}; its names are {}", names.join(", "))))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first label, from which the name in Azure is made.
    pub fn prefix(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// True where it is a name of Azure itself, so that no CNAME is needed; no public authority can certify it.
    pub fn is_azure(&self) -> bool {
        AzureCloud::of_name(&self.0).is_some()
    }

    /// True where a name of a certificate is this one, or a wildcard for it.
    pub(super) fn is_covered_by(&self, name: &str) -> bool {
        match name.strip_prefix("*.") {
            Some(domain) => self.0.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
            None => self.0.eq_ignore_ascii_case(name),
        }
    }
}

/// The common name where it is a host name, then the DNS names that differ from it.
pub(super) fn host_names(certificate: &Certificate) -> Vec<String> {
    let is_host = |name: &String| name.contains('.') && !name.contains(' ');
    let mut out: Vec<String> = certificate.common_name().filter(is_host).into_iter().collect();
    for name in certificate.subject_alternative_names() {
        let known = out.iter().any(|each| each.eq_ignore_ascii_case(&name.text));
        if name.kind == AlternativeNameKind::Dns && !known {
            out.push(name.text);
        }
    }
    out
}

impl FromStr for ServiceName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        ServiceName::parse(text)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
