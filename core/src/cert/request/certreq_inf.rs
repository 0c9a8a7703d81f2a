//! The INF file from which `certreq -new` of Windows makes a key and a request.

use std::fmt::Write;

use super::RequestOptions;
use crate::cert::alternative_name::AlternativeNameKind;
use crate::cert::key_file::KeyKind;
use crate::cert::key_usage;
use crate::error::{Error, ErrorKind, Result};

/// How `certreq` is to make the key.
///
/// The gateway needs a key that can be exported as a PFX, made for the machine; that is what [`new`](Self::new) gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InfOptions {
    /// The kind of key.
    pub key: KeyKind,
    /// True where the key can be exported; the gateway's must be.
    pub exportable: bool,
    /// True for a key of the machine, false for one of the user.
    pub machine: bool,
    /// The name that Windows shows for the certificate.
    pub friendly_name: Option<String>,
}

impl InfOptions {
    /// RSA with 2048 bits, exportable, of the machine.
    pub fn new() -> Self {
        InfOptions { key: KeyKind::Rsa2048, exportable: true, machine: true, friendly_name: None }
    }
}

impl Default for InfOptions {
    fn default() -> Self {
        InfOptions::new()
    }
}

/// Writes the INF text for `certreq -new` of Windows, so that the key is made there and stays there.
///
/// RSA keys go to the SChannel provider, which every service of a site takes; keys on curves to the software key storage
/// provider. Save it as UTF-16 where it has letters beyond ASCII. The text follows the documentation of `certreq`; no Windows
/// was at hand to run it.
///
/// # Errors
/// `config` where the request names nobody, a text has control characters, a name is of a kind that an INF does not know, or
/// the template is given by both name and object identifier.
///
/// ```
/// use cmgateway::cert::{CertificateTemplate, DistinguishedName, InfOptions, RequestOptions, certreq_inf};
/// let mut options = RequestOptions::server(DistinguishedName::parse("CN=GraniteFalls.contoso.com")?);
/// options.template = Some(CertificateTemplate::named("WebServer"));
/// let text = certreq_inf(&options, &InfOptions::new())?;
/// assert!(text.contains("Exportable = TRUE\r\n"));
/// assert!(text.contains("[RequestAttributes]\r\nCertificateTemplate = \"WebServer\"\r\n"));
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn certreq_inf(request: &RequestOptions, options: &InfOptions) -> Result<String> {
    write(request, options).map_err(|cause| Error::new(ErrorKind::Config, "write certreq INF", cause))
}

fn write(request: &RequestOptions, options: &InfOptions) -> std::result::Result<String, String> {
    if request.subject.is_empty() && request.names.is_empty() {
        return Err("the request has neither a subject nor another name".into());
    }
    let mut lines = vec!["[Version]".into(), "Signature = \"$Windows NT$\"".into(), String::new()];
    lines.push("[NewRequest]".into());
    if !request.subject.is_empty() {
        lines.push(format!("Subject = {}", quoted(&request.subject.to_windows())?));
    }
    let flag = |flag: bool| if flag { "TRUE" } else { "FALSE" };
    lines.push(format!("Exportable = {}", flag(options.exportable)));
    lines.push(format!("MachineKeySet = {}", flag(options.machine)));
    lines.extend(key_lines(options.key));
    if let Some(usage) = key_usage_number(&request.key_usage)? {
        lines.push(format!("KeyUsage = 0x{usage:02x}"));
    }
    if let Some(name) = &options.friendly_name {
        lines.push(format!("FriendlyName = {}", quoted(name)?));
    }
    lines.extend(["SMIME = FALSE".into(), "RequestType = PKCS10".into()]);
    if !request.extended_key_usage.is_empty() {
        lines.extend([String::new(), "[EnhancedKeyUsageExtension]".into()]);
        lines.extend(request.extended_key_usage.iter().map(|purpose| format!("OID = {}", purpose.oid())));
    }
    if !request.names.is_empty() {
        lines.extend([String::new(), "[Extensions]".into(), "2.5.29.17 = \"{text}\"".into()]);
        for name in &request.names {
            let word = match name.kind {
                AlternativeNameKind::Dns => "dns",
                AlternativeNameKind::Ip => "ipaddress",
                AlternativeNameKind::Email => "email",
                AlternativeNameKind::Uri => "url",
                AlternativeNameKind::UserPrincipalName => "upn",
                AlternativeNameKind::DirectoryName => "dn",
                AlternativeNameKind::Other => return Err(format!("an INF has no word for the name {name}")),
            };
            // `&` ends a name.
            if name.text.contains('&') {
                return Err(format!("the name {name} has an '&', which ends names in an INF"));
            }
            lines.push(format!("_continue_ = {}", quoted(&format!("{word}={}&", name.text))?));
        }
    }
    if let Some(template) = &request.template {
        let text = match (&template.name, &template.oid) {
            (Some(text), None) | (None, Some(text)) => text,
            _ => return Err("the template is given by its name or by its object identifier, not both".into()),
        };
        lines.extend([String::new(), "[RequestAttributes]".into()]);
        lines.push(format!("CertificateTemplate = {}", quoted(text)?));
    }
    let mut out = String::new();
    for line in lines {
        // Writing to a string does not fail.
        let _ = write!(out, "{line}\r\n");
    }
    Ok(out)
}

fn key_lines(kind: KeyKind) -> Vec<String> {
    let rsa = |bits: u32| {
        vec![
            format!("KeyLength = {bits}"),
            // AT_KEYEXCHANGE.
            "KeySpec = 1".into(),
            "ProviderName = \"Microsoft RSA SChannel Cryptographic Provider\"".into(),
            "ProviderType = 12".into(),
            "HashAlgorithm = SHA256".into(),
        ]
    };
    let ec = |name: &str, bits: u32, hash: &str| {
        vec![
            format!("KeyAlgorithm = {name}"),
            format!("KeyLength = {bits}"),
            "ProviderName = \"Microsoft Software Key Storage Provider\"".into(),
            format!("HashAlgorithm = {hash}"),
        ]
    };
    match kind {
        KeyKind::Rsa2048 => rsa(2_048),
        KeyKind::Rsa3072 => rsa(3_072),
        KeyKind::Rsa4096 => rsa(4_096),
        KeyKind::EcP256 => ec("ECDSA_P256", 256, "SHA256"),
        KeyKind::EcP384 => ec("ECDSA_P384", 384, "SHA384"),
    }
}

/// The usages as the number that CryptoAPI has for them: the first byte is the lower one.
fn key_usage_number(names: &[String]) -> std::result::Result<Option<u16>, String> {
    let mut bits = 0_u16;
    for name in names {
        bits |= key_usage::bit(name).ok_or_else(|| format!("{name:?} is no key usage"))?;
    }
    Ok((bits != 0).then(|| bits.swap_bytes()))
}

/// A text in quotes: a quote is doubled, and a percent sign, which would begin a string of the INF.
fn quoted(text: &str) -> std::result::Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} has control characters"));
    }
    Ok(format!("\"{}\"", text.replace('"', "\"\"").replace('%', "%%")))
}
