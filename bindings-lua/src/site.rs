//! A connection to a site.

use std::time::Duration;

use cmgateway::gateway::Gateway;
use cmgateway::site::{ConnectOptions, EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::{Error, ErrorKind, Secret};
use mlua::{AnyUserData, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::class;
use crate::error::{answer, expected, misuse};
use crate::gateway::LuaGateway;
use crate::instance::{self, LuaInstance};
use crate::options::Options;
use crate::parameters::parameters;
use crate::path::{LuaPath, path_from, path_of};
use crate::rows::LuaRows;
use crate::runtime::wait;
use crate::server;

pub(crate) struct LuaSite(pub(crate) Site);

/// Puts `connect` and `create_site` into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "connect",
        lua.create_function(|lua, (url, options): (String, Option<Table>)| {
            answer(connect(lua, url, options))
        })?,
    )?;
    module.set(
        "create_site",
        lua.create_function(|lua, (file, code): (String, String)| answer(create_site(lua, file, code)))?,
    )
}

fn connect(lua: &Lua, url: String, options: Option<Table>) -> mlua::Result<LuaSite> {
    let given = Options::read("connect", options, &["token", "ca_file", "timeout"])?;
    let mut options = ConnectOptions::new(url);
    options.token = given.get::<String>(lua, "token")?.map(Secret::new);
    options.ca_file = given.get::<String>(lua, "ca_file")?.map(Into::into);
    if let Some(seconds) = given.get::<f64>(lua, "timeout")? {
        options.timeout = Duration::try_from_secs_f64(seconds).map_err(|error| {
            expected(Error::new(ErrorKind::Config, "read timeout", format!("{seconds} seconds: {error}")))
        })?;
    }
    wait(lua, Site::connect(options)).map(LuaSite)
}

fn create_site(lua: &Lua, file: String, code: String) -> mlua::Result<LuaSite> {
    let code = SiteCode::new(&code).map_err(expected)?;
    wait(lua, EmbeddedSite::create(file, &code)).map(|site| LuaSite(site.into()))
}

impl UserData for LuaSite {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Site");
        fields.add_field_method_get("address", |lua, this| lua.create_string(this.0.address()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        add_objects(methods);
        add_classes(methods);
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.Site {}>", this.0.address()))
        });
    }
}

fn add_objects<M: UserDataMethods<LuaSite>>(methods: &mut M) {
    methods.add_method("query", |lua, this, (wql, values): (String, Option<Table>)| {
        answer(query(lua, &this.0, &wql, values))
    });
    methods.add_method("get", |lua, this, path: Value| {
        answer(path_from(&path).and_then(|path| wait(lua, this.0.get(&path))).map(LuaInstance))
    });
    methods.add_method("new", |_, _, (class, properties): (String, Option<Table>)| {
        answer(instance::new(&class, properties))
    });
    methods.add_method("put", |lua, this, (instance, mode): (AnyUserData, Option<String>)| {
        answer(put(lua, &this.0, &instance, mode))
    });
    methods.add_method("delete", |lua, this, what: Value| {
        answer(path_of(&what).and_then(|path| wait(lua, this.0.delete(&path))).map(|()| true))
    });
}

fn add_classes<M: UserDataMethods<LuaSite>>(methods: &mut M) {
    methods.add_method("code", |lua, this, ()| answer(wait(lua, this.0.code()).map(|code| code.to_string())));
    methods.add_method("class_definition", |lua, this, name: String| {
        answer(wait(lua, this.0.class(&name)).and_then(|class| class::to_table(lua, &class)))
    });
    methods.add_method("define_class", |lua, this, asked: (String, Table, Option<Table>)| {
        answer(define_class(lua, &this.0, asked))
    });
    methods.add_method("gateway", |lua, this, name: String| {
        answer(wait(lua, Gateway::find(&this.0, &name)).map(LuaGateway))
    });
    methods.add_method("serve", |lua, this, options: Option<Table>| {
        answer(server::serve(lua, &this.0, options))
    });
    methods.add_method("gateways", |lua, this, ()| answer(gateways(lua, &this.0)));
}

fn query(lua: &Lua, site: &Site, wql: &str, values: Option<Table>) -> mlua::Result<LuaRows> {
    let parameters = parameters(values)?;
    wait(lua, site.query(wql, &parameters)).map(LuaRows::Open)
}

fn put(lua: &Lua, site: &Site, instance: &AnyUserData, mode: Option<String>) -> mlua::Result<LuaPath> {
    let mode = mode.map_or(Ok(PutMode::default()), |word| word.parse()).map_err(misuse)?;
    let mut instance = instance
        .borrow_mut::<LuaInstance>()
        .map_err(|_| misuse("bad argument #1 to 'put' (cmgateway.Instance expected)"))?;
    wait(lua, site.put(&mut instance.0, mode)).map(LuaPath)
}

fn define_class(lua: &Lua, site: &Site, asked: (String, Table, Option<Table>)) -> mlua::Result<bool> {
    let (name, properties, options) = asked;
    let class = class::from_table(lua, &name, &properties, options)?;
    wait(lua, site.embedded().map_err(expected)?.define_class(class)).map(|()| true)
}

fn gateways(lua: &Lua, site: &Site) -> mlua::Result<Vec<LuaGateway>> {
    Ok(wait(lua, Gateway::list(site))?.into_iter().map(LuaGateway).collect())
}
