//! The switches of a site as it is, and what to change.

use serde::Serialize;
use serde_json::{Map, Value};

use super::iis_ssl_state::IisSslState;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::fields::Fields;

/// The switches of a site that concern how clients prove themselves, as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SiteSwitchesState {
    /// The site.
    pub site_code: String,
    /// The item of the site control file that holds them.
    pub item: String,
    /// The number that holds the first four; 0 also where the site has none.
    pub iis_ssl_state: u32,
    /// The number in words.
    pub text: String,
    /// True where clients must use HTTPS.
    pub https_only: bool,
    /// True where a client's PKI certificate is used when it has one.
    pub use_pki_client_certificate: bool,
    /// True where clients check the certificate revocation list of site systems.
    pub check_crl: bool,
    /// True where the site makes certificates for HTTP site systems: Enhanced HTTP.
    pub enhanced_http: bool,
    /// The bits of the number of which no meaning is known.
    pub unknown_bits: u32,
    /// The name of the store that clients look in for their certificate; None where the site says nothing.
    pub certificate_store: Option<String>,
    /// What a client's certificate must look like, such as `SubjectStr:contoso`.
    pub certificate_selection_criteria: Option<String>,
    /// True where of several certificates that fit the one valid longest is taken, false where the choice fails.
    pub select_first_certificate: Option<bool>,
    /// True where clients must sign their messages.
    pub enforce_message_signing: Option<bool>,
    /// True where signatures must be made with SHA-256.
    pub enforce_enhanced_hash: Option<bool>,
}

impl SiteSwitchesState {
    pub(super) fn state(&self) -> IisSslState {
        IisSslState(self.iis_ssl_state)
    }
}

/// What to change of a site's switches; what is None stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchChanges {
    /// See [`SiteSwitchesState::https_only`].
    pub https_only: Option<bool>,
    /// See [`SiteSwitchesState::use_pki_client_certificate`].
    pub use_pki_client_certificate: Option<bool>,
    /// See [`SiteSwitchesState::check_crl`].
    pub check_crl: Option<bool>,
    /// See [`SiteSwitchesState::enhanced_http`].
    pub enhanced_http: Option<bool>,
    /// See [`SiteSwitchesState::certificate_store`].
    pub certificate_store: Option<String>,
    /// See [`SiteSwitchesState::certificate_selection_criteria`].
    pub certificate_selection_criteria: Option<String>,
    /// See [`SiteSwitchesState::select_first_certificate`].
    pub select_first_certificate: Option<bool>,
    /// See [`SiteSwitchesState::enforce_message_signing`].
    pub enforce_message_signing: Option<bool>,
    /// See [`SiteSwitchesState::enforce_enhanced_hash`].
    pub enforce_enhanced_hash: Option<bool>,
}

impl SwitchChanges {
    /// Reads the changes from a table with the names of the fields; every mistake is told at once.
    ///
    /// # Errors
    /// `config` with every field that is unknown or of another type, and where nothing is asked for.
    ///
    /// ```
    /// use cmgateway::gateway::site_switches::SwitchChanges;
    /// let table = serde_json::json!({ "use_pki_client_certificate": true, "check_crl": false });
    /// assert_eq!(SwitchChanges::from_json(table)?.check_crl, Some(false));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(table: Value) -> Result<Self> {
        let operation = "read the site's switches";
        let map = match table {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => return Err(Error::new(ErrorKind::Config, operation, "the switches must be a table")),
        };
        let mut fields = Fields::new("the site's switches", map);
        let changes = SwitchChanges {
            https_only: fields.said("https_only"),
            use_pki_client_certificate: fields.said("use_pki_client_certificate"),
            check_crl: fields.said("check_crl"),
            enhanced_http: fields.said("enhanced_http"),
            certificate_store: fields.text("certificate_store"),
            certificate_selection_criteria: fields.text("certificate_selection_criteria"),
            select_first_certificate: fields.said("select_first_certificate"),
            enforce_message_signing: fields.said("enforce_message_signing"),
            enforce_enhanced_hash: fields.said("enforce_enhanced_hash"),
        };
        fields.finish(operation)?;
        if changes == SwitchChanges::default() {
            return Err(Error::new(ErrorKind::Config, operation, "no switch is given"));
        }
        Ok(changes)
    }
}
