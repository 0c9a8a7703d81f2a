//! What a change of the switches would do; pure.

use super::iis_ssl_state::IisSslState;
use super::state::{SiteSwitchesState, SwitchChanges};
use super::{HOLDER, IIS_SSL_STATE};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::site_control::{COMPONENT, Edit, PropertyChange, PropertyValue, SitePlan, number};
use crate::wmi::{Instance, ObjectPath};

pub(super) const STORE: &str = "Certificate Store";
pub(super) const CRITERIA: &str = "Certificate Selection Criteria";
pub(super) const SELECT_FIRST: &str = "Select First Certificate";
pub(super) const SIGNING: &str = "Enforce Message Signing";
pub(super) const HASH: &str = "Enforce Enhanced Hash Algorithm";

/// Says what happens to each switch.
pub(super) fn plan(
    state: &SiteSwitchesState,
    item: &Instance,
    path: Option<&ObjectPath>,
    changes: &SwitchChanges,
) -> Result<SitePlan> {
    let before = state.state();
    let after = wanted(before, changes)?;
    let mut plan = SitePlan::new(format!("switches of site {}", state.site_code));
    let name = &state.item;
    let words = |flag: bool| Some(if flag { "yes" } else { "no" }.to_owned());
    for (setting, read) in [
        ("https_only", IisSslState::https_only as fn(IisSslState) -> bool),
        ("use_pki_client_certificate", IisSslState::use_pki_client_certificate),
        ("check_crl", IisSslState::check_crl),
        ("enhanced_http", IisSslState::enhanced_http),
    ] {
        plan.note(name, setting, words(read(before)), words(read(after)));
    }
    let shown = |state: IisSslState| Some(format!("{} (0x{:X})", state.0, state.0));
    plan.note(name, IIS_SSL_STATE, shown(before), shown(after));
    let mut properties = Vec::new();
    if after != before {
        let before = number(item, IIS_SSL_STATE)?.map(PropertyValue::Value);
        properties.push(PropertyChange { name: IIS_SSL_STATE, before, after: PropertyValue::Value(after.0) });
    }
    neighbours(&mut plan, &mut properties, item, state, changes)?;
    plan.warnings = warnings(before, after);
    match path {
        Some(path) => plan.edit(path, properties),
        None => add(&mut plan, item, &properties)?,
    }
    Ok(plan)
}

/// The number with the switches that are asked for.
fn wanted(before: IisSslState, changes: &SwitchChanges) -> Result<IisSslState> {
    let refuse = |rule: &str| Err(Error::new(ErrorKind::Config, "plan the site's switches", rule));
    let https_only = changes.https_only.unwrap_or(before.https_only());
    if https_only && changes.use_pki_client_certificate == Some(false) {
        return refuse(
            "use_pki_client_certificate cannot be off with https_only: over HTTPS alone clients always show one",
        );
    }
    if https_only && changes.enhanced_http == Some(true) {
        return refuse(
            "enhanced_http cannot be on with https_only: it makes certificates for site systems that use HTTP",
        );
    }
    let mut state = before.with_https_only(https_only);
    if let Some(flag) = changes.use_pki_client_certificate {
        state = state.with_use_pki_client_certificate(flag);
    }
    if let Some(flag) = changes.check_crl {
        state = state.with_check_crl(flag);
    }
    if let Some(flag) = changes.enhanced_http {
        state = state.with_enhanced_http(flag);
    }
    Ok(state)
}

fn neighbours(
    plan: &mut SitePlan,
    properties: &mut Vec<PropertyChange>,
    item: &Instance,
    state: &SiteSwitchesState,
    changes: &SwitchChanges,
) -> Result<()> {
    let texts = [
        (STORE, "certificate_store", &state.certificate_store, &changes.certificate_store),
        (
            CRITERIA,
            "certificate_selection_criteria",
            &state.certificate_selection_criteria,
            &changes.certificate_selection_criteria,
        ),
    ];
    for (name, setting, before, after) in texts {
        let Some(after) = after else { continue };
        plan.note(&state.item, setting, before.clone(), Some(after.clone()));
        let before = before.clone().map(PropertyValue::Value1);
        properties.push(PropertyChange { name, before, after: PropertyValue::Value1(after.clone()) });
    }
    let flags = [
        (
            SELECT_FIRST,
            "select_first_certificate",
            state.select_first_certificate,
            changes.select_first_certificate,
        ),
        (SIGNING, "enforce_message_signing", state.enforce_message_signing, changes.enforce_message_signing),
        (HASH, "enforce_enhanced_hash", state.enforce_enhanced_hash, changes.enforce_enhanced_hash),
    ];
    let words = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    for (name, setting, before, after) in flags {
        let Some(after) = after else { continue };
        plan.note(&state.item, setting, before.map(words), Some(words(after)));
        // A number other than 0 and 1 that means the same stays.
        if before != Some(after) {
            // As it is stored: any number but 0 means yes.
            let before = number(item, name)?.map(PropertyValue::Value);
            properties.push(PropertyChange { name, before, after: PropertyValue::Value(after.into()) });
        }
    }
    Ok(())
}

fn warnings(before: IisSslState, after: IisSslState) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |text: &str| warnings.push(text.to_owned());
    if before.0 == 0 {
        warn("IISSSLState is 0, which is read as HTTPS or HTTP, PKI and CRL yes, as other tools read it");
    }
    if after.unknown_bits() != 0 {
        warn(&format!(
            "IISSSLState has bits of which no meaning is known (0x{:X}); they stay",
            after.unknown_bits()
        ));
    }
    if after.check_crl() {
        warn("clients check the CRL: publish it where clients on the Internet reach it, or clear check_crl");
    }
    if after.use_pki_client_certificate() && !before.use_pki_client_certificate() {
        warn(
            "without a list of trusted roots at the site, every client certificate is accepted that chains to a root \
             which the management point trusts",
        );
    }
    if !after.https_only() && !after.enhanced_http() {
        warn("HTTP site systems without Enhanced HTTP are not supported since version 2403");
    }
    if before.enhanced_http() && !after.enhanced_http() && after.https_only() {
        warn("Enhanced HTTP goes with HTTPS alone: site systems need PKI certificates of their own");
    }
    warnings
}

/// The whole item, for a site that lacks it.
fn add(plan: &mut SitePlan, item: &Instance, properties: &[PropertyChange]) -> Result<()> {
    let mut instance = item.clone();
    let changes: Vec<_> = properties.iter().map(|change| (change.name, &change.after)).collect();
    instance.set("Props", crate::gateway::site_control::changed(item, &changes)?)?;
    let text = |name: &str| instance.text(name).unwrap_or_default().to_owned();
    let keys: [(&str, crate::wmi::KeyValue); 4] = [
        ("FileType", 2.into()),
        ("ItemName", text("ItemName").into()),
        ("ItemType", text("ItemType").into()),
        ("SiteCode", text("SiteCode").into()),
    ];
    let path = ObjectPath::new(COMPONENT, keys)?;
    plan.warnings.push(format!("the site has no component {HOLDER}; it is added"));
    plan.edits.push(Edit::Add { item: path, instance: Box::new(instance) });
    Ok(())
}
