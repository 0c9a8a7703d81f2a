//! The classic Service Management API.

use cmgateway::azure::asm::{
    DeploymentRequest, DeploymentStatus, ServiceManagement, ServiceOperation, UpgradeMode,
};
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use super::credential::LuaCredential;
use super::management_certificate::LuaManagementCertificate;
use super::options;
use crate::arguments::Arguments;
use crate::certificate::LuaCertificate;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::json::to_lua;
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;
use crate::thumbprint::thumbprint_from;
use crate::value::{secret_from, text_from};

pub(crate) struct LuaServiceManagement(pub(crate) ServiceManagement);

const DEPLOYMENT_OPTIONS: [&str; 6] =
    ["name", "package_url", "label", "configuration", "start", "extended_properties"];

/// Puts `service_management` into `cmgateway.azure`.
pub(super) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "service_management",
        lua.create_function(|lua, (subscription, given): (Value, Value)| {
            answer(make(lua, &subscription, given))
        })?,
    )
}

fn make(lua: &Lua, subscription: &Value, given: Value) -> mlua::Result<LuaServiceManagement> {
    let own = ["certificate", "credential"];
    let arguments = Arguments("service_management");
    let subscription = arguments.text(1, subscription)?;
    let table = arguments.options(2, given.clone())?;
    let options = options(lua, "service_management", 2, given, &own)?;
    let take = |name| table.as_ref().map_or(Ok(Value::Nil), |table| table.get::<Value>(name));
    let place = |name| format!("bad option '{name}' to 'service_management'");
    let azure = match (take("certificate")?, take("credential")?) {
        (Value::Nil, Value::Nil) => {
            let cause = "certificate or credential: one of them is needed";
            return Err(expected(Error::new(ErrorKind::Config, "use the classic API", cause)));
        }
        (certificate, Value::Nil) => {
            let (place, class) = (place("certificate"), "ManagementCertificate");
            object(&place, class, &certificate, |one: &LuaManagementCertificate| {
                ServiceManagement::new(&options, &subscription, &one.0)
            })?
        }
        (Value::Nil, credential) => {
            object(&place("credential"), "Credential", &credential, |one: &LuaCredential| {
                ServiceManagement::with_credential(&options, &subscription, &one.0)
            })?
        }
        _ => return Err(misuse("certificate or credential, not both")),
    };
    azure.map(LuaServiceManagement).map_err(expected)
}

/// Names and values: `{ { name, value }, … }`.
fn pairs(options: &Options, lua: &Lua) -> mlua::Result<Vec<(String, String)>> {
    let Some(table) = options.get::<Table>(lua, "extended_properties")? else { return Ok(Vec::new()) };
    table
        .sequence_values::<Table>()
        .map(|pair| {
            let pair = pair?;
            let text = |at: i64| text_from(&pair.get::<mlua::LuaString>(at)?);
            Ok((text(1)?, text(2)?))
        })
        .collect()
}

fn needed(options: &Options, lua: &Lua, function: &str, name: &str) -> mlua::Result<String> {
    let text = options.text(lua, name)?;
    text.ok_or_else(|| misuse(format!("option '{name}' to '{function}' is missing")))
}

impl LuaServiceManagement {
    fn call(&self, lua: &Lua, method: &Value, path: &Value, body: &Value) -> mlua::Result<Value> {
        let arguments = Arguments("call");
        let (method, path) = (arguments.text(1, method)?, arguments.text(2, path)?);
        let body = arguments.optional_text(3, body)?;
        to_lua(lua, &wait(lua, self.0.call(&method, &path, body.as_deref()))?)
    }

    fn begun(
        lua: &Lua,
        call: impl Future<Output = cmgateway::Result<ServiceOperation>>,
    ) -> mlua::Result<String> {
        Ok(wait(lua, call)?.request_id().to_owned())
    }

    fn create_service(&self, lua: &Lua, name: &Value, given: Value) -> mlua::Result<bool> {
        let function = "create_hosted_service";
        let (arguments, allowed) =
            (Arguments(function), ["label", "location", "description", "extended_properties"]);
        let name = arguments.text(1, name)?;
        let options = Options::read(function, arguments.options(2, given)?, &allowed)?;
        let label = needed(&options, lua, function, "label")?;
        let location = needed(&options, lua, function, "location")?;
        let (description, properties) = (options.text(lua, "description")?, pairs(&options, lua)?);
        let description = description.as_deref();
        wait(lua, self.0.create_hosted_service(&name, &label, description, &location, &properties))
            .map(|()| true)
    }

    fn update_service(&self, lua: &Lua, name: &Value, given: Value) -> mlua::Result<bool> {
        let function = "update_hosted_service";
        let arguments = Arguments(function);
        let name = arguments.text(1, name)?;
        let allowed = ["label", "description", "extended_properties"];
        let options = Options::read(function, arguments.options(2, given)?, &allowed)?;
        let label = needed(&options, lua, function, "label")?;
        let (description, properties) = (options.text(lua, "description")?, pairs(&options, lua)?);
        wait(lua, self.0.update_hosted_service(&name, &label, description.as_deref(), &properties))
            .map(|()| true)
    }

