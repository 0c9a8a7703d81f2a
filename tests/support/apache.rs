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
        let (folder, port) = (TestFolder::new(), free_port());
        let write = |name: &str, text: &str| {
            std::fs::write(folder.file(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
        };
        write("chain.pem", &certificate.chain_pem);
        write("key.pem", &certificate.key_pem);
        write("ntlm_users", &format!("{NTLM_DOMAIN}:{USER}:{PASSWORD}\n"));
        #[cfg(unix)]
        let _ = std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
        let path = folder.path().display();
        let store = format!("GssapiCredStore keytab:{}", realm.service_keytab().display());
        let mechanisms = match mechanism {
            Mechanism::Ntlm => "GssapiAllowedMech ntlmssp\n GssapiConnectionBound On".to_owned(),
            Mechanism::Kerberos => format!("GssapiAllowedMech krb5\n GssapiConnectionBound Off\n {store}"),
            Mechanism::KerberosOnce => format!("GssapiAllowedMech krb5\n GssapiConnectionBound On\n {store}"),
        };
        let modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "proxy", "proxy_http"];
        let modules: String = modules
            .into_iter()
            .chain(["headers", "auth_gssapi"])
            .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
            .collect();
        let backend = behind.trim_end_matches('/');
        write(
            "apache.conf",
            &format!(
                "{modules}ServerRoot {path}\nServerName localhost\nPidFile {path}/pid\nDefaultRuntimeDir {path}\n\
                 User www-data\nGroup www-data\nListen 127.0.0.1:{port}\nErrorLog {path}/error.log\n\
                 LogLevel info\nStartServers 1\nSSLEngine On\nSSLCertificateFile {path}/chain.pem\n\
                 SSLCertificateKeyFile {path}/key.pem\nSSLProxyEngine On\nSSLProxyVerify none\n\
                 SSLProxyCheckPeerName Off\nSSLProxyCheckPeerCN Off\nSSLProxyCheckPeerExpire Off\n\
                 ProxyPreserveHost On\n<Location \"/AdminService\">\n AuthType GSSAPI\n AuthName test\n \
                 {mechanisms}\n Require valid-user\n \
                 RequestHeader set Authorization \"Bearer {token}\"\n ProxyPass \"{backend}\"\n</Location>\n"
            ),
        );
        let mut command: Command = realm.command("apache2");
        let child = command
            .args(["-f", &folder.file("apache.conf").display().to_string(), "-DFOREGROUND"])
            .env("NTLM_USER_FILE", folder.file("ntlm_users"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("apache2: {error}"));
        let server = Apache { folder, port, child };
        wait_for_port(port, &format!("apache2 ({})", server.log()));
        server
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
