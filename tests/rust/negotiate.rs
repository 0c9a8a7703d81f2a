//! SPNEGO against servers that are not ours: a KDC of MIT's, Apache's GSSAPI module, and GSSAPI itself.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::net::{AuthMethod, PemSource};
use cmgateway::site::{
    AdminServiceServer, ConnectOptions, EmbeddedSite, PutMode, ServerOptions, Site, SiteCode,
};
use cmgateway::wmi::wql::Parameters;
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::apache::{Apache, Mechanism, NTLM_DOMAIN};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gssapi_front::GssapiFront;
use cmgateway_tests::kerberos_realm::{KerberosRealm, PASSWORD, REALM, USER};
use cmgateway_tests::skip::skipped;
use cmgateway_tests::test_pki::TestPki;

const TOKEN: &str = "t0ken-behind-the-front";

/// An AdminService of ours behind Apache.
struct Lab {
    apache: Apache,
    _server: AdminServiceServer,
    folder: TestFolder,
}

async fn lab(realm: &KerberosRealm, mechanism: Mechanism) -> Lab {
    let (pki, folder) = (TestPki::new(), TestFolder::new());
    let certificate = pki.server(&["localhost", "127.0.0.1"]);
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let site = EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    let options = ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate_chain_pem: PemSource::bytes(certificate.chain_pem.as_str()),
        key_pem: PemSource::bytes(certificate.key_pem.as_str()),
        token: Secret::new(TOKEN),
    };
    let server = AdminServiceServer::start(site, options).await.unwrap();
    let apache = Apache::start(realm, mechanism, &certificate, &server.url(), TOKEN);
    Lab { apache, _server: server, folder }
}

fn options(lab: &Lab, user: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(lab.apache.url());
    options.ca_file = Some(lab.folder.file("ca.pem"));
    options.user = Some(user.to_owned());
    options.password = Some(Secret::new(PASSWORD));
    options
}

/// Works with the site as a script does; several requests, two at a time.
async fn work(site: &Site) -> cmgateway::Result<()> {
    let mut service = site.new_instance("SMS_AzureService").await?;
    service.set("ServiceCName", "GraniteFalls.contoso.com")?;
    let path = site.put(&mut service, PutMode::CreateOnly).await?;
    let (code, read) = tokio::join!(site.code(), site.get(&path));
    assert_eq!((code?.as_str(), read?.text("ServiceCName")), ("GF1", Some("GraniteFalls.contoso.com")));
    let rows = site.query("SELECT * FROM SMS_AzureService", &Parameters::None).await?.all().await?;
    assert!(!rows.is_empty());
    site.delete(&path).await
}

fn installed() -> Option<KerberosRealm> {
    if !Apache::is_installed() || !GssapiFront::is_installed() {
        skipped("Apache with mod_auth_gssapi, gss-ntlmssp, and python3-gssapi are not installed");
        return None;
    }
    let realm = KerberosRealm::start();
    if realm.is_none() {
        skipped("MIT's KDC is not installed");
    }
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn kerberos_lets_in_a_user_of_the_realm_and_nobody_else() {
    let Some(realm) = installed() else { return };
    for mechanism in [Mechanism::Kerberos, Mechanism::KerberosOnce] {
        let lab = lab(&realm, mechanism).await;
        for (auth, user, in_realm) in [
            (None, format!("{REALM}\\{USER}"), None),
            (Some(AuthMethod::Kerberos), USER.to_owned(), Some(REALM.to_owned())),
        ] {
            let mut given = options(&lab, &user);
            (given.auth, given.realm, given.kdc) = (auth, in_realm, Some(realm.kdc()));
            let site = Site::connect(given).await.unwrap();
            work(&site).await.unwrap_or_else(|error| panic!("{mechanism:?} {error:?}\n{}", lab.apache.log()));
        }
        let mut given = options(&lab, USER);
        (given.auth, given.realm, given.kdc) =
            (Some(AuthMethod::Kerberos), Some(REALM.into()), Some(realm.kdc()));
        given.password = None;
        given.keytab_file = Some(realm.user_keytab());
        work(&Site::connect(given.clone()).await.unwrap()).await.unwrap();
        given.keytab_file = None;
        given.password = Some(Secret::new("not the password"));
        let error = work(&Site::connect(given).await.unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
        assert!(!format!("{error:?}").contains("not the password"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ntlm_lets_in_by_connection() {
    let Some(realm) = installed() else { return };
    let lab = lab(&realm, Mechanism::Ntlm).await;
    let user = format!("{NTLM_DOMAIN}\\{USER}");
    let mut given = options(&lab, &user);
    given.auth = Some(AuthMethod::Ntlm);
    let site = Site::connect(given.clone()).await.unwrap();
    work(&site).await.unwrap_or_else(|error| panic!("{error:?}\n{}", lab.apache.log()));
    // Without a KDC for the domain, negotiate comes to the same.
    (given.auth, given.kdc) = (Some(AuthMethod::Negotiate), Some("127.0.0.1:1".into()));
    work(&Site::connect(given.clone()).await.unwrap()).await.unwrap();
    // Kerberos alone does not.
    given.auth = Some(AuthMethod::Kerberos);
    let error = work(&Site::connect(given.clone()).await.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    (given.auth, given.kdc, given.password) = (Some(AuthMethod::Ntlm), None, Some(Secret::new("wrong")));
    let error = work(&Site::connect(given).await.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    assert!(error.to_string().contains("does not let in CONTOSO\\anna by ntlm"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authentication_is_bound_to_the_tls_connection() {
    let Some(realm) = installed() else { return };
    let (pki, folder) = (TestPki::new(), TestFolder::new());
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let (own, other) = (pki.server(&["localhost"]), pki.server(&["localhost"]));
    for (auth, user) in [
        (AuthMethod::Kerberos, format!("{REALM}\\{USER}")),
        (AuthMethod::Ntlm, format!("{NTLM_DOMAIN}\\{USER}")),
    ] {
        for (bound_to, is_right) in [(&own, true), (&other, false)] {
            let front = GssapiFront::bound(&realm, &own, bound_to);
            let mut given = ConnectOptions::new(format!("https://localhost:{}/AdminService", front.port()));
            given.ca_file = Some(folder.file("ca.pem"));
            (given.auth, given.user) = (Some(auth), Some(user.clone()));
            (given.password, given.kdc) = (Some(Secret::new(PASSWORD)), Some(realm.kdc()));
            let site = Site::connect(given).await.unwrap();
            let rows = match site.query("SELECT * FROM SMS_Site", &Parameters::None).await {
                Ok(rows) => rows.all().await,
                Err(error) => Err(error),
            };
            match is_right {
                true => {
                    let who = rows.unwrap()[0].text("user").unwrap().to_owned();
                    assert!(who.contains(USER), "{who}");
                }
                false => assert_eq!(rows.unwrap_err().kind(), ErrorKind::Auth, "{auth:?}"),
            }
        }
    }
}
