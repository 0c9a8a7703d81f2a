//! Where a client is, and whom it talks to.

use cmgateway::gateway::client_location::{self, ReferenceClient, ReferenceClientOptions};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::json::{from_lua, to_lua};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;
use crate::site::LuaSite;

pub(crate) struct LuaReferenceClient(ReferenceClient);

/// Puts the functions into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set("decide_location", lua.create_function(decide)?)?;
    module.set(
        "registry_file",
        lua.create_function(|_, always: Value| {
            Ok(client_location::registry_file(flag("registry_file", &always)?))
        })?,
    )?;
    module.set(
        "group_policy_preferences",
        lua.create_function(|_, always: Value| {
            Ok(client_location::group_policy_preferences(flag("group_policy_preferences", &always)?))
        })?,
    )?;
    module.set(
        "always_on_internet_here",
        lua.create_function(|_, ()| answer(client_location::always_on_internet_here().map_err(expected)))?,
    )?;
    module.set(
        "set_always_on_internet_here",
        lua.create_function(|_, always: Value| {
            // It changes this computer: a misspelt variable must not mean yes.
            let Value::Boolean(always) = always else {
                let cause = format!("a boolean expected, got {}", always.type_name());
                return Err(misuse(format!("bad argument #1 to 'set_always_on_internet_here': {cause}")));
            };
            answer(client_location::set_always_on_internet_here(always).map(|()| true).map_err(expected))
        })?,
    )?;
    module.set(
        "reference_client",
        lua.create_function(|lua, (options, site): (Value, Value)| answer(client(lua, &options, &site)))?,
    )
}

/// True where nothing is said.
fn flag(function: &str, value: &Value) -> mlua::Result<bool> {
    match value {
        Value::Nil => Ok(true),
        Value::Boolean(flag) => Ok(*flag),
        other => Err(misuse(format!(
            "bad argument #1 to '{function}': a boolean expected, got {}",
            other.type_name()
        ))),
    }
}

fn decide(lua: &Lua, given: Value) -> mlua::Result<Value> {
    let known = ["always_on_internet", "domain_controller_answers", "management_point_answers"];
    let table = Arguments("decide_location").options(1, given)?;
    let given = Options::read("decide_location", table, &known)?;
    let [always, controller, point] = known.map(|name| given.flag(lua, name));
    to_lua(lua, &client_location::decide(always?, controller?, point?))
}

fn client(lua: &Lua, options: &Value, site: &Value) -> mlua::Result<LuaReferenceClient> {
    let table = Arguments("reference_client").table(
        1,
        "options go in a table: { name = value, … }",
        options.clone(),
    )?;
    let place = "bad argument #2 to 'reference_client'";
    let site = match site {
        Value::Nil => None,
        site => Some(object(place, "Site", site, |one: &LuaSite| one.0.clone())?),
    };
    let table = from_lua(&Value::Table(table), "read the client's options")?;
    let options = ReferenceClientOptions::from_json(table, site).map_err(expected)?;
    wait(lua, ReferenceClient::new(options)).map(LuaReferenceClient)
}

impl LuaReferenceClient {
    fn get(&self, lua: &Lua, path: &Value) -> mlua::Result<Table> {
        let path = Arguments("get").text(1, path)?;
        let file = wait(lua, self.0.get(&path))?;
        let found = lua.create_table()?;
        found.set("status", file.status)?;
        found.set("body", lua.create_string(&file.body)?)?;
        found.set("mp", file.mp)?;
        found.set("location", file.location.as_str())?;
        Ok(found)
    }
}

impl UserData for LuaReferenceClient {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.ReferenceClient");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ReferenceClient");
        methods.add_method("probe", |lua, this, ()| {
            let probe = wait(lua, async { Ok(this.0.probe().await) });
            answer(probe.and_then(|probe| to_lua(lua, &probe)))
        });
        methods.add_method("location", |lua, this, ()| {
            answer(wait(lua, this.0.location()).and_then(|decision| to_lua(lua, &decision)))
        });
        methods.add_method("candidates", |lua, this, ()| {
            answer(wait(lua, this.0.candidates()).and_then(|all| to_lua(lua, &all)))
        });
        methods.add_method("network_changed", |lua, this, ()| {
            let told = wait(lua, async {
                this.0.network_changed().await;
                Ok(true)
            });
            answer(told)
        });
        methods.add_method("refresh", |lua, this, ()| {
            answer(wait(lua, this.0.refresh()).and_then(|decision| to_lua(lua, &decision)))
        });
        methods.add_method("get", |lua, this, path: Value| answer(this.get(lua, &path)));
        methods.add_meta_method("__tostring", |_, _, ()| Ok("<cmgateway.ReferenceClient>"));
    }
}
