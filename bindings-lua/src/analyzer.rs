//! What is wrong with a gateway.

use std::time::Duration;

use cmgateway::gateway::analyzer::{AnalysisReport, AnalyzeOptions, CheckResult, analyze, checks_page};
use cmgateway::gateway::server_certificate::DeploymentName;
use cmgateway::net::{PemSource, TrustedRoots};
use cmgateway::proxy::RoleId;
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, time_at};
use crate::crl::LuaCrl;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::gateway::LuaGateway;
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;
use crate::server_certificate::address;
use crate::site::LuaSite;
use crate::value::{sequence, text_from};

const OPTIONS: [&str; 19] = [
    "site",
    "connection_point_file",
    "addresses",
    "deployment_name",
    "name_server",
    "ca_file",
    "server_certificate",
    "admin_addresses",
    "roots",
    "sub_cas",
    "crls",
    "certificate_file",
    "key_file",
    "token",
    "roles",
    "asks_inside",
    "at",
    "warn_days",
    "timeout",
];

pub(crate) struct LuaAnalysisReport(pub(crate) AnalysisReport);

/// Puts the functions into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "analyze",
        lua.create_function(|lua, (name, options): (Value, Value)| {
            let name = Arguments("analyze").text(1, &name)?;
            let given = Arguments("analyze").options(2, options)?;
            let given = Options::read("analyze", given, &OPTIONS)?;
            answer(read(lua, &given, AnalyzeOptions::new(name)).and_then(|mut options| {
                let site = given.get::<Value>(lua, "site")?;
                let take = |it: &LuaSite| it.0.clone();
                let place = "bad option 'site' to 'analyze'";
                options.site = site.map(|site| object(place, "Site", &site, take)).transpose()?;
                wait(lua, analyze(options)).map(LuaAnalysisReport)
            }))
        })?,
    )?;
    module.set("checks_page", lua.create_function(|_, ()| Ok(checks_page()))?)
}

/// `gateway:analyze`.
pub(crate) fn add_to_gateway<M: UserDataMethods<LuaGateway>>(methods: &mut M) {
    methods.add_method("analyze", |lua, this, options: Value| {
        let given = Arguments("analyze").options(1, options)?;
        let own: Vec<&str> = OPTIONS.into_iter().filter(|name| *name != "site").collect();
        let given = Options::read("analyze", given, &own)?;
        let options = read(lua, &given, AnalyzeOptions::new(this.0.service_name()));
        answer(options.and_then(|options| wait(lua, this.0.analyze(options)).map(LuaAnalysisReport)))
    });
}

fn read(lua: &Lua, given: &Options, mut options: AnalyzeOptions) -> mlua::Result<AnalyzeOptions> {
    if let Some(file) = given.text(lua, "connection_point_file")? {
        options.take_connection_point_file(file).map_err(expected)?;
    }
    options.addresses = given.texts(lua, "addresses")?.unwrap_or_default();
    options.admin_addresses = given.texts(lua, "admin_addresses")?.unwrap_or_default();
    let deployment = given.text(lua, "deployment_name")?;
    options.deployment_name =
        deployment.map(|name| DeploymentName::parse(&name)).transpose().map_err(expected)?;
    options.name_server = given.text(lua, "name_server")?.map(|text| address(&text)).transpose()?;
    options.asks_inside = given.flag(lua, "asks_inside")?;
    options.roles = given.get::<Table>(lua, "roles")?.map_or_else(|| Ok(Vec::new()), |all| roles(&all))?;
    options.at = given.get::<i64>(lua, "at")?.map(|at| time_at(Some(at))).transpose()?;
    options.warn_days = given.get(lua, "warn_days")?.unwrap_or(options.warn_days);
    if let Some(seconds) = given.get::<f64>(lua, "timeout")? {
        options.timeout = Duration::try_from_secs_f64(seconds)
            .map_err(|error| refuse(format!("timeout: {seconds} seconds: {error}")))?;
    }
    certificates(lua, given, &mut options)?;
    Ok(options)
}

fn certificates(lua: &Lua, given: &Options, options: &mut AnalyzeOptions) -> mlua::Result<()> {
    if let Some(file) = given.text(lua, "ca_file")? {
        options.trusted_roots = TrustedRoots::File(file.into());
    }
    let take = |it: &LuaCertificate| it.0.clone();
    if let Some(server) = given.get::<Value>(lua, "server_certificate")? {
        let place = "bad option 'server_certificate' to 'analyze'";
        options.server_certificate = Some(object(place, "Certificate", &server, take)?);
    }
    if let Some(roots) = given.objects(lua, "roots", "Certificate", take)? {
        options.roots = roots;
    }
    if let Some(sub_cas) = given.objects(lua, "sub_cas", "Certificate", take)? {
        options.sub_cas = sub_cas;
    }
    if let Some(lists) = given.objects(lua, "crls", "Crl", |it: &LuaCrl| it.0.clone())? {
        options.crls = lists;
    }
    let pem = |file: String| PemSource::File(file.into());
    let files = (given.text(lua, "certificate_file")?.map(pem), given.text(lua, "key_file")?.map(pem));
    options.client_identity = match files {
        (Some(chain), Some(key)) => Some((chain, key)),
        (None, None) => None,
        _ => return Err(refuse("certificate_file and key_file belong together")),
    };
    options.token = given.secret(lua, "token")?;
    Ok(())
}

fn refuse(cause: impl Into<String>) -> mlua::Error {
    expected(Error::new(ErrorKind::Config, "analyze gateway", cause))
}

/// Numbers of roles: integers, or texts where the interpreter's numbers are too small for them.
fn roles(all: &Table) -> mlua::Result<Vec<u64>> {
    let place = "bad option 'roles' to 'analyze'";
    let role = |value: &Value| match value {
        Value::String(text) => text_from(text)?.parse().map(|role: RoleId| role.get()).map_err(expected),
        other => other
            .as_u64()
            .ok_or_else(|| misuse(format!("{place}: a {} is no number of a role", other.type_name()))),
    };
    sequence(all, place)?.iter().map(role).collect()
}

fn row(lua: &Lua, result: &CheckResult) -> mlua::Result<Table> {
    let row = lua.create_table()?;
    row.set("id", result.id)?;
    row.set("area", result.area)?;
    row.set("proves", result.proves)?;
    row.set("outcome", result.outcome.as_str())?;
    row.set("finding", result.finding.as_str())?;
    row.set("evidence", result.evidence.clone())?;
    row.set("cause", result.cause)?;
    row.set("remedy", result.remedy.as_deref())?;
    row.set("blocked_by", result.blocked_by)?;
    Ok(row)
}

impl UserData for LuaAnalysisReport {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.AnalysisReport");
        fields.add_field_method_get("service_name", |lua, this| lua.create_string(&this.0.service_name));
        fields.add_field_method_get("results", |lua, this| {
            this.0.results.iter().map(|result| row(lua, result)).collect::<mlua::Result<Vec<_>>>()
        });
        fields.add_field_method_get("is_healthy", |_, this| Ok(this.0.is_healthy()));
        fields.add_field_method_get("first_cause", |lua, this| {
            this.0.first_cause().map(|result| row(lua, result)).transpose()
        });
        fields.add_field_method_get("summary", |_, this| Ok(this.0.summary()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "AnalysisReport");
        methods.add_method("result", |lua, this, id: Value| {
            let id = Arguments("result").text(1, &id)?;
            this.0.result(&id).map(|result| row(lua, result)).transpose()
        });
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_method("to_html", |_, this, ()| Ok(this.0.to_html()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}
