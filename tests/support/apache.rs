//! Apache with its GSSAPI module in front of an AdminService: a Negotiate-speaking server that is not ours.
#![expect(clippy::panic, reason = "a test's set-up fails by panic")]

use std::process::{Child, Command, Stdio};

use crate::folder::TestFolder;
use crate::kerberos_realm::{KerberosRealm, PASSWORD, USER, free_port, program, wait_for_port};
use crate::test_pki::ServerCertificate;

const MODULES: &str = "/usr/lib/apache2/modules";
/// The domain of the user for NTLM.
pub const NTLM_DOMAIN: &str = "CONTOSO";

/// What Apache lets people in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Kerberos; every request is authenticated.
    Kerberos,
    /// Kerberos; the connection is authenticated once.
    KerberosOnce,
    /// NTLM; the connection is authenticated.
    Ntlm,
    /// A name and a password.
    Basic,
}

impl Mechanism {
    fn directives(self, realm: &KerberosRealm) -> String {
        let store = format!("GssapiCredStore keytab:{}\n", realm.service_keytab().display());
        let gssapi = "AuthType GSSAPI\n AuthName test\n ";
        match self {
            Mechanism::Ntlm => format!("{gssapi}GssapiAllowedMech ntlmssp\n GssapiConnectionBound On\n"),
            Mechanism::Kerberos => {
                format!("{gssapi}GssapiAllowedMech krb5\n GssapiConnectionBound Off\n {store}")
            }
            Mechanism::KerberosOnce => {
                format!("{gssapi}GssapiAllowedMech krb5\n GssapiConnectionBound On\n {store}")
            }
            Mechanism::Basic => {
                "AuthType Basic\n AuthName test\n AuthUserFile {folder}/basic_users\n".to_owned()
            }
        }
    }
}

fn write(folder: &TestFolder, name: &str, text: &str) {
    std::fs::write(folder.file(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// The running server; it stops when it is dropped.
#[derive(Debug)]
pub struct Apache {
    folder: TestFolder,
    port: u16,
    child: Child,
}

impl Apache {
    /// True where Apache and its modules, and for NTLM the plug-in of GSSAPI, are installed.
    pub fn is_installed() -> bool {
        let has_module = |name: &str| std::path::Path::new(MODULES).join(name).is_file();
        program("apache2").is_some()
            && has_module("mod_auth_gssapi.so")
            && std::path::Path::new("/etc/gss/mech.d/mech.ntlmssp.conf").is_file()
    }

    /// Starts it in front of an AdminService (`https://…/AdminService`), whose token it adds.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start(
        realm: &KerberosRealm,
        mechanism: Mechanism,
        certificate: &ServerCertificate,
        behind: &str,
        token: &str,
    ) -> Self {
        let folder = TestFolder::new();
        write(&folder, "chain.pem", &certificate.chain_pem);
        write(&folder, "key.pem", &certificate.key_pem);
        let path = folder.path().display();
        let (way_in, backend) = (mechanism.directives(realm), behind.trim_end_matches('/'));
        let configuration = format!(
            "SSLEngine On\nSSLCertificateFile {path}/chain.pem\nSSLCertificateKeyFile {path}/key.pem\n\
             SSLProxyEngine On\nSSLProxyVerify none\nSSLProxyCheckPeerName Off\nSSLProxyCheckPeerCN Off\n\
             SSLProxyCheckPeerExpire Off\nProxyPreserveHost On\n<Location \"/AdminService\">\n {way_in} \
             Require valid-user\n RequestHeader set Authorization \"Bearer {token}\"\n \
             ProxyPass \"{backend}\"\n</Location>\n"
        );
        Self::run(realm, folder, &["ssl", "proxy", "proxy_http", "headers", "auth_gssapi"], &configuration)
    }

    /// Starts it as a forward proxy that connects to ports of this machine for users.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn forward_proxy(realm: &KerberosRealm, mechanism: Mechanism, ports: &[u16]) -> Self {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let configuration = format!(
            "ProxyRequests On\nAllowCONNECT {}\n<Proxy \"*\">\n {} Require valid-user\n</Proxy>\n",
            ports.join(" "),
            mechanism.directives(realm),
        );
        let modules = ["proxy", "proxy_connect", "auth_gssapi", "auth_basic", "authn_file"];
        Self::run(realm, TestFolder::new(), &modules, &configuration)
    }

    fn run(realm: &KerberosRealm, folder: TestFolder, modules: &[&str], configuration: &str) -> Self {
        let port = free_port();
        write(&folder, "ntlm_users", &format!("{NTLM_DOMAIN}:{USER}:{PASSWORD}\n"));
        let hashed = Command::new("openssl").args(["passwd", "-apr1", PASSWORD]).output();
        let hashed = hashed.unwrap_or_else(|error| panic!("openssl: {error}")).stdout;
        write(&folder, "basic_users", &format!("{USER}:{}", String::from_utf8_lossy(&hashed)));
        #[cfg(unix)]
        let _ = std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
        let modules: String = ["mpm_event", "authn_core", "authz_core", "authz_user"]
            .iter()
            .chain(modules)
            .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
            .collect();
        let path = folder.path().display().to_string();
        let configuration = configuration.replace("{folder}", &path);
        write(
            &folder,
            "apache.conf",
            &format!(
                "{modules}ServerRoot {path}\nServerName localhost\nPidFile {path}/pid\nDefaultRuntimeDir {path}\n\
                 User www-data\nGroup www-data\nListen 127.0.0.1:{port}\nErrorLog {path}/error.log\n\
                 LogLevel info\nStartServers 1\n{configuration}"
            ),
        );
        let child = realm
            .command("apache2")
            .args(["-f", &folder.file("apache.conf").display().to_string(), "-DFOREGROUND"])
            .env("NTLM_USER_FILE", folder.file("ntlm_users"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("apache2: {error}"));
        let server = Apache { folder, port, child };
        wait_for_port(port, &format!("apache2 ({})", server.log()));
        server
    }

    /// Where it listens, as `localhost:port`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The address of the AdminService behind it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/AdminService", self.port)
    }

    /// What it wrote into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("error.log")).unwrap_or_default()
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // Asked to end, it ends its workers too.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.child.wait();
    }
}
