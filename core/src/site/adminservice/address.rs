//! The base address of an AdminService.

use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Url;
use crate::site::shown_address;

/// The route of the WMI classes, from any form of address that administrators have at hand:
/// `https://host/AdminService`, with or without `/wmi` and a slash, `…/AdminService_TokenAuth`, and a gateway's
/// `https://cmg/CCM_Proxy_ServerAuth/<id>/AdminService`. It ends in `/`.
pub(super) fn wmi_route(text: &str) -> Result<Url> {
    let refuse = |cause: &str| Error::new(ErrorKind::Config, "read the AdminService address", cause);
    let mut url = Url::parse(text.trim())
        .map_err(|error| refuse(&format!("{:?} is no URL: {error}", shown_address(text))))?;
    if url.scheme() == "http" {
        return Err(refuse("http:// is refused, a token must not travel in clear; use https://"));
    }
    if url.scheme() != "https" {
        return Err(refuse("an AdminService has an https:// address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("the address must not hold a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("the address must not have a query or a fragment"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let last = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let route = match last.as_str() {
        "wmi" => format!("{path}/"),
        "adminservice" | "adminservice_tokenauth" => format!("{path}/wmi/"),
        "" => format!("{path}/AdminService/wmi/"),
        "v1.0" => return Err(refuse("the v1.0 route has no WMI classes; leave v1.0 out")),
        _ => return Err(refuse("the path of the address does not end in /AdminService")),
    };
    url.set_path(&route);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_leads_to_the_wmi_route() {
        for (text, route) in [
            ("https://cm1.contoso.com", "https://cm1.contoso.com/AdminService/wmi/"),
            ("https://cm1.contoso.com/AdminService", "https://cm1.contoso.com/AdminService/wmi/"),
            ("https://cm1.contoso.com/AdminService/", "https://cm1.contoso.com/AdminService/wmi/"),
            ("https://cm1/adminservice/wmi", "https://cm1/adminservice/wmi/"),
            ("https://cm1/AdminService_TokenAuth", "https://cm1/AdminService_TokenAuth/wmi/"),
            (
                "https://gf.contoso.com/CCM_Proxy_ServerAuth/72057594037928290/AdminService",
                "https://gf.contoso.com/CCM_Proxy_ServerAuth/72057594037928290/AdminService/wmi/",
            ),
        ] {
            assert_eq!(wmi_route(text).unwrap().as_str(), route);
        }
        for text in [
            "http://cm1/AdminService",
            "cm1",
            "ftp://cm1/AdminService",
            "https://u:p@cm1/AdminService",
            "https://cm1/AdminService?x=1",
            "https://cm1/elsewhere",
            "https://cm1/AdminService/v1.0",
        ] {
            let error = wmi_route(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("u:p"), "{error}");
        }
    }
}
