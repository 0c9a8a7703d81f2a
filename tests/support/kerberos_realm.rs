//! A Kerberos realm of a test's own: MIT's KDC on a free port, with a user and the service `HTTP/localhost`.
#![expect(clippy::panic, reason = "a test's set-up fails by panic")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::TestFolder;

/// The realm's name.
pub const REALM: &str = "CMGATEWAY.TEST";
/// A user of the realm.
pub const USER: &str = "anna";
/// The user's password.
pub const PASSWORD: &str = "Rosebud-7 is no sled";

/// The realm; its KDC stops when it is dropped.
#[derive(Debug)]
pub struct KerberosRealm {
    folder: TestFolder,
    port: u16,
    kdc: Child,
}

impl KerberosRealm {
    /// Starts the realm; None where MIT's KDC is not installed.
    ///
    /// # Panics
    /// Where it is installed and does not start.
    pub fn start() -> Option<Self> {
        let installed =
            ["krb5kdc", "kdb5_util", "kadmin.local"].into_iter().all(|name| program(name).is_some());
        if !installed {
            return None;
        }
        let folder = TestFolder::new();
        let port = free_port();
        let path = folder.path().display();
        write(
            &folder.file("krb5.conf"),
            &format!(
                "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
                 rdns = false\n udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
            ),
        );
        write(
            &folder.file("kdc.conf"),
            &format!(
                "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n \
                 {REALM} = {{\n  database_name = {path}/principal\n  key_stash_file = {path}/stash\n  \
                 acl_file = {path}/kadm5.acl\n  supported_enctypes = aes256-cts:normal aes128-cts:normal\n }}\n\
                 [logging]\n kdc = FILE:{path}/kdc.log\n"
            ),
        );
        let tool = |name: &str| command(&folder, name);
        run(tool("kdb5_util").args(["create", "-s", "-r", REALM, "-P", "master"]));
        let admin = |query: &str| run(tool("kadmin.local").args(["-r", REALM, "-q", query]));
        admin(&format!("addprinc -pw \"{PASSWORD}\" +requires_preauth {USER}"));
        admin("addprinc -randkey HTTP/localhost");
        admin(&format!("ktadd -k {path}/http.keytab HTTP/localhost"));
        admin(&format!("ktadd -norandkey -k {path}/user.keytab {USER}"));
        // The web server reads it as another user.
        #[cfg(unix)]
        allow_all(&folder.file("http.keytab"));
        let kdc = tool("krb5kdc").arg("-n").spawn().unwrap_or_else(|error| panic!("krb5kdc: {error}"));
        let realm = KerberosRealm { folder, port, kdc };
        wait_for_port(port, "krb5kdc");
        Some(realm)
    }

    /// Where the KDC listens, as the option `kdc` takes it.
    pub fn kdc(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The keytab of `HTTP/localhost`.
    pub fn service_keytab(&self) -> PathBuf {
        self.folder.file("http.keytab")
    }

    /// The keytab of the user.
    pub fn user_keytab(&self) -> PathBuf {
        self.folder.file("user.keytab")
    }

    /// A program that sees this realm as its own.
    pub fn command(&self, name: &str) -> Command {
        command(&self.folder, name)
    }
}

impl Drop for KerberosRealm {
    fn drop(&mut self) {
        let _ = self.kdc.kill();
        let _ = self.kdc.wait();
    }
}

/// The path of a program; those of administrators are not always on a user's PATH.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A port that nobody listens on just now.
///
/// # Panics
/// Where there is none.
pub fn free_port() -> u16 {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("a port: {error}"));
    listener.local_addr().map_or_else(|error| panic!("a port: {error}"), |address| address.port())
}

/// Waits until somebody listens on a port.
///
/// # Panics
/// Where nobody does within ten seconds.
pub fn wait_for_port(port: u16, who: &str) {
    let started = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "{who} does not listen on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn command(folder: &TestFolder, name: &str) -> Command {
    let mut command = Command::new(program(name).unwrap_or_else(|| name.into()));
    command
        .env("KRB5_CONFIG", folder.file("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.file("kdc.conf"))
        .env("KRB5CCNAME", format!("FILE:{}", folder.file("ccache").display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn run(command: &mut Command) {
    let output =
        command.stderr(Stdio::piped()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn write(file: &std::path::Path, text: &str) {
    std::fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

#[cfg(unix)]
fn allow_all(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644));
}
