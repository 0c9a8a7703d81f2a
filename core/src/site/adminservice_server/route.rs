//! Which thing an address names.

use super::reply::Refusal;
use crate::site::odata::{key, percent};
use crate::wmi::{Identifier, ObjectPath};

/// What an address names, with the part of it that stands before (`/AdminService/wmi`), as the client wrote it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) prefix: String,
    pub(super) target: Target,
}

/// What can be asked for.
#[derive(Debug)]
pub(super) enum Target {
    /// `/AdminService/wmi`: the list of classes.
    ServiceDocument,
    /// `/AdminService/wmi/$metadata`
    Metadata,
    /// `/AdminService/wmi/Class`
    Class(Identifier),
    /// `/AdminService/wmi/Class/$count`
    Count(Identifier),
    /// `/AdminService/wmi/Class(key)`
    Instance(ObjectPath),
}

/// Reads the path of an address; the fixed parts are matched without case.
pub(super) fn route(path: &str) -> Result<Route, Refusal> {
    let nothing =
        || Refusal::not_found("there is nothing at this address; classes are under /AdminService/wmi/");
    let mut segments = path.splitn(4, '/');
    let (_, service, wmi) = (segments.next(), segments.next(), segments.next());
    let is_service = |name: &str| {
        ["AdminService", "AdminService_TokenAuth"].iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let (Some(service), Some(wmi)) = (service.filter(|name| is_service(name)), wmi) else {
        return Err(nothing());
    };
    if wmi.eq_ignore_ascii_case("v1.0") {
        return Err(Refusal::not_implemented("only the WMI route is served; v1.0 is not"));
    }
    if !wmi.eq_ignore_ascii_case("wmi") {
        return Err(nothing());
    }
    let rest = percent::decode(segments.next().unwrap_or_default(), false)
        .ok_or_else(|| Refusal::bad_request("the address is not well-formed percent-encoding"))?;
    Ok(Route { prefix: format!("/{service}/{wmi}"), target: target(&rest)? })
}

fn target(rest: &str) -> Result<Target, Refusal> {
    if rest.is_empty() {
        return Ok(Target::ServiceDocument);
    }
    if rest.eq_ignore_ascii_case("$metadata") {
        return Ok(Target::Metadata);
    }
    if let Some(class) = rest.strip_suffix("/$count") {
        let class = Identifier::new(class).map_err(|error| Refusal::bad_request(error.to_string()))?;
        return Ok(Target::Count(class));
    }
    let outside_key = rest.split('(').next().unwrap_or_default();
    if outside_key.contains(['.', '/']) || rest.contains(")/") {
        return Err(Refusal::not_implemented(
            "methods and navigation are not served, only classes and instances",
        ));
    }
    let path = key::parse(rest).map_err(Refusal::bad_request)?;
    Ok(if path.keys.is_empty() { Target::Class(path.class) } else { Target::Instance(path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_parts_are_read_without_case() {
        for (path, expected) in [
            ("/AdminService/wmi", "ServiceDocument"),
            ("/adminservice/WMI/", "ServiceDocument"),
            ("/AdminService_TokenAuth/wmi/$metadata", "Metadata"),
            ("/AdminService/wmi/SMS_Site", "Class(SMS_Site)"),
            ("/AdminService/wmi/SMS_Site/$count", "Count(SMS_Site)"),
        ] {
            let Ok(route) = route(path) else { panic!("{path}") };
            assert_eq!(format!("{:?}", route.target), expected);
        }
        let Ok(Route { target: Target::Instance(path), .. }) = route("/AdminService/wmi/C(%27a%2Fb%27)")
        else {
            panic!()
        };
        assert_eq!(path.to_string(), "C=\"a/b\"");
        for path in [
            "/",
            "/x/wmi/C",
            "/AdminService",
            "/AdminService/v1.0/Device",
            "/AdminService/wmi/C.M",
            "/AdminService/wmi/%ff",
        ] {
            assert!(route(path).is_err(), "{path}");
        }
    }
}
