//! The clouds, and what creating a gateway in one of them would do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cmgateway::gateway::provision::{
    ClassicCloud, ClassicPackage, Cloud, GatewayPlan, Go, LocalCloud, LocalCloudOptions, LocalPorts,
    Progress, ResourceManagerCloud, SiteCloud, SiteCloudOptions,
};
use cmgateway::site::Site;
use cmgateway::{Error, ErrorKind};
use mlua::{Function, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::azure::{LuaCredential, LuaManagementCertificate, options};
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::gateway::LuaGateway;
use crate::gateway_spec::LuaGatewaySpec;
use crate::json::{from_lua, to_lua};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::{wait, waiting};
use crate::site::LuaSite;

struct LuaCloud(Arc<dyn Cloud>);

struct LuaGatewayPlan(GatewayPlan);

/// Puts the functions into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set("local_cloud", lua.create_function(|lua, given: Value| answer(local(lua, given)))?)?;
    module.set(
        "resource_manager_cloud",
        lua.create_function(|lua, (subscription, credential, given): (Value, Value, Value)| {
            answer(resource_manager(lua, &subscription, &credential, given))
        })?,
    )?;
    module.set(
        "classic_cloud",
        lua.create_function(|lua, (subscription, given): (Value, Value)| {
            answer(classic(lua, &subscription, given))
        })?,
    )?;
    module.set(
        "site_cloud",
        lua.create_function(|lua, (site, given): (Value, Value)| answer(by_site(lua, &site, given)))?,
    )?;
    module.set(
        "plan_offline",
        lua.create_function(|lua, spec: Value| {
            let spec = spec_of("plan_offline", 1, &spec)?;
            let planned = ResourceManagerCloud::plan_offline(&spec, OffsetDateTime::now_utc());
            answer(wait(lua, planned).map(LuaGatewayPlan))
        })?,
    )
}

fn local(lua: &Lua, given: Value) -> mlua::Result<LuaCloud> {
    let given = Arguments("local_cloud").options(1, given)?;
    let given = Options::read("local_cloud", given, &["folder", "program", "address", "ports"])?;
    let mut options = LocalCloudOptions::default();
    options.folder = given.text(lua, "folder")?.map(Into::into);
    options.program = given.text(lua, "program")?.map(Into::into);
    if let Some(address) = given.text(lua, "address")? {
        options.address = address.parse().map_err(|_| {
            let cause = format!("address {address:?} is no IP address");
            expected(Error::new(ErrorKind::Config, "use this machine as a cloud", cause))
        })?;
    }
    options.ports = given.word(lua, "ports", &LocalPorts::ALL, LocalPorts::as_str)?.unwrap_or_default();
    Ok(LuaCloud(Arc::new(LocalCloud::new(options).map_err(expected)?)))
}

fn resource_manager(
    lua: &Lua,
    subscription: &Value,
    credential: &Value,
    given: Value,
) -> mlua::Result<LuaCloud> {
    let function = "resource_manager_cloud";
    let subscription = Arguments(function).text(1, subscription)?;
    let place = format!("bad argument #2 to '{function}'");
    let credential = object(&place, "Credential", credential, |one: &LuaCredential| one.0.clone())?;
    let options = options(lua, function, 3, given, &[])?;
    let cloud = ResourceManagerCloud::new(options, &subscription, credential).map_err(expected)?;
    Ok(LuaCloud(Arc::new(cloud)))
}

const CLASSIC_OPTIONS: [&str; 6] =
    ["package_url", "certificate", "credential", "configuration", "role", "certificate_name"];

