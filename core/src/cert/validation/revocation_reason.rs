//! Why and when a certificate was revoked.

use time::OffsetDateTime;

/// Why a certificate was revoked: RFC 5280, 5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// The list gives no reason.
    Unspecified,
    /// Somebody else may know the private key.
    KeyCompromise,
    /// Somebody else may know the private key of the authority.
    CaCompromise,
    /// The owner has left, or something else in the certificate is no longer right.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// It is revoked for now.
    CertificateHold,
    /// Only in delta lists: it is not revoked any longer.
    RemoveFromCrl,
    /// The owner may no longer do what it says.
    PrivilegeWithdrawn,
    /// The key of an attribute authority may be known.
    AaCompromise,
}

impl RevocationReason {
    /// The word that RFC 5280 has for it, such as `keyCompromise`.
    pub fn as_str(self) -> &'static str {
        match self {
            RevocationReason::Unspecified => "unspecified",
            RevocationReason::KeyCompromise => "keyCompromise",
            RevocationReason::CaCompromise => "cACompromise",
            RevocationReason::AffiliationChanged => "affiliationChanged",
            RevocationReason::Superseded => "superseded",
            RevocationReason::CessationOfOperation => "cessationOfOperation",
            RevocationReason::CertificateHold => "certificateHold",
            RevocationReason::RemoveFromCrl => "removeFromCRL",
            RevocationReason::PrivilegeWithdrawn => "privilegeWithdrawn",
            RevocationReason::AaCompromise => "aACompromise",
        }
    }

    /// Every reason, in the order of RFC 5280.
    pub const ALL: [RevocationReason; 10] = [
        RevocationReason::Unspecified,
        RevocationReason::KeyCompromise,
        RevocationReason::CaCompromise,
        RevocationReason::AffiliationChanged,
        RevocationReason::Superseded,
        RevocationReason::CessationOfOperation,
        RevocationReason::CertificateHold,
        RevocationReason::RemoveFromCrl,
        RevocationReason::PrivilegeWithdrawn,
        RevocationReason::AaCompromise,
    ];

    /// The code of the extension `reasonCode`.
    pub(in crate::cert) fn code(self) -> u8 {
        match self {
            RevocationReason::Unspecified => 0,
            RevocationReason::KeyCompromise => 1,
            RevocationReason::CaCompromise => 2,
            RevocationReason::AffiliationChanged => 3,
            RevocationReason::Superseded => 4,
            RevocationReason::CessationOfOperation => 5,
            RevocationReason::CertificateHold => 6,
            RevocationReason::RemoveFromCrl => 8,
            RevocationReason::PrivilegeWithdrawn => 9,
            RevocationReason::AaCompromise => 10,
        }
    }

    pub(super) fn from_code(code: &[u8]) -> Option<Self> {
        Some(match code {
            [0] => RevocationReason::Unspecified,
            [1] => RevocationReason::KeyCompromise,
            [2] => RevocationReason::CaCompromise,
            [3] => RevocationReason::AffiliationChanged,
            [4] => RevocationReason::Superseded,
            [5] => RevocationReason::CessationOfOperation,
            [6] => RevocationReason::CertificateHold,
            [8] => RevocationReason::RemoveFromCrl,
            [9] => RevocationReason::PrivilegeWithdrawn,
            [10] => RevocationReason::AaCompromise,
            _ => return None,
        })
    }
}

/// What a revocation list says about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Why it was revoked.
    pub reason: RevocationReason,
    /// When the authority revoked it.
    pub date: OffsetDateTime,
}
