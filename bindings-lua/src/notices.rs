//! Who is told about a gateway, and what they were told.

use std::time::Duration;

use cmgateway::gateway::monitor::{GivenConditions, Mail, MailSecurity, Notices, Recipient, Webhook};
use cmgateway::net::TrustedRoots;
use cmgateway::{Error, ErrorKind, Secret};
use mlua::{
    Function, IntoLuaMulti, Lua, MultiValue, Table, UserData, UserDataFields, UserDataMethods, Value,
};

use crate::analyzer::LuaAnalysisReport;
use crate::arguments::Arguments;
use crate::certificate::time_at;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::json::{from_lua, to_lua};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;

struct LuaWebhook(Webhook);
struct LuaMail(Mail, String);
struct LuaNotices(Notices);

/// Puts the functions into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "webhook",
        lua.create_function(|lua, given: (Value, Value, Value)| answer(webhook(lua, given)))?,
    )?;
    module.set(
        "mail",
        lua.create_function(|lua, given: (Value, Value, Value, Value)| answer(mail(lua, given)))?,
    )?;
    module.set(
        "notices",
        lua.create_function(|_, json: Value| {
            let json = Arguments("notices").optional_text(1, &json)?;
            let read = json.map_or_else(|| Ok(Notices::default()), |json| Notices::from_json(&json));
            answer(read.map(LuaNotices).map_err(expected))
        })?,
    )
}

fn webhook(lua: &Lua, (url, secret, options): (Value, Value, Value)) -> mlua::Result<LuaWebhook> {
    const FUNCTION: &str = "webhook";
    let arguments = Arguments(FUNCTION);
    let url = arguments.text(1, &url)?;
    let secret = Secret::new(arguments.text(2, &secret)?);
    let given = Options::read(FUNCTION, arguments.options(3, options)?, &["ca_file", "timeout"])?;
    let hook = Webhook::new(&url, secret).map_err(expected)?;
    Ok(LuaWebhook(hook.with(roots(lua, &given)?, timeout(lua, &given)?)))
}

fn mail(
    lua: &Lua,
    (server, sender, recipients, options): (Value, Value, Value, Value),
) -> mlua::Result<LuaMail> {
    const FUNCTION: &str = "mail";
    let arguments = Arguments(FUNCTION);
    let (server, sender) = (arguments.text(1, &server)?, arguments.text(2, &sender)?);
    let recipients = arguments.texts(3, &recipients)?;
    let known = ["security", "user", "password", "ca_file", "timeout"];
    let given = Options::read(FUNCTION, arguments.options(4, options)?, &known)?;
    let security = given.word(lua, "security", &MailSecurity::ALL, MailSecurity::as_str)?.unwrap_or_default();
    let mut mail = Mail::new(&server, security, &sender, &recipients).map_err(expected)?;
    mail = match (given.text(lua, "user")?, given.secret(lua, "password")?) {
        (Some(user), Some(password)) => mail.with_login(user, password),
        (None, None) => mail,
        _ => return Err(refuse("user and password belong together".into())),
    };
    Ok(LuaMail(mail.with(roots(lua, &given)?, timeout(lua, &given)?), server))
}

fn refuse(cause: String) -> mlua::Error {
    expected(Error::new(ErrorKind::Config, "send notices", cause))
}

fn roots(lua: &Lua, given: &Options) -> mlua::Result<TrustedRoots> {
    let file = given.text(lua, "ca_file")?;
    Ok(file.map_or(TrustedRoots::System, |file| TrustedRoots::File(file.into())))
}

fn timeout(lua: &Lua, given: &Options) -> mlua::Result<Option<Duration>> {
    let seconds = given.get::<f64>(lua, "timeout")?;
    let duration = |seconds: f64| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|error| refuse(format!("timeout: {seconds} seconds: {error}")))
    };
    seconds.map(duration).transpose()
}

impl UserData for LuaWebhook {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Webhook");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Webhook");
        methods.add_meta_method("__tostring", |_, this, ()| {
            // The address may hold a secret.
            Ok(format!("<cmgateway.Webhook {}>", Recipient::from(this.0.clone()).name()))
        });
    }
}

impl UserData for LuaMail {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Mail");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Mail");
        methods
            .add_meta_method("__tostring", |_, this, ()| Ok(format!("<cmgateway.Mail through {}>", this.1)));
    }
}

impl UserData for LuaNotices {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Notices");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Notices");
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods
            .add_method_mut("tell", |lua, this, (to, options): (Value, Value)| this.tell(lua, &to, options));
        methods.add_meta_method("__tostring", |_, _, ()| Ok("<cmgateway.Notices>"));
    }
}

impl LuaNotices {
    fn tell(&mut self, lua: &Lua, to: &Value, options: Value) -> mlua::Result<MultiValue> {
        let known = ["report", "warnings", "analysis", "conditions", "at"];
        let given = Options::read("tell", Arguments("tell").options(2, options)?, &known)?;
        let at = time_at(given.get(lua, "at")?)?;
        let json = |name: &str| -> mlua::Result<Option<serde_json::Value>> {
            let value = given.get::<Value>(lua, name)?;
            value.map(|value| from_lua(&value, "tell notices")).transpose()
        };
        let place = "bad option 'analysis' to 'tell'";
        let analysis = given.get::<Value>(lua, "analysis")?;
        let analysis = analysis
            .map(|report| object(place, "AnalysisReport", &report, |it: &LuaAnalysisReport| it.0.clone()))
            .transpose()?;
        let given = GivenConditions {
            report: json("report")?,
            warnings: json("warnings")?,
            analysis: analysis.as_ref(),
            conditions: json("conditions")?,
        };
        let holding = match given.read() {
            Ok(holding) => holding,
            Err(error) => return answer::<Value>(Err(expected(error)))?.into_lua_multi(lua),
        };
        if let Value::Function(function) = to {
            let told = self.0.call(&holding, at, |notices| called(function, to_lua(lua, &notices)));
            return match told {
                Ok(notices) => to_lua(lua, &notices)?.into_lua_multi(lua),
                Err(failure) => failure.map_or_else(Err, |err| (Value::Nil, err).into_lua_multi(lua)),
            };
        }
        let to = recipient(to)?;
        let told = wait(lua, self.0.tell(&to, &holding, at));
        answer(told.and_then(|notices| to_lua(lua, &notices)))?.into_lua_multi(lua)
    }
}

/// Calls a function of the script's. It fails as Lua's do: with `nil, err`, which is handed on, or by raising.
fn called(function: &Function, notices: mlua::Result<Value>) -> Result<(), mlua::Result<Value>> {
    let (done, err): (Value, Value) = function.call(notices.map_err(Err)?).map_err(Err)?;
    let has_failed = !err.is_nil() && matches!(done, Value::Nil | Value::Boolean(false));
    if has_failed { Err(Ok(err)) } else { Ok(()) }
}

fn recipient(to: &Value) -> mlua::Result<Recipient> {
    let bad = || {
        misuse(format!(
            "bad argument #1 to 'tell': a Webhook, a Mail or a function expected, got {}",
            to.type_name()
        ))
    };
    let given = to.as_userdata().ok_or_else(bad)?;
    if let Ok(hook) = given.borrow::<LuaWebhook>() {
        return Ok(hook.0.clone().into());
    }
    let mail = given.borrow::<LuaMail>().map_err(|_| bad())?;
    Ok(mail.0.clone().into())
}
