//! The gateway's own rules about its server certificate and its names.

use std::net::SocketAddr;
use std::time::Duration;

use cmgateway::gateway::server_certificate::{
    AzureCloud, DeploymentModel, DeploymentName, Finding, ServerCertificateOptions, ServiceName,
    check_name_prefix, check_renewal, check_server_certificate, check_server_pfx,
};
use cmgateway::gateway::{CnameOptions, check_cname};
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, Table, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, time_at};
use crate::error::{answer, expected};
use crate::objects::object;
use crate::options::Options;
use crate::pfx::LuaPfx;
use crate::runtime::wait;

/// Puts the functions into `cmgateway`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add("check_server_certificate", lua.create_function(|lua, given: (Value, Value)| report(lua, given)))?;
    add(
        "check_renewal",
        lua.create_function(|lua, (old, new, options): (Value, Value, Value)| {
            let certificate = |place: &str, value: &Value| {
                object(place, "Certificate", value, |it: &LuaCertificate| it.0.clone())
            };
            let old = certificate("bad argument #1 to 'check_renewal'", &old)?;
            let new = certificate("bad argument #2 to 'check_renewal'", &new)?;
            let options = Arguments("check_renewal").options(3, options)?;
            let given = Options::read("check_renewal", options, &["at"])?;
            answer(
                time_at(given.get(lua, "at")?).and_then(|at| findings(lua, &check_renewal(&old, &new, at))),
            )
        }),
    )?;
    add(
        "check_name_prefix",
        lua.create_function(|lua, prefix: Value| {
            let prefix = Arguments("check_name_prefix").text(1, &prefix);
            answer(prefix.and_then(|prefix| findings(lua, &check_name_prefix(&prefix))))
        }),
    )?;
    add(
        "service_name",
        lua.create_function(|_, (certificate, wanted): (Value, Value)| {
            let place = "bad argument #1 to 'service_name'";
            let certificate = object(place, "Certificate", &certificate, |it: &LuaCertificate| it.0.clone())?;
            let wanted = Arguments("service_name").optional_text(2, &wanted)?;
            let name = ServiceName::of_certificate(&certificate, wanted.as_deref());
            answer(name.map(|name| name.to_string()).map_err(expected))
        }),
    )?;
    add(
        "deployment_name",
        lua.create_function(|lua, (service, options): (Value, Value)| {
            let service = Arguments("deployment_name").text(1, &service)?;
            let options = Arguments("deployment_name").options(2, options)?;
            let given = Options::read("deployment_name", options, &["cloud", "model", "region"])?;
            answer(deployment_name(lua, &service, &given))
        }),
    )?;
    add("check_cname", lua.create_function(|lua, given: (Value, Value, Value)| answer(cname(lua, &given))))
}

fn report(lua: &Lua, (checked, options): (Value, Value)) -> mlua::Result<crate::error::Answer<Table>> {
    const FUNCTION: &str = "check_server_certificate";
    let options = Arguments(FUNCTION).options(2, options)?;
    let given = Options::read(FUNCTION, options, &["at", "cloud", "service_name", "warn_days"])?;
    let mut options = match time_at(given.get(lua, "at")?) {
        Ok(at) => ServerCertificateOptions::new(at),
        Err(error) => return answer(Err(error)),
    };
    options.cloud = given.word(lua, "cloud", &AzureCloud::ALL, AzureCloud::as_str)?.unwrap_or_default();
    options.service_name = given.text(lua, "service_name")?;
    options.warn_days = given.get(lua, "warn_days")?.unwrap_or(options.warn_days);
    let pfx =
        checked.as_userdata().and_then(|object| object.borrow::<LuaPfx>().ok().map(|pfx| pfx.0.clone()));
    let report = match pfx {
        Some(pfx) => check_server_pfx(&pfx, &options),
        None => {
            let place = "bad argument #1 to 'check_server_certificate'";
            object(place, "Certificate or Pfx", &checked, |it: &LuaCertificate| {
                check_server_certificate(&it.0, &options)
            })?
        }
    };
    let row = lua.create_table()?;
    row.set("findings", findings(lua, &report.findings)?)?;
    row.set("service_name", report.service_name.as_ref().map(ServiceName::as_str))?;
    row.set("days_left", report.days_left)?;
    row.set("is_good", report.is_good())?;
    row.set("needs_cname", report.needs_cname())?;
    answer(Ok(row))
}

fn findings(lua: &Lua, findings: &[Finding]) -> mlua::Result<Vec<Table>> {
    let table = |finding: &Finding| {
        let row = lua.create_table()?;
        row.set("severity", finding.severity.as_str())?;
        row.set("rule", finding.rule)?;
        row.set("text", finding.text.as_str())?;
        Ok(row)
    };
    findings.iter().map(table).collect()
}

fn deployment_name(lua: &Lua, service: &str, given: &Options) -> mlua::Result<String> {
    let cloud = given.word(lua, "cloud", &AzureCloud::ALL, AzureCloud::as_str)?.unwrap_or_default();
    let model = given.word(lua, "model", &DeploymentModel::ALL, DeploymentModel::as_str)?.unwrap_or_default();
    let region = given.text(lua, "region")?;
    let name = ServiceName::parse(service)
        .and_then(|service| DeploymentName::new(&service, cloud, model, region.as_deref()));
    name.map(|name| name.to_string()).map_err(expected)
}

fn cname(lua: &Lua, (service, deployment, options): &(Value, Value, Value)) -> mlua::Result<Vec<String>> {
    let arguments = Arguments("check_cname");
    let service = ServiceName::parse(&arguments.text(1, service)?).map_err(expected)?;
    let deployment = DeploymentName::parse(&arguments.text(2, deployment)?).map_err(expected)?;
    let given =
        Options::read("check_cname", arguments.options(3, options.clone())?, &["name_server", "timeout"])?;
    let mut options = CnameOptions::default();
    options.name_server = given.text(lua, "name_server")?.map(|text| address(&text)).transpose()?;
    if let Some(seconds) = given.get::<f64>(lua, "timeout")? {
        options.timeout = Duration::try_from_secs_f64(seconds).map_err(|error| {
            expected(Error::new(ErrorKind::Config, "check CNAME", format!("{seconds} seconds: {error}")))
        })?;
    }
    wait(lua, async { check_cname(&service, &deployment, &options).await })
}

/// `192.0.2.1` or `192.0.2.1:5353`.
pub(crate) fn address(text: &str) -> mlua::Result<SocketAddr> {
    let found = text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, 53)));
    found.ok_or_else(|| {
        let cause = format!("{text:?} is not the address of a name server");
        expected(Error::new(ErrorKind::Config, "check CNAME", cause))
    })
}
