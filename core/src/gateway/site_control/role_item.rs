//! Roles on servers, `SMS_SCI_SysResUse`: whose they are, and a new one.

use super::embedded_property::{PropertyValue, new as new_property};
use super::item::ROLE;
use crate::error::Result;
use crate::wmi::{Instance, KeyValue, ObjectPath, Value};

/// The server of a role: `CM1.contoso.com` of `\\CM1.contoso.com`.
pub(in crate::gateway) fn server_of(item: &Instance) -> String {
    let path = item.text("NetworkOSPath").unwrap_or_default();
    if !path.is_empty() {
        return path.trim_matches('\\').to_owned();
    }
    // `["Display=\\CM1\"]MSWNET:["SMS_SITE=GF1"]\\CM1\`
    let network = item.text("NALPath").unwrap_or_default();
    network.rsplit(']').next().unwrap_or_default().trim_matches('\\').to_owned()
}

/// A role that a server does not have yet, with the path under which it will be.
///
/// Its keys are in the form that sites have: the network path with site and server, then the role.
pub(in crate::gateway) fn new_role(
    site_code: &str,
    server: &str,
    role: &str,
    properties: &[(&str, PropertyValue)],
) -> Result<(ObjectPath, Instance)> {
    let network = format!("[\"Display=\\\\{server}\\\"]MSWNET:[\"SMS_SITE={site_code}\"]\\\\{server}\\");
    let name = format!("{network},{role}");
    let mut item = Instance::new(ROLE)?;
    item.set("FileType", 2)?;
    item.set("ItemName", name.as_str())?;
    item.set("ItemType", "System Resource Usage")?;
    item.set("SiteCode", site_code)?;
    item.set("NALPath", network)?;
    item.set("NALType", "Windows NT Server")?;
    item.set("NetworkOSPath", format!("\\\\{server}"))?;
    item.set("RoleName", role)?;
    let mut all = Vec::with_capacity(properties.len());
    for (name, value) in properties {
        all.push(Value::Object(Box::new(new_property(name, value)?)));
    }
    item.set("Props", Value::Array(all))?;
    let keys: [(&str, KeyValue); 4] = [
        ("FileType", 2.into()),
        ("ItemName", name.into()),
        ("ItemType", "System Resource Usage".into()),
        ("SiteCode", site_code.into()),
    ];
    Ok((ObjectPath::new(ROLE, keys)?, item))
}
