//! A connection to a site.

use std::cell::RefCell;
use std::time::Duration;

use cmgateway::gateway::Gateway;
use cmgateway::gateway::connection_point_role::ConnectionPointRoles;
use cmgateway::gateway::site_roles::SiteRoles;
use cmgateway::gateway::site_switches::SiteSwitches;
use cmgateway::site::{ConnectOptions, EmbeddedSite, Site, SiteCode};
use cmgateway::wmi::CallContext;
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, MultiValue, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::call;
use crate::class;
use crate::connection_point_roles::LuaConnectionPointRoles;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::gateway::LuaGateway;
use crate::instance::{self, LuaInstance};
use crate::options::Options;
use crate::parameters::{named_values, parameters};
use crate::path::{LuaPath, path_from, path_of};
use crate::rows::LuaRows;
use crate::runtime::{wait, with_free_queries};
use crate::server;
use crate::site_roles::LuaSiteRoles;
use crate::site_switches::LuaSiteSwitches;
use crate::snapshot;
use crate::watch::{self, LuaWatch};

/// A site; false where its end is not that of the connection, as with context values.
pub(crate) struct LuaSite(pub(crate) Site, bool);

impl LuaSite {
    /// A connection of its own.
    pub(crate) fn new(site: Site) -> Self {
        LuaSite(site, true)
    }
}

/// Puts `connect` and `create_site` into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "connect",
        lua.create_function(|lua, (url, options): (Value, Value)| answer(connect(lua, &url, options)))?,
    )?;
    module.set(
        "create_site",
        lua.create_function(|lua, (file, code): (Value, Value)| answer(create_site(lua, &file, &code)))?,
    )
}

fn connect(lua: &Lua, url: &Value, options: Value) -> mlua::Result<LuaSite> {
    let url = Arguments("connect").text(1, url)?;
    let options = Arguments("connect").options(2, options)?;
    let given = Options::read("connect", options, CONNECT_OPTIONS)?;
    let mut options = ConnectOptions::new(url);
    access(lua, &given, &mut options)?;
    options.ca_file = given.text(lua, "ca_file")?.map(Into::into);
    timeout(lua, &given, &mut options)?;
    wait(lua, Site::connect(options)).map(LuaSite::new)
}

pub(crate) fn timeout(lua: &Lua, given: &Options, options: &mut ConnectOptions) -> mlua::Result<()> {
    if let Some(seconds) = given.get::<f64>(lua, "timeout")? {
        options.timeout = Duration::try_from_secs_f64(seconds).map_err(|_| {
            let cause = format!("{seconds} is no number of seconds above 0");
            expected(Error::new(ErrorKind::Config, "read timeout", cause))
        })?;
    }
    Ok(())
}

pub(crate) const CONNECT_OPTIONS: &[&str] = &[
    "token",
    "auth",
    "user",
    "password",
    "realm",
    "keytab_file",
    "kdc",
    "certificate_file",
    "key_file",
    "ca_file",
    "danger_unencrypted",
    "timeout",
];

/// Who connects, and what proves it.
pub(crate) fn access(lua: &Lua, given: &Options, options: &mut ConnectOptions) -> mlua::Result<()> {
    options.token = given.secret(lua, "token")?;
    options.password = given.secret(lua, "password")?;
    let auth = given.text(lua, "auth")?.map(|word| word.parse());
    options.auth = auth.transpose().map_err(expected)?;
    options.user = given.text(lua, "user")?;
    options.realm = given.text(lua, "realm")?;
    options.kdc = given.text(lua, "kdc")?;
    options.keytab_file = given.text(lua, "keytab_file")?.map(Into::into);
    options.certificate_file = given.text(lua, "certificate_file")?.map(Into::into);
    options.danger_unencrypted = given.flag(lua, "danger_unencrypted")?;
    options.key_file = given.text(lua, "key_file")?.map(Into::into);
    Ok(())
}

fn create_site(lua: &Lua, file: &Value, code: &Value) -> mlua::Result<LuaSite> {
    let file = Arguments("create_site").text(1, file)?;
    let code = Arguments("create_site").text(2, code)?;
    let code = SiteCode::new(&code).map_err(expected)?;
    wait(lua, EmbeddedSite::create(file, &code)).map(|site| LuaSite::new(site.into()))
}