    fn add_pfx(&self, lua: &Lua, service: &Value, pfx: &Value, given: Value) -> mlua::Result<String> {
        let arguments = Arguments("add_service_pfx");
        let (service, pfx) = (arguments.text(1, service)?, arguments.bytes(2, pfx)?);
        let options = Options::read("add_service_pfx", arguments.options(3, given)?, &["password"])?;
        let password = options.get::<mlua::LuaString>(lua, "password")?;
        let password = password.ok_or_else(|| misuse("option 'password' to 'add_service_pfx' is missing"))?;
        let password = secret_from(&password)?;
        Self::begun(lua, self.0.add_service_pfx(&service, &pfx.as_bytes(), &password))
    }

    /// The service, which deployment of it, and the options.
    fn place(
        function: &'static str,
        (service, at, given): (Value, Value, Value),
        allowed: &[&str],
    ) -> mlua::Result<(String, String, Options)> {
        let arguments = Arguments(function);
        let service = arguments.text(1, &service)?;
        let at = arguments.optional_text(2, &at)?.unwrap_or_else(|| "Production".to_owned());
        Ok((service, at, Options::read(function, arguments.options(3, given)?, allowed)?))
    }

    fn create_deployment(&self, lua: &Lua, given: (Value, Value, Value)) -> mlua::Result<String> {
        let function = "create_deployment";
        let (service, at, options) = Self::place(function, given, &DEPLOYMENT_OPTIONS)?;
        let text = |name| needed(&options, lua, function, name);
        let request = DeploymentRequest {
            name: text("name")?,
            package_url: text("package_url")?,
            label: text("label")?,
            configuration: text("configuration")?,
            start: options.optional_flag(lua, "start")?.unwrap_or(true),
            extended_properties: pairs(&options, lua)?,
        };
        Self::begun(lua, self.0.create_deployment(&service, at.as_str().into(), &request))
    }

    fn change_configuration(&self, lua: &Lua, given: (Value, Value, Value)) -> mlua::Result<String> {
        let function = "change_configuration";
        let (service, at, options) = Self::place(function, given, &["configuration", "extended_properties"])?;
        let configuration = needed(&options, lua, function, "configuration")?;
        let properties = pairs(&options, lua)?;
        let at = at.as_str().into();
        Self::begun(lua, self.0.change_configuration(&service, at, &configuration, &properties))
    }

    fn update_status(&self, lua: &Lua, given: (Value, Value, Value)) -> mlua::Result<String> {
        let function = "update_deployment_status";
        let (service, at, options) = Self::place(function, given, &["status"])?;
        let status = options.word(lua, "status", &DeploymentStatus::ALL, DeploymentStatus::as_str)?;
        let status = status.ok_or_else(|| misuse(format!("option 'status' to '{function}' is missing")))?;
        Self::begun(lua, self.0.update_deployment_status(&service, at.as_str().into(), status))
    }

    fn upgrade(&self, lua: &Lua, given: (Value, Value, Value)) -> mlua::Result<String> {
        let function = "upgrade_deployment";
        let allowed = ["package_url", "label", "configuration", "mode", "force"];
        let (service, at, options) = Self::place(function, given, &allowed)?;
        let text = |name| needed(&options, lua, function, name);
        let request = DeploymentRequest {
            package_url: text("package_url")?,
            label: text("label")?,
            configuration: text("configuration")?,
            ..DeploymentRequest::default()
        };
        let mode = options.word(lua, "mode", &UpgradeMode::ALL, UpgradeMode::as_str)?;
        let (mode, force) = (mode.unwrap_or(UpgradeMode::Auto), options.flag(lua, "force")?);
        Self::begun(lua, self.0.upgrade_deployment(&service, at.as_str().into(), &request, mode, force))
    }

    fn delete_instances(&self, lua: &Lua, given: (Value, Value, Value)) -> mlua::Result<String> {
        let (service, at, options) = Self::place("delete_role_instances", given, &["names"])?;
        let names = options.texts(lua, "names")?.unwrap_or_default();
        Self::begun(lua, self.0.delete_role_instances(&service, at.as_str().into(), &names))
    }
}

fn text(function: &'static str, value: &Value) -> mlua::Result<String> {
    Arguments(function).text(1, value)
}

type Pair = (Value, Value);
type Triple = (Value, Value, Value);

