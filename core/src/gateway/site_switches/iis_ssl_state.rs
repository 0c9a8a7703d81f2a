//! `IISSSLState`, the number that holds how clients and site systems talk: bits to words and back.

use std::fmt;

/// All five bits are set where clients must use HTTPS.
const HTTPS_ONLY: u32 = 0x01F;
/// Clients check revocation lists for site systems.
const CHECK_CRL: u32 = 0x020;
/// Both bits are set where HTTP is allowed beside HTTPS.
const HTTP_ALLOWED: u32 = 0x0C0;
/// A PKI certificate is used where the client has one.
const USE_PKI: u32 = 0x100;
/// The site makes certificates of its own for HTTP site systems: Enhanced HTTP.
const ENHANCED_HTTP: u32 = 0x400;
/// What a site means whose number is 0, by the reading of the DSC resources: HTTP allowed, PKI and CRL yes.
const ZERO_MEANS: u32 = HTTP_ALLOWED | USE_PKI | CHECK_CRL;

/// The number `IISSSLState` of a site.
///
/// Microsoft documents no bit of it. The nine values that public tools know, and the bits that follow from them:
/// `0x01F` HTTPS only (a PKI certificate is then always used), `0x020` clients check the CRL, `0x0C0` HTTPS or HTTP,
/// `0x100` use PKI when available, `0x400` Enhanced HTTP. Every other bit is unknown and kept. 0 is read as those tools
/// read it, "HTTPS or HTTP, PKI, CRL"; it stays 0 until a switch changes.
///
/// ```
/// use cmgateway::gateway::site_switches::IisSslState;
/// let state = IisSslState(224);
/// assert_eq!(state.to_string(), "HTTPS or HTTP, no PKI, CRL checked");
/// // Step 5 of the set-up: PKI yes, CRL no.
/// let state = state.with_use_pki_client_certificate(true).with_check_crl(false);
/// assert_eq!(state, IisSslState(448));
/// // Unknown bits stay.
/// assert_eq!(IisSslState(0x8000_00E0).with_check_crl(false), IisSslState(0x8000_00C0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IisSslState(pub u32);

impl IisSslState {
    /// True where clients must use HTTPS.
    pub fn https_only(self) -> bool {
        self.0 & HTTP_ALLOWED == 0 && self.0 & HTTPS_ONLY == HTTPS_ONLY
    }

    /// True where a client's PKI certificate is used when it has one; always so where HTTPS is the only way.
    pub fn use_pki_client_certificate(self) -> bool {
        self.https_only() || self.meaning() & USE_PKI != 0
    }

    /// True where clients check the certificate revocation list of site systems.
    pub fn check_crl(self) -> bool {
        self.meaning() & CHECK_CRL != 0
    }

    /// True where the site makes certificates for HTTP site systems: Enhanced HTTP.
    pub fn enhanced_http(self) -> bool {
        self.0 & ENHANCED_HTTP != 0
    }

    /// The bits of which no meaning is known.
    pub fn unknown_bits(self) -> u32 {
        let way = match (self.https_only(), self.0 & HTTP_ALLOWED == HTTP_ALLOWED) {
            (true, _) => HTTPS_ONLY,
            (false, true) => HTTP_ALLOWED | USE_PKI,
            (false, false) => USE_PKI,
        };
        self.0 & !(way | CHECK_CRL | ENHANCED_HTTP)
    }

    /// The same with HTTPS as the only way, or with HTTP allowed.
    ///
    /// With HTTPS alone a PKI certificate is always used and Enhanced HTTP has no place, so both bits go; from HTTPS
    /// alone to HTTP allowed the use of PKI stays.
    #[must_use]
    pub fn with_https_only(self, wanted: bool) -> Self {
        match (self.https_only(), wanted) {
            (false, true) => {
                IisSslState((self.meaning() & !(HTTP_ALLOWED | USE_PKI | ENHANCED_HTTP)) | HTTPS_ONLY)
            }
            (true, false) => IisSslState((self.0 & !HTTPS_ONLY) | HTTP_ALLOWED | USE_PKI),
            _ => self,
        }
    }

    /// The same with PKI certificates used when available, or not; no effect where HTTPS is the only way.
    #[must_use]
    pub fn with_use_pki_client_certificate(self, wanted: bool) -> Self {
        if self.https_only() { self } else { self.with(USE_PKI, wanted) }
    }

    /// The same with revocation lists checked, or not.
    #[must_use]
    pub fn with_check_crl(self, wanted: bool) -> Self {
        self.with(CHECK_CRL, wanted)
    }