impl UserData for LuaSite {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Site");
        fields.add_field_method_get("address", |lua, this| lua.create_string(this.0.address()));
        fields.add_field_method_get("switches", |_, this| Ok(LuaSiteSwitches(SiteSwitches::of(&this.0))));
        fields.add_field_method_get("roles", |_, this| Ok(LuaSiteRoles(SiteRoles::of(&this.0))));
        fields.add_field_method_get("connection_points", |_, this| {
            Ok(LuaConnectionPointRoles(ConnectionPointRoles::of(&this.0)))
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Site");
        add_objects(methods);
        add_classes(methods);
        methods.add_method("identify", |lua, this, ()| {
            answer(wait(lua, this.0.identify()).and_then(|identity| {
                let table = lua.create_table()?;
                table.set("protocol_version", identity.protocol_version)?;
                table.set("product_vendor", identity.product_vendor)?;
                table.set("product_version", identity.product_version)?;
                Ok(table)
            }))
        });
        methods.add_method("close", |lua, this, ()| answer(wait(lua, this.0.close()).map(|()| true)));
        methods.add_meta_method(
            "__close",
            |lua, this, _: MultiValue| {
                if this.1 { wait(lua, this.0.close()) } else { Ok(()) }
            },
        );
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.Site {}>", this.0.address()))
        });
    }
}

fn add_objects<M: UserDataMethods<LuaSite>>(methods: &mut M) {
    methods.add_method("query", |lua, this, (wql, values): (Value, Value)| {
        answer(query(lua, &this.0, &wql, values))
    });
    methods.add_method("watch", |lua, this, asked: (Value, Value, Value)| answer(watch(lua, &this.0, asked)));
    methods.add_method("get", |lua, this, path: Value| {
        let instance = path_from(&path).and_then(|path| wait(lua, this.0.get(&path)));
        answer(instance.map(|instance| LuaInstance::of(instance, Some(&this.0))))
    });
    methods.add_method("new", |lua, this, given: (Value, Value)| {
        let make = |class: &str| {
            wait(lua, this.0.new_instance(class)).map(|made| LuaInstance::of(made, Some(&this.0)))
        };
        answer(instance::new("new", given, make))
    });
    methods.add_method("put", |lua, this, (instance, mode): (Value, Value)| {
        answer(put(lua, &this.0, &instance, &mode))
    });
    methods.add_method("delete", |lua, this, what: Value| {
        answer(path_of(&what).and_then(|path| wait(lua, this.0.delete(&path))).map(|()| true))
    });
}

fn add_classes<M: UserDataMethods<LuaSite>>(methods: &mut M) {
    methods.add_method("code", |lua, this, ()| {
        answer(with_free_queries(lua, || wait(lua, this.0.code())).map(|code| code.to_string()))
    });
    methods.add_method("class_definition", |lua, this, name: Value| {
        let name = Arguments("class_definition").text(1, &name);
        let class = name.and_then(|name| wait(lua, this.0.class(&name)));
        answer(class.and_then(|class| class::to_table(lua, &class)))
    });
    methods.add_method("define_class", |lua, this, asked: (Value, Value, Value)| {
        answer(define_class(lua, &this.0, asked))
    });
    methods.add_method("classes", |lua, this, ()| answer(classes(lua, &this.0)));
    methods.add_method("compile_mof", |lua, this, text: Value| {
        let text = Arguments("compile_mof").text(1, &text);
        let site = this.0.embedded().map_err(expected);
        answer(text.and_then(|text| wait(lua, site?.compile_mof(text))).map(|_| true))
    });
    methods.add_method("compile_mof_file", |lua, this, file: Value| {
        let file = Arguments("compile_mof_file").text(1, &file);
        let site = this.0.embedded().map_err(expected);
        answer(file.and_then(|file| wait(lua, site?.compile_mof_file(file))).map(|_| true))
    });
    methods.add_method("call", |lua, this, (target, method, given): (Value, Value, MultiValue)| {
        let method = Arguments("call").text(2, &method)?;
        answer(path_of(&target).and_then(|path| call::call(lua, &this.0, &path, &method, given)))
    });
    methods.add_method("on_method", |lua, this, asked: (Value, Value, Value)| {
        answer(on_method(lua, &this.0, &asked))
    });
    methods.add_method("context", |_, this, values: Value| {
        let values = Arguments("context").table(1, "a table expected, { name = value, … }", values)?;
        let context = named_values(&values).and_then(|values| CallContext::new(values).map_err(expected));
        let site = context.and_then(|context| this.0.with_context(&context).map_err(expected));
        answer(site.map(|site| LuaSite(site, false)))
    });
    methods.add_method("snapshot", |lua, this, asked: (Value, Value)| {
        answer(snapshot::take(lua, &this.0, asked))
    });
    methods.add_method("gateway", |lua, this, name: Value| answer(gateway(lua, &this.0, &name)));
    methods.add_method("serve", |lua, this, options: Value| {
        let options = Arguments("serve").options(1, options)?;
        answer(server::serve(lua, &this.0, options))
    });
    methods.add_method("gateways", |lua, this, ()| answer(gateways(lua, &this.0)));
}

