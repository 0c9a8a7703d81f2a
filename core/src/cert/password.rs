//! A password in the forms that files take it in.

use zeroize::Zeroizing;

use super::file_refusal::Refusal;
use crate::limits::{KDF_ITERATIONS_PER_FILE_MAX, PASSWORD_BYTES_MAX};

/// Which of the three things that look like no password a file was closed with.
///
/// RFC 7292 B.1 ends a password with two zero bytes, so that the empty one has two bytes; other programs take no bytes at
/// all. Both are in use, and no reader knows beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordForm {
    /// A text that is not empty.
    Text,
    /// The empty text, with the two zero bytes at its end, as Windows and OpenSSL write it.
    Empty,
    /// No password at all, not even its end.
    Null,
}

impl PasswordForm {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            PasswordForm::Text => "text",
            PasswordForm::Empty => "empty",
            PasswordForm::Null => "null",
        }
    }
}

/// One reading of the password.
pub(super) struct Attempt {
    pub(super) form: PasswordForm,
    /// UTF-16, big end first, with its end (RFC 7292, B.1).
    pub(super) wide: Zeroizing<Vec<u8>>,
    /// UTF-8, for what RFC 8018 defines.
    pub(super) narrow: Zeroizing<Vec<u8>>,
}

/// The password of one call and the work that may still be spent on it.
pub(super) struct Password {
    attempts: Vec<Attempt>,
    iterations_left: u64,
    is_given: bool,
}

impl Password {
    pub(super) fn new(text: Option<&str>) -> Result<Self, Refusal> {
        if text.is_some_and(|text| text.len() > PASSWORD_BYTES_MAX) {
            let cause = format!("the password is longer than {PASSWORD_BYTES_MAX} bytes");
            return Err(Refusal::TooMuch(cause));
        }
        let none = |form, wide: &[u8]| Attempt {
            form,
            wide: Zeroizing::new(wide.to_vec()),
            narrow: Zeroizing::new(Vec::new()),
        };
        let (null, empty) = (none(PasswordForm::Null, &[]), none(PasswordForm::Empty, &[0, 0]));
        let attempts = match text {
            None => vec![null, empty],
            Some("") => vec![empty, null],
            Some(text) => {
                let of = |wide| Attempt {
                    form: PasswordForm::Text,
                    wide,
                    narrow: Zeroizing::new(text.as_bytes().to_vec()),
                };
                let mut attempts = vec![of(wide(text.encode_utf16(), text.len()))];
                if !text.is_ascii() {
                    // OpenSSL before 1.1 took each byte of the terminal's UTF-8 for a character.
                    attempts.push(of(wide(text.bytes().map(u16::from), text.len())));
                }
                attempts
            }
        };
        Ok(Password { attempts, iterations_left: KDF_ITERATIONS_PER_FILE_MAX, is_given: text.is_some() })
    }

    /// Tries each reading, until one gives something or fails for another reason than the password.
    pub(super) fn try_each<T>(
        &mut self,
        mut work: impl FnMut(&Attempt, &mut u64) -> Result<Option<T>, Refusal>,
    ) -> Result<(T, PasswordForm), Refusal> {
        for attempt in &self.attempts {
            if let Some(made) = work(attempt, &mut self.iterations_left)? {
                return Ok((made, attempt.form));
            }
        }
        Err(self.refused())
    }

    /// Keeps only the readings of this form first: what a MAC has proved need not be guessed again.
    pub(super) fn prefer(&mut self, form: PasswordForm) {
        self.attempts.sort_by_key(|attempt| attempt.form != form);
    }

    fn refused(&self) -> Refusal {
        if self.is_given { Refusal::WrongPassword } else { Refusal::PasswordNeeded }
    }
}

/// Two bytes for each unit and two for the end, in room that is large enough from the start.
pub(super) fn wide(units: impl Iterator<Item = u16>, length: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(1).saturating_mul(2)));
    for unit in units {
        out.extend_from_slice(&unit.to_be_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    out
}