/// The calls about the subscription and its cloud services.
fn add_services<M: UserDataMethods<LuaServiceManagement>>(methods: &mut M) {
    methods.add_method("call", |lua, this, (method, path, body): Triple| {
        answer(this.call(lua, &method, &path, &body))
    });
    methods.add_method("finish", |lua, this, id: Value| {
        let operation = ServiceOperation::of(text("finish", &id)?);
        answer(wait(lua, this.0.finish(&operation)).map(|()| true))
    });
    methods.add_method("is_over", |lua, this, id: Value| {
        let operation = ServiceOperation::of(text("is_over", &id)?);
        answer(wait(lua, this.0.is_over(&operation)))
    });
    methods.add_method("subscription", |lua, this, ()| {
        answer(wait(lua, this.0.subscription()).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("locations", |lua, this, ()| {
        answer(wait(lua, this.0.locations()).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("management_certificates", |lua, this, ()| {
        answer(wait(lua, this.0.management_certificates()).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("add_management_certificate", |lua, this, certificate: Value| {
        let place = "bad argument #1 to 'add_management_certificate'";
        let certificate = object(place, "Certificate", &certificate, |one: &LuaCertificate| one.0.clone())?;
        answer(wait(lua, this.0.add_management_certificate(&certificate)).map(|()| true))
    });
    methods.add_method("delete_management_certificate", |lua, this, thumbprint: Value| {
        let deleted = thumbprint_from(&thumbprint)
            .and_then(|thumbprint| wait(lua, this.0.delete_management_certificate(thumbprint)));
        answer(deleted)
    });
    methods.add_method("name_availability", |lua, this, name: Value| {
        let name = text("name_availability", &name)?;
        answer(wait(lua, this.0.name_availability(&name)).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("hosted_services", |lua, this, ()| {
        answer(wait(lua, this.0.hosted_services()).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("hosted_service", |lua, this, name: Value| {
        let name = text("hosted_service", &name)?;
        answer(wait(lua, this.0.hosted_service(&name)).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("create_hosted_service", |lua, this, (name, given): Pair| {
        answer(this.create_service(lua, &name, given))
    });
    methods.add_method("update_hosted_service", |lua, this, (name, given): Pair| {
        answer(this.update_service(lua, &name, given))
    });
    methods.add_method("delete_hosted_service", |lua, this, name: Value| {
        let name = text("delete_hosted_service", &name)?;
        answer(wait(lua, this.0.delete_hosted_service(&name)))
    });
}

/// The calls about certificates and deployments of a cloud service.
fn add_deployments<M: UserDataMethods<LuaServiceManagement>>(methods: &mut M) {
    methods.add_method("service_certificates", |lua, this, service: Value| {
        let service = text("service_certificates", &service)?;
        answer(wait(lua, this.0.service_certificates(&service)).and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("service_certificate", |lua, this, (service, thumbprint): Pair| {
        let service = text("service_certificate", &service)?;
        let found = thumbprint_from(&thumbprint)
            .and_then(|thumbprint| wait(lua, this.0.service_certificate(&service, thumbprint)));
        answer(found.and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("add_service_pfx", |lua, this, (service, pfx, given): Triple| {
        answer(this.add_pfx(lua, &service, &pfx, given))
    });
    methods.add_method("add_service_certificate", |lua, this, (service, certificate): Pair| {
        let (service, place) =
            (text("add_service_certificate", &service)?, "bad argument #2 to 'add_service_certificate'");
        let certificate = object(place, "Certificate", &certificate, |one: &LuaCertificate| one.0.clone())?;
        answer(LuaServiceManagement::begun(lua, this.0.add_service_certificate(&service, &certificate)))
    });
    methods.add_method("delete_service_certificate", |lua, this, (service, thumbprint): Pair| {
        let service = text("delete_service_certificate", &service)?;
        let begun = thumbprint_from(&thumbprint).and_then(|thumbprint| {
            LuaServiceManagement::begun(lua, this.0.delete_service_certificate(&service, thumbprint))
        });
        answer(begun)
    });
    methods.add_method("deployment", |lua, this, (service, at): Pair| {
        let (service, at, _) = LuaServiceManagement::place("deployment", (service, at, Value::Nil), &[])?;
        let found = wait(lua, this.0.deployment(&service, at.as_str().into()));
        answer(found.and_then(|found| to_lua(lua, &found)))
    });
    methods.add_method("create_deployment", |lua, this, given: Triple| {
        answer(this.create_deployment(lua, given))
    });
    methods.add_method("change_configuration", |lua, this, given: Triple| {
        answer(this.change_configuration(lua, given))
    });
    methods.add_method("update_deployment_status", |lua, this, given: Triple| {
        answer(this.update_status(lua, given))
    });
    methods.add_method("upgrade_deployment", |lua, this, given: Triple| answer(this.upgrade(lua, given)));
    methods.add_method("delete_role_instances", |lua, this, given: Triple| {
        answer(this.delete_instances(lua, given))
    });
    methods.add_method("delete_deployment", |lua, this, (service, at): Pair| {
        let (service, at, _) =
            LuaServiceManagement::place("delete_deployment", (service, at, Value::Nil), &[])?;
        answer(LuaServiceManagement::begun(lua, this.0.delete_deployment(&service, at.as_str().into())))
    });
}

impl UserData for LuaServiceManagement {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.ServiceManagement");
        fields.add_field_method_get("subscription_id", |_, this| Ok(this.0.subscription_id().to_owned()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ServiceManagement");
        add_services(methods);
        add_deployments(methods);
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.azure.ServiceManagement {}>", this.0.subscription_id()))
        });
    }
}