fn query(lua: &Lua, site: &Site, wql: &Value, values: Value) -> mlua::Result<LuaRows> {
    let wql = Arguments("query").text(1, wql)?;
    let parameters = parameters("query", values)?;
    with_free_queries(lua, || wait(lua, site.query(&wql, &parameters)))
        .map(|rows| LuaRows::Open(rows, site.clone()))
}

fn put(lua: &Lua, site: &Site, instance: &Value, mode: &Value) -> mlua::Result<LuaPath> {
    let bad = || misuse("bad argument #1 to 'put': an Instance expected");
    let instance = instance.as_userdata().ok_or_else(bad)?;
    let instance = instance.borrow::<LuaInstance>().map_err(|_| bad())?;
    instance.put(lua, site, mode)
}

fn define_class(lua: &Lua, site: &Site, asked: (Value, Value, Value)) -> mlua::Result<bool> {
    let arguments = Arguments("define_class");
    let name = arguments.text(1, &asked.0)?;
    let properties = arguments.table(2, "a table of types expected, { name = \"string\", … }", asked.1)?;
    let class = class::from_table(lua, &name, &properties, arguments.options(3, asked.2)?)?;
    wait(lua, site.embedded().map_err(expected)?.define_class(class)).map(|()| true)
}

fn classes(lua: &Lua, site: &Site) -> mlua::Result<Vec<Table>> {
    wait(lua, site.classes())?.iter().map(|class| class::to_table(lua, class)).collect()
}

fn watch(lua: &Lua, site: &Site, (wql, values, options): (Value, Value, Value)) -> mlua::Result<LuaWatch> {
    let arguments = Arguments("watch");
    let (wql, parameters) = (arguments.text(1, &wql)?, parameters("watch", values)?);
    let given = Options::read("watch", arguments.options(3, options)?, &["timeout"])?;
    let timeout = given.get::<f64>(lua, "timeout")?.map(watch::seconds).transpose()?;
    let watch = with_free_queries(lua, || wait(lua, site.watch(&wql, &parameters)))?;
    Ok(LuaWatch { watch: RefCell::new(watch), site: site.clone(), timeout })
}

fn on_method(lua: &Lua, site: &Site, asked: &(Value, Value, Value)) -> mlua::Result<bool> {
    let arguments = Arguments("on_method");
    let (class, method) = (arguments.text(1, &asked.0)?, arguments.text(2, &asked.1)?);
    let Value::Function(function) = &asked.2 else {
        return Err(misuse("bad argument #3 to 'on_method': a function expected"));
    };
    let handler = call::handler(lua, function, site)?;
    wait(lua, site.embedded().map_err(expected)?.on_method(&class, &method, handler)).map(|()| true)
}

fn gateway(lua: &Lua, site: &Site, name: &Value) -> mlua::Result<LuaGateway> {
    let name = Arguments("gateway").text(1, name)?;
    with_free_queries(lua, || wait(lua, Gateway::find(site, &name))).map(LuaGateway)
}

fn gateways(lua: &Lua, site: &Site) -> mlua::Result<Vec<LuaGateway>> {
    let gateways = with_free_queries(lua, || wait(lua, Gateway::list(site)))?;
    Ok(gateways.into_iter().map(LuaGateway).collect())
}