    /// The same with Enhanced HTTP, or without.
    #[must_use]
    pub fn with_enhanced_http(self, wanted: bool) -> Self {
        self.with(ENHANCED_HTTP, wanted)
    }

    fn with(self, bit: u32, wanted: bool) -> Self {
        let meaning = self.meaning();
        match (meaning & bit != 0, wanted) {
            (false, true) => IisSslState(meaning | bit),
            // A 0 would read as something else.
            (true, false) if meaning == bit => IisSslState(HTTP_ALLOWED),
            (true, false) => IisSslState(meaning & !bit),
            // A 0 stays as it is where nothing changes.
            _ => self,
        }
    }

    fn meaning(self) -> u32 {
        if self.0 == 0 { ZERO_MEANS } else { self.0 }
    }
}

/// The number in words, such as `HTTPS or HTTP, PKI when available, CRL not checked, Enhanced HTTP`.
impl fmt::Display for IisSslState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.https_only() { "HTTPS only" } else { "HTTPS or HTTP" })?;
        f.write_str(match (self.https_only(), self.use_pki_client_certificate()) {
            (true, _) => ", PKI always",
            (false, true) => ", PKI when available",
            (false, false) => ", no PKI",
        })?;
        f.write_str(if self.check_crl() { ", CRL checked" } else { ", CRL not checked" })?;
        if self.enhanced_http() {
            f.write_str(", Enhanced HTTP")?;
        }
        match self.unknown_bits() {
            0 => Ok(()),
            bits => write!(f, ", unknown bits 0x{bits:X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_value_decodes_to_words_and_back() {
        // value, HTTPS only, PKI, CRL, Enhanced HTTP: what public tools know, and 1472, which follows.
        let known = [
            (31, true, true, false, false),
            (63, true, true, true, false),
            (192, false, false, false, false),
            (224, false, false, true, false),
            (448, false, true, false, false),
            (480, false, true, true, false),
            (1216, false, false, false, true),
            (1248, false, false, true, true),
            (1472, false, true, false, true),
            (1504, false, true, true, true),
        ];
        for (value, https_only, pki, crl, enhanced) in known {
            let state = IisSslState(value);
            let words = (
                state.https_only(),
                state.use_pki_client_certificate(),
                state.check_crl(),
                state.enhanced_http(),
            );
            assert_eq!(words, (https_only, pki, crl, enhanced), "{value}");
            assert_eq!(state.unknown_bits(), 0, "{value}");
            // Back, from every other known value.
            for (from, ..) in known {
                let back = IisSslState(from)
                    .with_https_only(https_only)
                    .with_use_pki_client_certificate(pki)
                    .with_check_crl(crl)
                    .with_enhanced_http(enhanced);
                assert_eq!(back, state, "from {from}");
            }
        }
    }

    #[test]
    fn zero_reads_as_others_read_it_and_stays_until_something_changes() {
        let zero = IisSslState(0);
        assert_eq!(zero.to_string(), IisSslState(480).to_string());
        assert_eq!(zero.with_check_crl(true).with_use_pki_client_certificate(true), zero);
        assert_eq!(zero.with_check_crl(false), IisSslState(448));
        assert_eq!(zero.with_https_only(true), IisSslState(63));
        assert_eq!(zero.with_enhanced_http(true), IisSslState(1504));
    }

    #[test]
    fn whatever_the_bits_a_switch_does_what_it_says_and_unknown_bits_stay() {
        let odd = [0x40, 0x80, 0x1, 0x1E, 0x200, 0x8000_0000, 0xDF, 0x11F, 0xFFFF_FFFF, 0x8000_001F, 1472];
        for value in odd.into_iter().chain(0..0x1000) {
            let state = IisSslState(value);
            let unknown = state.unknown_bits();
            for wanted in [true, false] {
                let crl = state.with_check_crl(wanted);
                assert_eq!((crl.check_crl(), crl.unknown_bits()), (wanted, unknown), "{value:#x}");
                let enhanced = state.with_enhanced_http(wanted);
                assert_eq!(enhanced.enhanced_http(), wanted, "{value:#x}");
                if !state.https_only() {
                    let pki = state.with_use_pki_client_certificate(wanted);
                    assert_eq!(pki.use_pki_client_certificate(), wanted, "{value:#x}");
                }
                let https = state.with_https_only(wanted);
                assert_eq!(https.https_only(), wanted, "{value:#x}");
                let high = 0xFFFF_F800;
                assert_eq!(https.0 & high, value & high, "{value:#x}");
            }
        }
    }
}
