//! The address of a WS-Management service and of the namespace in it.

use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Url;
use crate::site::shown_address;

/// Where a service is, and which namespace of it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Endpoint {
    /// `http://host:5985/wsman` or `https://host:5986/wsman`.
    pub(super) url: Url,
    /// The namespace with slashes, such as `root/sms/site_GF1`.
    pub(super) namespace: String,
    /// As messages show it.
    pub(super) shown: String,
}

impl Endpoint {
    /// Reads `winrm://HOST[:5985]/NAMESPACE`, `winrms://HOST[:5986]/NAMESPACE` and `http(s)://HOST:PORT/wsman/NAMESPACE`.
    /// Without a namespace it is WMI's default, `root/cimv2`.
    pub(in crate::site) fn parse(text: &str) -> Result<Self> {
        let shown = shown_address(text);
        let refuse = |cause: &str| Error::new(ErrorKind::Config, format!("connect to {shown}"), cause);
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(_, rest)| !rest.starts_with(['/', '\\']))
            .ok_or_else(|| refuse("it has no host: winrm://HOST/NAMESPACE"))?;
        let (scheme, own_port) = match scheme.to_ascii_lowercase().as_str() {
            "winrm" => ("http", Some(5985)),
            "winrms" => ("https", Some(5986)),
            "http" => ("http", None),
            _ => ("https", None),
        };
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| refuse(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(
                "the address must not hold a user name or a password; give user= and password=",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("the address must not have a query or a fragment"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it has no host"))?;
        let path = url.path().trim_matches('/');
        let namespace = match own_port {
            Some(_) => path,
            None => path.get(5..).unwrap_or_default().trim_matches('/'),
        };
        let namespace = namespace.to_ascii_lowercase().starts_with("root").then_some(namespace);
        let namespace = match (namespace, path.is_empty(), own_port) {
            (Some(namespace), _, _) => namespace.to_owned(),
            (None, true, Some(_)) => DEFAULT_NAMESPACE.to_owned(),
            (None, false, None) if path.len() == 5 => DEFAULT_NAMESPACE.to_owned(),
            _ => return Err(refuse("a namespace begins with root, such as root/sms/site_GF1")),
        };
        if !namespace.split('/').all(is_namespace_part) {
            return Err(refuse("the namespace is no list of names between slashes"));
        }
        // The port 80 of `http` is left out of its URL, but is not the one meant where nothing is said.
        let said = Url::parse(&format!("winrm://{rest}")).ok().and_then(|url| url.port());
        let port = said.or(own_port).map(|port| format!(":{port}")).unwrap_or_default();
        let url = Url::parse(&format!("{scheme}://{host}{port}/wsman"))
            .map_err(|error| refuse(&error.to_string()))?;
        Ok(Endpoint { url, namespace, shown: shown.trim_end_matches('/').to_owned() })
    }

    /// True for the path of a WS-Management service in an `http:` or `https:` address.
    pub(in crate::site) fn is_wsman_path(url: &str) -> bool {
        let path =
            url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let first = path.split(['/', '?', '#']).next().unwrap_or_default();
        first.eq_ignore_ascii_case("wsman")
    }
}

const DEFAULT_NAMESPACE: &str = "root/cimv2";

fn is_namespace_part(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_names_the_service_and_the_namespace() {
        let read = |text: &str| {
            let endpoint = Endpoint::parse(text).unwrap();
            (endpoint.url.to_string(), endpoint.namespace)
        };
        let (plain, sealed) = ("http://cm1:5985/wsman", "https://cm1:5986/wsman");
        let site = "root/sms/site_GF1";
        assert_eq!(read("winrm://cm1/root/sms/site_GF1"), (plain.into(), site.into()));
        assert_eq!(read("winrms://cm1/root/sms/site_GF1/"), (sealed.into(), site.into()));
        assert_eq!(read("WINRM://cm1:80"), ("http://cm1/wsman".into(), "root/cimv2".into()));
        assert_eq!(read("http://cm1:5985/wsman/root/sms/site_GF1"), (plain.into(), site.into()));
        assert_eq!(read("https://cm1:5986/wsman"), (sealed.into(), "root/cimv2".into()));
        assert_eq!(read("winrm://[::1]/root").0, "http://[::1]:5985/wsman");
        for bad in [
            "winrm:cm1",
            "winrm:///root",
            "winrm://u:p@cm1/root",
            "winrm://cm1/sms",
            "winrm://cm1/root/a b",
            "winrm://cm1/root//sms",
            "winrm://cm1/root?x=1",
            "http://cm1/wsman/sms",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        assert!(
            Endpoint::is_wsman_path("https://cm1:5986/WSMan/root")
                && !Endpoint::is_wsman_path("https://cm1/AdminService")
        );
    }
}