fn classic(lua: &Lua, subscription: &Value, given: Value) -> mlua::Result<LuaCloud> {
    let function = "classic_cloud";
    let arguments = Arguments(function);
    let subscription = arguments.text(1, subscription)?;
    let table = arguments.options(2, given.clone())?;
    let options = options(lua, function, 2, given, &CLASSIC_OPTIONS)?;
    // What it does not know was refused above.
    let own = table.map(|table| own_options(lua, &table, &CLASSIC_OPTIONS)).transpose()?;
    let own = Options::read(function, own, &CLASSIC_OPTIONS)?;
    let url = own.text(lua, "package_url")?;
    let url = url.ok_or_else(|| misuse(format!("option 'package_url' to '{function}' is missing")))?;
    let mut package = ClassicPackage::new(url);
    package.configuration = own.text(lua, "configuration")?;
    package.certificate_name = own.text(lua, "certificate_name")?;
    package.role = own.text(lua, "role")?.unwrap_or(package.role);
    let place = |name| format!("bad option '{name}' to '{function}'");
    let certificate = own.get::<Value>(lua, "certificate")?.map(|value| {
        object(&place("certificate"), "ManagementCertificate", &value, |one: &LuaManagementCertificate| {
            one.0.clone()
        })
    });
    let credential = own
        .get::<Value>(lua, "credential")?
        .map(|value| object(&place("credential"), "Credential", &value, |one: &LuaCredential| one.0.clone()));
    let (certificate, credential) = (certificate.transpose()?, credential.transpose()?);
    let cloud = ClassicCloud::new(&options, &subscription, certificate, credential, package);
    Ok(LuaCloud(Arc::new(cloud.map_err(expected)?)))
}

/// The options of a table that have one of these names.
fn own_options(lua: &Lua, table: &Table, names: &[&str]) -> mlua::Result<Table> {
    let own = lua.create_table()?;
    for name in names {
        own.raw_set(*name, table.get::<Value>(*name)?)?;
    }
    Ok(own)
}

fn by_site(lua: &Lua, site: &Value, given: Value) -> mlua::Result<LuaCloud> {
    let function = "site_cloud";
    let site = object("bad argument #1 to 'site_cloud'", "Site", site, |one: &LuaSite| one.0.clone())?;
    let given = Arguments(function).options(2, given)?;
    Options::read(function, given.clone(), &["properties", "poll", "timeout"])?;
    let given = given.map_or_else(|| lua.create_table(), Ok)?;
    let options = from_lua(&Value::Table(given), "use the site's own Configuration Manager")?;
    // An empty table has no names, and is read as a list.
    let options = if options.as_array().is_some_and(Vec::is_empty) { serde_json::json!({}) } else { options };
    let options = SiteCloudOptions::from_json(options).map_err(expected)?;
    Ok(LuaCloud(Arc::new(SiteCloud::new(site, options))))
}

fn spec_of(
    function: &str,
    position: usize,
    value: &Value,
) -> mlua::Result<cmgateway::gateway::spec::GatewaySpec> {
    let place = format!("bad argument #{position} to '{function}'");
    object(&place, "GatewaySpec", value, |one: &LuaGatewaySpec| one.0.clone())
}

/// A site and the name of its gateway.
fn place(function: &'static str, site: &Value, name: &Value) -> mlua::Result<(Site, String)> {
    let site =
        object(&format!("bad argument #1 to '{function}'"), "Site", site, |one: &LuaSite| one.0.clone())?;
    Ok((site, Arguments(function).text(2, name)?))
}

static FUNCTIONS: AtomicU64 = AtomicU64::new(0);

impl LuaCloud {
    fn apply(&self, lua: &Lua, site: &Value, plan: &Value, given: Value) -> mlua::Result<LuaGateway> {
        let site = object("bad argument #1 to 'apply'", "Site", site, |one: &LuaSite| one.0.clone())?;
        let plan =
            object("bad argument #2 to 'apply'", "GatewayPlan", plan, |one: &LuaGatewayPlan| one.0.clone())?;
        let listener = Listener::read(lua, "apply", given)?;
        let tell = |now: &Progress| listener.hears(now);
        let applied = wait(lua, self.0.apply(&site, &plan, &tell));
        listener.or(lua, applied).map(LuaGateway)
    }

    /// Starts, stops or deletes.
    fn change(
        &self,
        lua: &Lua,
        function: &'static str,
        (site, name, given): (Value, Value, Value),
    ) -> mlua::Result<bool> {
        let (site, name) = place(function, &site, &name)?;
        let listener = Listener::read(lua, function, given)?;
        let tell = |now: &Progress| listener.hears(now);
        let work = match function {
            "start" => self.0.start(&site, &name, &tell),
            "stop" => self.0.stop(&site, &name, &tell),
            _ => self.0.delete(&site, &name, &tell),
        };
        let done = wait(lua, work);
        listener.or(lua, done).map(|()| true)
    }
}

