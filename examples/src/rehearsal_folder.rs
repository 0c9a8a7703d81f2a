//! The folder that the quick start works in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Stands in a folder that the quick start made.
const MARK: &str = "made-by-the-quick-start.txt";

/// What the quick start writes into its folder.
const OURS: [&str; 10] = [
    "site.db",
    "site.db-wal",
    "site.db-shm",
    "root.cer",
    "subca1.cer",
    "subca2.cer",
    "server.pem",
    "server.key",
    "client.pem",
    "client.key",
];

/// Makes the folder for a rehearsal, without the files of an earlier one.
///
/// Only files that an earlier rehearsal wrote are removed: what lies beside them is the user's and stays. A folder
/// without our mark is left as it is; the rehearsal then gets a new one inside it.
///
/// # Errors
/// A text where a file cannot be removed or the folder cannot be made.
pub fn make(wanted: &Path) -> Result<PathBuf, String> {
    let is_ours = |folder: &Path| folder.join(MARK).is_file();
    let is_free = |folder: &Path| !folder.exists() || is_ours(folder);
    let numbered = (1..).map(|number| wanted.join(format!("rehearsal{number}")));
    let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
    let folder = candidates.find(|folder| is_free(folder)).unwrap_or_else(|| wanted.to_owned());
    let failed = |error: std::io::Error| format!("could not make {}: {error}", folder.display());
    if is_ours(&folder) {
        for name in OURS {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let text = "The quick start made this folder. It makes its own files anew and leaves all others alone.\n";
    std::fs::write(folder.join(MARK), text).map_err(failed)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_user_stay() {
        let base = std::env::temp_dir().join(format!("cmgateway-rehearsal-{}", std::process::id()));
        let wanted = base.join("quickstart");
        let folder = make(&wanted).unwrap();
        assert_eq!(folder, wanted);
        for name in OURS.iter().chain(&["mine.db"]) {
            std::fs::write(folder.join(name), "x").unwrap();
        }
        assert_eq!(make(&wanted).unwrap(), wanted);
        assert!(wanted.join("mine.db").exists());
        assert!(OURS.iter().all(|name| !wanted.join(name).exists()));
        // A folder that somebody else made is not ours to clear.
        std::fs::remove_file(wanted.join(MARK)).unwrap();
        std::fs::write(wanted.join("site.db"), "x").unwrap();
        assert_eq!(make(&wanted).unwrap(), wanted.join("rehearsal1"));
        assert_eq!(make(&wanted).unwrap(), wanted.join("rehearsal1"));
        assert!(wanted.join("site.db").exists());
        std::fs::remove_dir_all(&base).unwrap();
    }
}
