//! A PKI as files of a folder.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::DevelopmentPki;
use crate::error::{Error, ErrorKind, Result};

impl DevelopmentPki {
    /// Writes `root.cer`, `subca1.cer`… (DER), `server.pem` and `client.pem` (the chain without the root), `server.key` and
    /// `client.key` (for the owner only), and gives their paths; the folder is made where it is missing.
    ///
    /// # Errors
    /// `conflict` where one of the files exists, `auth` where the folder may not be written, `unavailable` where the disk
    /// fails. After an error none of the new files is left.
    pub fn write_to(&self, dir: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(|error| cannot_write(dir, error))?;
        let mut files = vec![("root.cer".to_owned(), self.root().certificate().der().to_vec(), false)];
        for (sub_ca, number) in self.sub_cas().iter().zip(1_usize..) {
            files.push((format!("subca{number}.cer"), sub_ca.certificate().der().to_vec(), false));
        }
        let mut written = Vec::with_capacity(files.len().saturating_add(4));
        let owners = [(self.server(), "server"), (self.client(), "client")];
        let keys =
            owners.map(|(owner, name)| (format!("{name}.key"), owner.private_key_pem().expose().as_bytes()));
        files.extend(
            owners.map(|(owner, name)| (format!("{name}.pem"), owner.chain_pem().into_bytes(), false)),
        );
        let all = files.iter().map(|(name, bytes, private)| (name, bytes.as_slice(), *private));
        for (name, bytes, private) in all.chain(keys.iter().map(|(name, bytes)| (name, *bytes, true))) {
            let path = dir.join(name);
            if let Err(error) = write_new(&path, bytes, private) {
                // Half a PKI helps nobody, and would stand in the way of the next attempt.
                if error.kind() != io::ErrorKind::AlreadyExists {
                    let _ = std::fs::remove_file(&path);
                }
                written.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(cannot_write(&path, error));
            }
            written.push(path);
        }
        Ok(written)
    }
}

fn write_new(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)?.write_all(bytes)
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    let (kind, cause) = match error.kind() {
        io::ErrorKind::AlreadyExists => (ErrorKind::Conflict, "it exists already".to_owned()),
        io::ErrorKind::PermissionDenied => (ErrorKind::Auth, "it may not be written".to_owned()),
        _ => (ErrorKind::Unavailable, error.to_string()),
    };
    Error::new(kind, format!("write {}", path.display()), cause).with_source(error)
}
