//! Mends what the library says about channel bindings within a Kerberos ticket request.
//!
//! A client that sends channel bindings says so with `KERB_AP_OPTIONS_CBT` (MS-KILE, section 3.2.5.8): four bytes,
//! within AD-IF-RELEVANT. sspi 0.23 writes two bytes and no AD-IF-RELEVANT; MIT's Kerberos refuses that as an invalid
//! message. The words stand inside the encrypted authenticator, so it is opened and closed again.

use picky_asn1::wrapper::{
    ExplicitContextTag0, ExplicitContextTag1, ExplicitContextTag8, IntegerAsn1, OctetStringAsn1,
};
use picky_krb::constants::key_usages::AP_REQ_AUTHENTICATOR;
use picky_krb::crypto::CipherSuite;
use picky_krb::data_types::{Authenticator, AuthorizationData, AuthorizationDataInner};
use picky_krb::gss_api::{ApplicationTag0, GssApiNegInit, KrbMessage};
use picky_krb::messages::ApReq;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// RFC 4120, section 5.2.6.1.
const AD_IF_RELEVANT: [u8; 1] = [1];
/// MS-KILE, section 2.2.7: 143, as a positive DER integer.
const AD_AP_OPTIONS: [u8; 2] = [0, 143];
/// 0x4000, little end first.
const KERB_AP_OPTIONS_CBT: [u8; 4] = [0, 0x40, 0, 0];

/// The first SPNEGO token of Kerberos, with the option in its right form.
pub(super) fn corrected(token: &[u8], session_key: &[u8]) -> Result<Vec<u8>> {
    let failed = |cause: String| Error::new(ErrorKind::Internal, "send channel bindings", cause);
    rewritten(token, session_key).map_err(|error| failed(error.to_string()))
}

fn rewritten(
    token: &[u8],
    session_key: &[u8],
) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut outer: ApplicationTag0<GssApiNegInit> = picky_asn1_der::from_bytes(token)?;
    let mech_token = &mut outer.0.neg_token_init.0.mech_token.0;
    let Some(mech_token) = mech_token.as_mut() else { return Ok(token.to_vec()) };
    let mut message = KrbMessage::<ApReq>::decode_application_krb_message(&mech_token.0.0)
        .map_err(|error| error.to_string())?;
    let sealed = &mut message.0.krb_msg.0.authenticator.0;
    let suite = CipherSuite::try_from(sealed.etype.0.0.as_slice()).map_err(|error| error.to_string())?;
    let cipher = suite.cipher();
    let plain = cipher
        .decrypt(session_key, AP_REQ_AUTHENTICATOR, &sealed.cipher.0.0)
        .map_err(|error| error.to_string())?;
    let mut authenticator: Authenticator = picky_asn1_der::from_bytes(&plain)?;
    let option = AuthorizationData::from(vec![element(&AD_AP_OPTIONS, KERB_AP_OPTIONS_CBT.to_vec())]);
    let data = vec![element(&AD_IF_RELEVANT, picky_asn1_der::to_vec(&option)?)];
    authenticator.0.authorization_data =
        Some(ExplicitContextTag8::from(AuthorizationData::from(data))).into();
    let plain = Zeroizing::new(picky_asn1_der::to_vec(&authenticator)?);
    let cipher_text =
        cipher.encrypt(session_key, AP_REQ_AUTHENTICATOR, &plain).map_err(|error| error.to_string())?;
    sealed.cipher.0 = OctetStringAsn1::from(cipher_text);
    mech_token.0 = OctetStringAsn1::from(picky_asn1_der::to_vec(&message)?);
    Ok(picky_asn1_der::to_vec(&outer)?)
}

fn element(ad_type: &[u8], data: Vec<u8>) -> AuthorizationDataInner {
    AuthorizationDataInner {
        ad_type: ExplicitContextTag0::from(IntegerAsn1::from(ad_type.to_vec())),
        ad_data: ExplicitContextTag1::from(OctetStringAsn1::from(data)),
    }
}
