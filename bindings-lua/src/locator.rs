//! Connecting as VBScript does.

use cmgateway::site::{ConnectOptions, ConnectServer, Locator};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, no_other_fields};
use crate::options::Options;
use crate::runtime::wait;
use crate::site::{CONNECT_OPTIONS, LuaSite, access, timeout};

struct LuaLocator(Locator);

/// Puts `locator` into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let make = |lua: &Lua, options: Value| {
        let options = Arguments("locator").options(1, options)?;
        answer(locator(lua, options))
    };
    module.set("locator", lua.create_function(make)?)
}

fn locator(lua: &Lua, options: Option<Table>) -> mlua::Result<LuaLocator> {
    let known: Vec<_> = CONNECT_OPTIONS.iter().copied().filter(|name| *name != "token").collect();
    let given = Options::read("locator", options, &[&known[..], &["rehearse", "tls"]].concat())?;
    if let Some(address) = given.text(lua, "rehearse")? {
        return Ok(LuaLocator(Locator::rehearsing(address)));
    }
    let mut options = ConnectOptions::new(if given.flag(lua, "tls")? { "winrms:" } else { "winrm:" });
    access(lua, &given, &mut options)?;
    options.ca_file = given.text(lua, "ca_file")?.map(Into::into);
    timeout(lua, &given, &mut options)?;
    Ok(LuaLocator(Locator::new(options)))
}

impl UserData for LuaLocator {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Locator");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Locator");
        methods.add_method("connect_server", |lua, this, asked: (Value, Value, Value)| {
            answer(connect_server(lua, &this.0, asked))
        });
        methods.add_method("get_object", |lua, this, moniker: Value| {
            let moniker = Arguments("get_object").text(1, &moniker);
            answer(moniker.and_then(|moniker| wait(lua, this.0.get_object(&moniker))).map(LuaSite::new))
        });
        methods.add_method("site", |lua, this, asked: (Value, Value)| answer(site(lua, &this.0, asked)));
        methods.add_meta_method("__tostring", |_, _, ()| Ok("<cmgateway.Locator>"));
    }
}

fn connect_server(
    lua: &Lua,
    locator: &Locator,
    (server, namespace, options): (Value, Value, Value),
) -> mlua::Result<LuaSite> {
    let arguments = Arguments("connect_server");
    let given = Options::read(
        "connect_server",
        arguments.options(3, options)?,
        &["user", "password", "locale", "authority", "security_flags"],
    )?;
    let arguments = ConnectServer {
        server: arguments.optional_text(1, &server)?.unwrap_or_default(),
        namespace: arguments.optional_text(2, &namespace)?.unwrap_or_default(),
        user: given.text(lua, "user")?,
        password: given.secret(lua, "password")?,
        locale: given.text(lua, "locale")?,
        authority: given.text(lua, "authority")?,
        security_flags: given.get(lua, "security_flags")?.unwrap_or_default(),
    };
    wait(lua, locator.connect_server(arguments)).map(LuaSite::new)
}

fn site(lua: &Lua, locator: &Locator, (server, options): (Value, Value)) -> mlua::Result<LuaSite> {
    let arguments = Arguments("site");
    let given = Options::read("site", arguments.options(2, options)?, &["user", "password", "stay"])?;
    let (server, stay) = (arguments.optional_text(1, &server)?.unwrap_or_default(), given.flag(lua, "stay")?);
    let (user, password) = (given.text(lua, "user")?, given.secret(lua, "password")?);
    let arguments = ConnectServer { server, user, password, ..ConnectServer::default() };
    wait(lua, locator.site(arguments, stay)).map(LuaSite::new)
}
