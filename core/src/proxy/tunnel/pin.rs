//! Certificates known by their digest, by which the two ends of a tunnel recognize each other.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::cert::Certificate;
use crate::error::{Error, ErrorKind};

/// The SHA-256 digest of a certificate, by which the other end of a tunnel is recognized.
///
/// Instance and connection point belong to one owner; no authority has to stand between them. During a change of
/// certificates both the old and the new one are pinned.
///
/// ```
/// use cmgateway::proxy::Pin;
/// let text = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// assert_eq!(text.parse::<Pin>()?.to_string(), text);
/// assert!("9f86".parse::<Pin>().is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of this certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self::of_der(certificate.der())
    }

    pub(crate) fn bytes(self) -> [u8; 32] {
        self.0
    }

    pub(crate) fn of_der(der: &[u8]) -> Self {
        let mut pin = [0; 32];
        pin.iter_mut().zip(digest::digest(&digest::SHA256, der).as_ref()).for_each(|(to, from)| *to = *from);
        Pin(pin)
    }
}

impl FromStr for Pin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || {
            let cause = "it is not the 64 hex digits of a SHA-256 digest";
            Error::new(ErrorKind::Config, format!("read pin {text:?}"), cause)
        };
        let digits: String = text.chars().filter(|each| !matches!(each, ':' | ' ')).collect();
        let mut pin = [0; 32];
        hex::decode_to_slice(digits, &mut pin).map_err(|_| refuse())?;
        Ok(Pin(pin))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}
