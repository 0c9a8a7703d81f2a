//! Where a sub-CA's thumbprint comes from.

use std::path::{Path, PathBuf};

use super::list::ThumbprintList;
use crate::background;
use crate::cert::{Certificate, Thumbprint, load_cer_file};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SUB_CA_THUMBPRINTS_MAX;

/// A sub-CA as the caller names it: by certificate, by certificate file, or by thumbprint.
///
/// Certificates and files are better than bare thumbprints: the plan then checks that each is a CA and in date.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SubCaSource {
    /// A certificate.
    Certificate(Certificate),
    /// A file with one or more certificates.
    File(PathBuf),
    /// A thumbprint; nothing about its certificate can be checked.
    Thumbprint(Thumbprint),
    /// Several thumbprints, such as a list that somebody typed.
    Thumbprints(Vec<Thumbprint>),
}

impl SubCaSource {
    /// Reads what a script writes in one text: a thumbprint, thumbprints separated by `;`, else the name of a file.
    ///
    /// A text of nothing but hexadecimal digits and separators is meant as a thumbprint, so that a mistyped one
    /// is not looked for on disk. A file with `;` in its name is given as [`SubCaSource::File`].
    ///
    /// # Errors
    /// `config` where the text is empty or a thumbprint with a mistake; in a list the message counts the items.
    ///
    /// ```
    /// use cmgateway::gateway::sub_ca::SubCaSource;
    /// let source = SubCaSource::from_text("88 24 02 2c b3 82 ca dd 9e 19 29 04 49 b8 93 a8 39 14 09 62")?;
    /// assert!(matches!(source, SubCaSource::Thumbprint(_)));
    /// assert!(matches!(SubCaSource::from_text("subca1.cer")?, SubCaSource::File(_)));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_text(text: &str) -> Result<Self> {
        if text.contains(';') {
            return ThumbprintList::parse(text).map(SubCaSource::Thumbprints);
        }
        match Thumbprint::from_hex(text) {
            Ok(thumbprint) => Ok(SubCaSource::Thumbprint(thumbprint)),
            Err(error) => {
                let looks_like_one =
                    text.chars().all(|c| c.is_ascii_hexdigit() || " :-\t\u{200e}".contains(c));
                if looks_like_one { Err(error) } else { Ok(SubCaSource::File(PathBuf::from(text))) }
            }
        }
    }
}

/// A thumbprint, with its certificate where the source had one.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) thumbprint: Thumbprint,
    pub(super) certificate: Option<Certificate>,
}

/// Reads the sources, files included, in order; a file may lie on a share that does not answer.
pub(super) async fn resolve(sources: &[SubCaSource]) -> Result<Vec<Candidate>> {
    let sources = sources.to_vec();
    background::run("read sub-CA certificates", move || read_all(&sources)).await
}

fn read_all(sources: &[SubCaSource]) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::with_capacity(sources.len());
    for source in sources {
        match source {
            SubCaSource::Thumbprint(thumbprint) => {
                candidates.push(bare(*thumbprint));
            }
            SubCaSource::Thumbprints(thumbprints) => candidates.extend(thumbprints.iter().copied().map(bare)),
            SubCaSource::Certificate(certificate) => candidates.push(candidate(certificate.clone())),
            SubCaSource::File(file) => candidates.extend(read_file(file)?.into_iter().map(candidate)),
        }
        if candidates.len() > SUB_CA_THUMBPRINTS_MAX {
            let cause = format!("more than {SUB_CA_THUMBPRINTS_MAX} certificates are given");
            return Err(Error::new(ErrorKind::Config, "read sub-CA certificates", cause));
        }
    }
    Ok(candidates)
}

fn read_file(file: &Path) -> Result<Vec<Certificate>> {
    load_cer_file(file).map_err(|error| match mistyped_thumbprint(file) {
        Some(mistake) if error.kind() == ErrorKind::NotFound => {
            let cause = format!("{}, and there is no such file", mistake.cause());
            Error::new(ErrorKind::Config, format!("read sub-CA {}", file.display()), cause)
        }
        _ => error,
    })
}

/// What is wrong with a file name as a thumbprint, where it was probably meant as one: long, without folder and
/// ending, most of it hexadecimal.
fn mistyped_thumbprint(file: &Path) -> Option<Error> {
    const SHORTEST: usize = 30;
    let text = file.to_str()?;
    let name = text.trim_matches('.');
    let hexadecimal = name.chars().filter(char::is_ascii_hexdigit).count();
    let others = name.chars().filter(|c| c.is_alphanumeric() && !c.is_ascii_hexdigit()).count();
    let meant = hexadecimal >= SHORTEST && others <= hexadecimal / 4 && !name.contains(['.', '/', '\\']);
    if meant { Thumbprint::from_hex(text).err() } else { None }
}

fn bare(thumbprint: Thumbprint) -> Candidate {
    Candidate { thumbprint, certificate: None }
}

fn candidate(certificate: Certificate) -> Candidate {
    Candidate { thumbprint: certificate.thumbprint(), certificate: Some(certificate) }
}