/// The script's function that hears of progress, and what it has raised.
///
/// The function stays in its state; the call waits on that state's thread and finds it there.
struct Listener {
    key: Option<String>,
    raised: Mutex<Option<String>>,
}

impl Listener {
    fn read(lua: &Lua, function: &'static str, given: Value) -> mlua::Result<Self> {
        let given = Options::read(function, Arguments(function).options(3, given)?, &["progress"])?;
        let key = match given.get::<Function>(lua, "progress")? {
            Some(progress) => {
                let key = format!("cmgateway.progress.{}", FUNCTIONS.fetch_add(1, Ordering::Relaxed));
                lua.set_named_registry_value(&key, progress)?;
                Some(key)
            }
            None => None,
        };
        Ok(Listener { key, raised: Mutex::new(None) })
    }

    fn hears(&self, now: &Progress) -> Go {
        let Some(key) = &self.key else { return Go::On };
        match waiting(|lua| told(lua, key, now)) {
            Some(Ok(true)) | None => Go::On,
            Some(Ok(false)) => Go::Stop,
            Some(Err(error)) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                Go::Stop
            }
        }
    }

    /// What the function has raised says more than that it stopped.
    fn or<T>(self, lua: &Lua, result: mlua::Result<T>) -> mlua::Result<T> {
        if let Some(key) = &self.key {
            lua.unset_named_registry_value(key)?;
        }
        match self.raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(misuse(error)),
            None => result,
        }
    }
}

/// Calls the script's function; only false stops.
fn told(lua: &Lua, key: &str, now: &Progress) -> Option<mlua::Result<bool>> {
    let function = lua.named_registry_value::<Option<Function>>(key).ok().flatten()?;
    let said = to_lua(lua, now).and_then(|now| function.call::<Value>(now));
    Some(said.map(|said| !matches!(said, Value::Boolean(false))))
}

impl UserData for LuaCloud {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Cloud");
        fields.add_field_method_get("name", |_, this| Ok(this.0.name()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Cloud");
        methods.add_method("plan", |lua, this, (spec, given): (Value, Value)| {
            let spec = spec_of("plan", 1, &spec)?;
            let given = Options::read("plan", Arguments("plan").options(2, given)?, &["site"])?;
            let site = given.get::<Value>(lua, "site")?.map(|site| {
                object("bad option 'site' to 'plan'", "Site", &site, |one: &LuaSite| one.0.clone())
            });
            let planned = match site.transpose()? {
                Some(site) => wait(lua, this.0.plan_in(&site, &spec)),
                None => wait(lua, this.0.plan(&spec)),
            };
            answer(planned.map(LuaGatewayPlan))
        });
        methods.add_method("apply", |lua, this, (site, plan, given): (Value, Value, Value)| {
            answer(this.apply(lua, &site, &plan, given))
        });
        for function in ["start", "stop", "delete"] {
            methods.add_method(function, move |lua, this, given: (Value, Value, Value)| {
                answer(this.change(lua, function, given))
            });
        }
        methods.add_method("instances", |lua, this, (site, name): (Value, Value)| {
            let (site, name) = place("instances", &site, &name)?;
            let found = wait(lua, this.0.instances(&site, &name));
            answer(found.and_then(|found| to_lua(lua, &found)))
        });
        methods
            .add_meta_method("__tostring", |_, this, ()| Ok(format!("<cmgateway.Cloud {}>", this.0.name())));
    }
}

impl UserData for LuaGatewayPlan {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.GatewayPlan");
        fields.add_field_method_get("service_name", |_, this| Ok(this.0.service_name.clone()));
        fields.add_field_method_get("cloud", |_, this| Ok(this.0.cloud.clone()));
        fields.add_field_method_get("steps", |lua, this| to_lua(lua, &this.0.steps));
        fields.add_field_method_get("warnings", |_, this| Ok(this.0.warnings.clone()));
        fields.add_field_method_get("is_change", |_, this| Ok(this.0.is_change()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "GatewayPlan");
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}
