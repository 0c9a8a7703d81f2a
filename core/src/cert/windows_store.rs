//! The certificate stores of Windows, by the paths that PowerShell has for them: `Cert:\CurrentUser\My\THUMBPRINT`.
//!
//! Wherever the library takes the name of a file with certificates it takes such a path too: of a whole store, or of one
//! certificate in it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Certificate, Thumbprint};
use crate::error::{Error, ErrorKind, Result};

/// Whose stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreLocation {
    CurrentUser,
    LocalMachine,
}

/// A store, or one certificate in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StorePath {
    pub(crate) location: StoreLocation,
    pub(crate) store: String,
    pub(crate) thumbprint: Option<Thumbprint>,
}

impl StorePath {
    /// The path, where it is one of a store; nothing for the name of a file.
    ///
    /// # Errors
    /// `config` where it begins as a path of a store and does not go on as one.
    pub(crate) fn of(path: &Path) -> Option<Result<Self>> {
        let text = path.to_str()?;
        let is_store = text.get(..5).is_some_and(|drive| drive.eq_ignore_ascii_case("cert:"));
        let rest = text.get(5..).filter(|_| is_store)?;
        Some(Self::read(rest).map_err(|cause| Error::new(ErrorKind::Config, format!("read {text}"), cause)))
    }

    /// A path that a settings file names: one that is relative begins at the file's folder, one of a store stays as it is.
    pub(crate) fn beside(folder: &Path, path: &Path) -> PathBuf {
        match Self::of(path) {
            Some(_) => path.to_owned(),
            None => folder.join(path),
        }
    }

    fn read(rest: &str) -> std::result::Result<Self, String> {
        let mut parts = rest.trim_start_matches(['\\', '/']).splitn(3, ['\\', '/']);
        let location = match parts.next().unwrap_or_default() {
            name if name.eq_ignore_ascii_case("CurrentUser") => StoreLocation::CurrentUser,
            name if name.eq_ignore_ascii_case("LocalMachine") => StoreLocation::LocalMachine,
            _ => return Err("after Cert: comes CurrentUser or LocalMachine".into()),
        };
        let store = parts.next().unwrap_or_default();
        let is_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '.' | '$');
        if store.is_empty() || !store.chars().all(is_name) {
            return Err(r"the name of a store is missing: My, CA or Root, say".into());
        }
        let thumbprint = match parts.next().map(|part| part.trim_end_matches(['\\', '/'])) {
            None | Some("") => None,
            Some(text) => Some(Thumbprint::from_hex(text).map_err(|error| error.cause().to_owned())?),
        };
        Ok(StorePath { location, store: store.to_owned(), thumbprint })
    }

    /// The certificates that are there: all of the store, or the one that is named.
    ///
    /// One of a whole store that is not to be read is left out and logged: nobody here has put it there.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>> {
        let mut found = Vec::new();
        for der in this_computer::certificates(self)? {
            match Certificate::from_der(&der) {
                Ok(certificate) => found.push(certificate),
                Err(error) if self.thumbprint.is_some() => return Err(error.during(format!("load {self}"))),
                Err(error) => tracing::warn!(store = %self, %error, "a certificate is left out"),
            }
        }
        Ok(found)
    }

    pub(crate) fn refuse(&self, kind: ErrorKind, cause: impl Into<String>) -> Error {
        Error::new(kind, format!("load certificates from {self}"), cause)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"Cert:\{:?}\{}", self.location, self.store)?;
        self.thumbprint.iter().try_for_each(|thumbprint| write!(f, r"\{thumbprint}"))
    }
}

#[cfg(windows)]
pub(crate) mod this_computer {
    use rustls_cng::cert::CertContext;
    use rustls_cng::error::CngError;
    use rustls_cng::store::{CertStore, CertStoreType};

    use super::{StoreLocation, StorePath};
    use crate::error::{Error, ErrorKind, Result};

