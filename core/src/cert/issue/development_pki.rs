//! Certificates of our own making, for rehearsals.

use time::OffsetDateTime;

use super::{Authority, AuthorityOptions, IssueOptions, IssuedCertificate};
use crate::cert::{DistinguishedName, KeyKind, SubjectAlternativeName};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DEVELOPMENT_SUB_CAS_MAX;

const OPERATION: &str = "make development PKI";

/// What a [`DevelopmentPki`] is to hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DevelopmentPkiOptions {
    /// The organisation in every name; "Contoso" gives "Contoso Root CA".
    pub organization: String,
    /// How many issuing authorities there are under the root.
    pub sub_cas: usize,
    /// The kind of every key.
    pub key: KeyKind,
    /// The first second of validity.
    pub not_before: OffsetDateTime,
    /// Days of validity, the same for every certificate.
    pub days: u32,
    /// DNS names and IP addresses of the server; the first one is its common name too.
    pub server_names: Vec<String>,
    /// Common name of the client.
    pub client_name: String,
}

impl DevelopmentPkiOptions {
    /// Contoso with two issuing authorities, P-256 keys and `localhost`, valid for a year from `now`.
    pub fn new(now: OffsetDateTime) -> Self {
        DevelopmentPkiOptions {
            organization: "Contoso".into(),
            sub_cas: 2,
            key: KeyKind::EcP256,
            not_before: now,
            days: 365,
            server_names: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
            client_name: "client1.contoso.com".into(),
        }
    }
}

/// A small enterprise PKI for rehearsals: a root, sub-CAs, a server and a client certificate.
///
/// The first issuing authority signs the server and the client. Nothing here is for production: the keys of the
/// authorities are in the memory, and in the case of server and client on the disk, of one machine.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// assert_eq!(pki.root().certificate().subject(), "CN=Contoso Root CA,O=Contoso");
/// assert_eq!(pki.sub_cas().len(), 2);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DevelopmentPki {
    root: IssuedCertificate,
    sub_cas: Vec<IssuedCertificate>,
    server: IssuedCertificate,
    client: IssuedCertificate,
}

impl DevelopmentPki {
    /// Makes every key and certificate.
    ///
    /// # Errors
    /// `config` where an option is out of range or a name cannot stand in a certificate.
    pub fn new(options: &DevelopmentPkiOptions) -> Result<Self> {
        let names = server_names(options)?;
        if !(1..=DEVELOPMENT_SUB_CAS_MAX).contains(&options.sub_cas) {
            let cause =
                format!("there must be 1 to {DEVELOPMENT_SUB_CAS_MAX} sub-CAs, not {}", options.sub_cas);
            return Err(refuse(cause));
        }
        make(options, names).map_err(|error| error.during(OPERATION))
    }

    /// The root: what instances and the site must trust.
    pub fn root(&self) -> &IssuedCertificate {
        &self.root
    }

    /// The issuing authorities; their thumbprints go to the site.
    pub fn sub_cas(&self) -> &[IssuedCertificate] {
        &self.sub_cas
    }

    /// The gateway's certificate, for `serverAuth`.
    pub fn server(&self) -> &IssuedCertificate {
        &self.server
    }

    /// A client's certificate, for `clientAuth`.
    pub fn client(&self) -> &IssuedCertificate {
        &self.client
    }
}

fn make(options: &DevelopmentPkiOptions, names: Vec<SubjectAlternativeName>) -> Result<DevelopmentPki> {
    let organization = &options.organization;
    let authority = |common_name: &str, path_length| -> Result<AuthorityOptions> {
        let mut made = AuthorityOptions::new(subject(organization, common_name)?, options.not_before);
        (made.key, made.days, made.path_length) = (options.key, Some(options.days), path_length);
        Ok(made)
    };
    let issued = |authority: &Authority| {
        let (own, above) = (authority.certificate().clone(), authority.chain().get(1..).unwrap_or_default());
        IssuedCertificate::new(own, authority.private_key().clone(), above)
    };
    let root = Authority::root(&authority(&format!("{organization} Root CA"), None)?)?;
    let mut authorities = Vec::new();
    for number in 1..=options.sub_cas {
        authorities.push(root.sub_ca(&authority(&format!("{organization} Issuing CA {number}"), Some(0))?)?);
    }
    let first = authorities.first().unwrap_or(&root);
    let owner = |names: &[SubjectAlternativeName], common_name: &str| -> Result<IssueOptions> {
        let mut made = IssueOptions::new(names, options.not_before);
        (made.key, made.days) = (options.key, options.days);
        made.subject = Some(subject(organization, common_name)?);
        Ok(made)
    };
    let server_name = options.server_names.first().map_or("", |name| name);
    let client_names: Vec<_> = SubjectAlternativeName::parse(&options.client_name).into_iter().collect();
    Ok(DevelopmentPki {
        server: first.issue_server(&owner(&names, server_name)?)?,
        client: first.issue_client(&owner(&client_names, &options.client_name)?)?,
        root: issued(&root),
        sub_cas: authorities.iter().map(issued).collect(),
    })
}

fn subject(organization: &str, common_name: &str) -> Result<DistinguishedName> {
    let organization = DistinguishedName::of_organization(organization)?;
    DistinguishedName::of_common_name(common_name).map(|name| name.below(&organization))
}

fn server_names(options: &DevelopmentPkiOptions) -> Result<Vec<SubjectAlternativeName>> {
    if options.server_names.is_empty() {
        return Err(refuse("the server has no name"));
    }
    let wrong = |name: &String| refuse(format!("{name:?} is neither a DNS name nor an IP address"));
    let read = |name: &String| SubjectAlternativeName::parse(name).map_err(|_| wrong(name));
    options.server_names.iter().map(read).collect()
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, OPERATION, cause)
}
