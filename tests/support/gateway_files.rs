//! The files that a gateway is made from: a PFX, roots, sub-CAs, and the spec that names them.

use std::path::Path;
use std::sync::OnceLock;

use cmgateway::cert::{
    DevelopmentPki, DevelopmentPkiOptions, KeyKind, PfxKeyPair, PfxProfile, load_private_key, write_pfx,
};
use time::macros::datetime;

/// When everything here is valid.
pub const NOW: time::OffsetDateTime = datetime!(2026-06-01 00:00 UTC);
/// The subscription of the spec.
pub const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
/// The service name of the spec.
pub const SERVICE_NAME: &str = "GraniteFalls.contoso.com";

/// Writes the files into a folder and gives the spec as TOML text.
///
/// # Panics
/// Where that fails; a test cannot go on then.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn write_to(folder: &Path) -> String {
    // RSA keys take seconds: one set for all tests of a process.
    static MADE: OnceLock<Made> = OnceLock::new();
    let made = MADE.get_or_init(make);
    std::fs::write(folder.join("server.pfx"), &made.pfx).expect("a file");
    std::fs::write(folder.join("root.cer"), &made.root).expect("a file");
    std::fs::write(folder.join("subca.cer"), &made.sub_ca).expect("a file");
    std::fs::write(folder.join("point.cer"), &made.point).expect("a file");
    let spec = format!(
        "service_cert_path = 'server.pfx'\nservice_cert_password = 'correct horse'\nsubscription_id = '{SUBSCRIPTION}'\n\
         region = 'WestUS2'\nvm_instance_count = 2\nca_root_cert = ['root.cer']\nsub_ca_cert = ['subca.cer']\nconnection_point_cert = ['point.cer']\n\
         ssh_public_key = 'ssh-rsa AAAA'\n"
    );
    std::fs::write(folder.join("gateway.toml"), &spec).expect("a file");
    spec
}

struct Made {
    pfx: Vec<u8>,
    root: Vec<u8>,
    sub_ca: Vec<u8>,
    point: Vec<u8>,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn make() -> Made {
    let mut options = DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC));
    options.key = KeyKind::Rsa2048;
    options.server_names = vec![SERVICE_NAME.to_owned()];
    let pki = DevelopmentPki::new(&options).expect("a PKI");
    let server = pki.server();
    let key = load_private_key(server.private_key_pem().expose().as_bytes(), None).expect("a key");
    let pair = PfxKeyPair::new(server.certificate().clone(), key);
    let pfx = write_pfx(&[pair], &[], "correct horse", PfxProfile::Modern).expect("a PFX");
    let sub_ca = pki.sub_cas().first().expect("a sub-CA").certificate().der().to_vec();
    let point = pki.client().certificate().der().to_vec();
    Made { pfx, root: pki.root().certificate().der().to_vec(), sub_ca, point }
}