    /// `ERROR_FILE_NOT_FOUND` and `ERROR_ACCESS_DENIED`.
    const NOT_THERE: u32 = 2;
    const DENIED: u32 = 5;

    fn failure(path: &StorePath, error: &CngError) -> Error {
        match error {
            CngError::WindowsError(NOT_THERE) => path.refuse(ErrorKind::NotFound, "there is no such store"),
            CngError::WindowsError(DENIED) => path.refuse(ErrorKind::Auth, "the store may not be read"),
            other => path.refuse(ErrorKind::Unavailable, other.to_string()),
        }
    }

    /// What the store has; never nothing where one certificate is named.
    pub(crate) fn contexts(path: &StorePath) -> Result<Vec<CertContext>> {
        let location = match path.location {
            StoreLocation::CurrentUser => CertStoreType::CurrentUser,
            StoreLocation::LocalMachine => CertStoreType::LocalMachine,
        };
        let store = CertStore::open(location, &path.store).map_err(|error| failure(path, &error))?;
        let found = match &path.thumbprint {
            None => store.find_all(),
            Some(thumbprint) => store.find_by_sha1(thumbprint.as_bytes()),
        };
        let found = found.map_err(|error| failure(path, &error))?;
        if found.is_empty() && path.thumbprint.is_some() {
            return Err(path.refuse(ErrorKind::NotFound, "the store has no certificate of this thumbprint"));
        }
        Ok(found)
    }

    pub(super) fn certificates(path: &StorePath) -> Result<Vec<Vec<u8>>> {
        Ok(contexts(path)?.iter().map(|context| context.as_der().to_vec()).collect())
    }
}

#[cfg(not(windows))]
mod this_computer {
    use super::StorePath;
    use crate::error::{ErrorKind, Result};

    pub(super) fn certificates(path: &StorePath) -> Result<Vec<Vec<u8>>> {
        Err(path
            .refuse(ErrorKind::Unsupported, "only Windows has certificate stores; export to a file there"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Result<StorePath>> {
        StorePath::of(Path::new(text))
    }

    #[test]
    fn paths_are_read_as_powershell_writes_them() {
        let store = read(r"cert:\localmachine\CA\").unwrap().unwrap();
        assert_eq!((store.location, store.store.as_str()), (StoreLocation::LocalMachine, "CA"));
        assert_eq!(store.to_string(), r"Cert:\LocalMachine\CA");
        let text = r"Cert:\CurrentUser\My\0F80B5E3736508B03CB4C58EA2038FF74AD811A6";
        assert_eq!(read(text).unwrap().unwrap().to_string(), text);
        assert_eq!(read(&text.replace('\\', "/").to_lowercase()).unwrap().unwrap().store, "my");
        for file in ["certificates.cer", r"C:\Certs\root.cer", "cert", "", r"certs:\x"] {
            assert!(read(file).is_none(), "{file}");
        }
    }

    #[test]
    fn half_a_path_is_refused_with_the_rule() {
        for (text, cause) in [
            (r"Cert:\My", "after Cert: comes CurrentUser or LocalMachine"),
            (r"Cert:", "after Cert: comes CurrentUser or LocalMachine"),
            (r"Cert:\CurrentUser", "the name of a store is missing: My, CA or Root, say"),
            (r"Cert:\CurrentUser\My\a9", "it has 2 hex digits, a SHA-1 thumbprint has 40"),
        ] {
            let error = read(text).unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert_eq!(error.to_string(), format!("could not read {text}: {cause}"));
        }
    }

    #[test]
    fn a_path_of_a_store_lies_in_no_folder() {
        let (folder, store) = (Path::new("settings"), Path::new(r"Cert:\LocalMachine\CA"));
        assert_eq!(StorePath::beside(folder, store), store);
        assert_eq!(StorePath::beside(folder, Path::new("root.cer")), folder.join("root.cer"));
    }

    #[cfg(not(windows))]
    #[test]
    fn other_systems_have_no_stores() {
        let error = read(r"Cert:\LocalMachine\Root").unwrap().unwrap().certificates().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
