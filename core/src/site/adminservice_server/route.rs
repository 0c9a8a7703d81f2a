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
    /// `/AdminService/wmi/Class.Method`, `/AdminService/wmi/Class(key)/AdminService.Method`; the path is that of the class
    /// or of the instance.
    Method(ObjectPath, Identifier),
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
    if let Some(method) = method(rest)? {
        return Ok(method);
    }
    let outside_key = rest.split('(').next().unwrap_or_default();
    if outside_key.contains(['.', '/']) || rest.contains(")/") {
        return Err(Refusal::not_implemented(
            "navigation is not served, only classes, instances and their methods",
        ));
    }
    let path = key::parse(rest).map_err(Refusal::bad_request)?;
    Ok(if path.keys.is_empty() { Target::Class(path.class) } else { Target::Instance(path) })
}

/// A method, where the address ends in one. A key may stand in brackets or as a segment of its own.
fn method(rest: &str) -> Result<Option<Target>, Refusal> {
    const MARK: &str = "/AdminService.";
    let bound = rest.len().checked_sub(1).and_then(|_| {
        let at = rest.to_ascii_lowercase().rfind(&MARK.to_ascii_lowercase())?;
        Some((rest.get(..at)?, Identifier::new(rest.get(at + MARK.len()..)?).ok()?))
    });
    if let Some((of, method)) = bound {
        let path = match of.split_once('/') {
            // A key as a segment is text or a number, and the class says which.
            Some((class, segment)) if !of.contains('(') => {
                key::parse(&format!("{class}('{}')", segment.replace('\'', "''")))
            }
            _ => key::parse(of),
        };
        return path.map(|path| Some(Target::Method(path, method))).map_err(Refusal::bad_request);
    }
    let Some((class, method)) = rest.split_once('.') else { return Ok(None) };
    let (Ok(_), Ok(method)) = (Identifier::new(class), Identifier::new(method)) else { return Ok(None) };
    key::parse(class).map(|path| Some(Target::Method(path, method))).map_err(Refusal::bad_request)
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
            ("/AdminService/wmi/SMS_Site/$count", "Count(SMS_Site)"),
            ("/AdminService/wmi/SMS_Site", "Class(SMS_Site)"),
        ] {
            let Ok(route) = route(path) else { panic!("{path}") };
            assert_eq!(format!("{:?}", route.target), expected);
        }
        let Ok(Route { target: Target::Instance(path), .. }) = route("/AdminService/wmi/C(%27a%2Fb%27)")
        else {
            panic!()
        };
        assert_eq!(path.to_string(), "C=\"a/b\"");
        for (path, object, name) in [
            ("/AdminService/wmi/C.M", "C", "M"),
            ("/AdminService/wmi/C('a')/AdminService.M", "C=\"a\"", "M"),
            ("/AdminService/wmi/C('a/AdminService.b')/adminservice.M", "C=\"a/AdminService.b\"", "M"),
            ("/AdminService/wmi/C/6b2f-1/AdminService.M", "C=\"6b2f-1\"", "M"),
        ] {
            let Ok(Route { target: Target::Method(of, method), .. }) = route(path) else { panic!("{path}") };
            assert_eq!((of.to_string().as_str(), method.as_str()), (object, name));
        }
        for path in ["/", "/x/wmi/C", "/AdminService", "/AdminService/v1.0/Device", "/AdminService/wmi/%ff"] {
            assert!(route(path).is_err(), "{path}");
        }
    }
}
