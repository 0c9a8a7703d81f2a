//! What keeps a gateway healthy.

use cmgateway::gateway::monitor::{Expiring, Monitor, expiring_of_connection_point, expiry_warnings};
use cmgateway::gateway::service::read_connection_point_file;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, time_at};
use crate::crl::LuaCrl;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::json::to_lua;
use crate::options::Options;
use crate::runtime::wait;

pub(crate) struct LuaMonitor(pub(crate) Monitor);

/// Puts the function into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set("expiry_warnings", lua.create_function(|lua, given: Value| answer(warnings(lua, given)))?)
}

fn warnings(lua: &Lua, given: Value) -> mlua::Result<Value> {
    const FUNCTION: &str = "expiry_warnings";
    const KNOWN: [&str; 7] =
        ["connection_point_file", "certificates", "crls", "secrets", "at", "critical_days", "warning_days"];
    let given = Options::read(FUNCTION, Arguments(FUNCTION).options(1, given)?, &KNOWN)?;
    let mut items = match given.text(lua, "connection_point_file")? {
        Some(file) => {
            let point = read_connection_point_file(file).map_err(expected)?;
            expiring_of_connection_point(&point).map_err(expected)?
        }
        None => Vec::new(),
    };
    let take = |it: &LuaCertificate| it.0.clone();
    let certificates = given.objects(lua, "certificates", "Certificate", take)?.unwrap_or_default();
    items.extend(certificates.iter().map(|each| Expiring::certificate("certificate", each)));
    let lists = given.objects(lua, "crls", "Crl", |it: &LuaCrl| it.0.clone())?.unwrap_or_default();
    items.extend(lists.iter().filter_map(Expiring::crl));
    if let Some(secrets) = given.get::<Table>(lua, "secrets")? {
        for pair in secrets.pairs::<String, i64>() {
            let (name, end) =
                pair.map_err(|_| misuse("bad option 'secrets': names with Unix seconds expected"))?;
            items.push(Expiring::new("secret", name, time_at(Some(end))?));
        }
    }
    let at = time_at(given.get(lua, "at")?)?;
    let critical = given.get::<u32>(lua, "critical_days")?.map_or(7, i64::from);
    let warning = given.get::<u32>(lua, "warning_days")?.map_or(30, i64::from);
    to_lua(lua, &expiry_warnings(&items, at, critical, warning))
}

/// The moment of the option `at` of a method; now where it is not given.
fn at(lua: &Lua, method: &'static str, place: usize, options: Value) -> mlua::Result<time::OffsetDateTime> {
    let given = Options::read(method, Arguments(method).options(place, options)?, &["at"])?;
    time_at(given.get(lua, "at")?)
}

impl UserData for LuaMonitor {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Monitor");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Monitor");
        methods.add_method("record", |lua, this, (source, total, options): (Value, Value, Value)| {
            let source = Arguments("record").text(1, &source)?;
            let total = total.as_u64().ok_or_else(|| {
                misuse(format!("bad argument #2 to 'record': a {} is no number of bytes", total.type_name()))
            })?;
            let at = at(lua, "record", 3, options)?;
            answer(wait(lua, this.0.record(&source, total, at)).and_then(|sample| to_lua(lua, &sample)))
        });
        methods.add_method("history", |lua, this, options: Value| {
            let at = at(lua, "history", 1, options)?;
            answer(wait(lua, this.0.history(at)).and_then(|samples| to_lua(lua, &samples)))
        });
        methods.add_method("traffic", |lua, this, options: Value| {
            let at = at(lua, "traffic", 1, options)?;
            answer(wait(lua, this.0.traffic(at)).and_then(|traffic| to_lua(lua, &traffic)))
        });
        methods.add_method("check", |lua, this, options: Value| {
            let at = at(lua, "check", 1, options)?;
            answer(wait(lua, this.0.check(at)).and_then(|report| to_lua(lua, &report)))
        });
        methods.add_method("alerts", |lua, this, ()| {
            answer(wait(lua, this.0.alerts()).and_then(|alerts| to_lua(lua, &alerts)))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.Monitor of {}>", this.0.gateway().service_name()))
        });
    }
}
