//! What an instance answers without authentication: about itself, and how to sign in.

use bytes::Bytes;
use hyper::{Response, StatusCode};
use serde_json::json;

use super::Shared;
use super::reply::{Refused, ReplyBody, own};
use super::trust::Active;

/// `ServiceMetadata`: enough to see that it is a gateway, which one, and what it goes by.
///
/// Microsoft's own document is not published; this one is JSON with the values that their analyzer is known to show.
pub(super) fn metadata(shared: &Shared, active: &Active) -> Response<ReplyBody> {
    let document = json!({
        "ServiceName": active.configuration.service_name,
        "RoleInstance": shared.number,
        "BuildVersion": env!("CARGO_PKG_VERSION"),
        "ConfigurationVersion": active.configuration.version,
        "ConnectionPoints": shared.connection_points(),
    });
    own(StatusCode::OK, "application/json", Bytes::from(document.to_string()))
}

/// `AADAuthInfo?TenantID=…`: with which app a client of this tenant signs in.
pub(super) fn entra(active: &Active, query: Option<&str>) -> Result<Response<ReplyBody>, Refused> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let wanted =
        pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("TenantID")).map(|(_, value)| value);
    let tenants = &active.configuration.entra;
    let tenant =
        tenants.iter().find(|each| wanted.is_some_and(|wanted| each.tenant_id.eq_ignore_ascii_case(wanted)));
    let tenant = tenant.ok_or(Refused::TENANT)?;
    let document = json!({
        "TenantID": tenant.tenant_id,
        "AADCLIENTAPPID": tenant.client_app_id,
        "AADRESOURCEURI": tenant.resource_uri,
    });
    Ok(own(StatusCode::OK, "application/json", Bytes::from(document.to_string())))
}
