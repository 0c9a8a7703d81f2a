//! Methods: calling them, and supplying them to an embedded site.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cmgateway::site::embedded::{MethodCall, MethodHandler, MethodOutput};
use cmgateway::site::{MethodInput, Site};
use cmgateway::wmi::ObjectPath;
use cmgateway::{Error, ErrorKind};
use mlua::{Function, Lua, MultiValue, Table, UserDataRef, Value};

use crate::error::{error_of, misuse};
use crate::instance::LuaInstance;
use crate::parameters::named_values;
use crate::path::LuaPath;
use crate::runtime::{wait, waiting};
use crate::value::{from_lua, sequence};

/// The function behind a field that is no property: `Name_` without a question, `Name` where the class has one.
pub(crate) fn bound(lua: &Lua, instance: &LuaInstance, name: &str) -> mlua::Result<Value> {
    let Ok(site) = instance.site() else { return Ok(Value::Nil) };
    let bare = name.trim_end_matches('_').to_owned();
    if bare.is_empty() || name.starts_with('_') {
        return Ok(Value::Nil);
    }
    if bare == name {
        let class = wait(lua, site.class(instance.class_name().as_str()));
        if !class.is_ok_and(|class| class.method(name).is_some()) {
            return Ok(Value::Nil);
        }
    }
    let function =
        lua.create_function(move |lua, (this, given): (UserDataRef<LuaInstance>, MultiValue)| {
            crate::error::answer(on_instance(lua, &this, &bare, given))
        })?;
    Ok(Value::Function(function))
}

pub(crate) fn on_instance(
    lua: &Lua,
    instance: &LuaInstance,
    method: &str,
    given: MultiValue,
) -> mlua::Result<LuaInstance> {
    call(lua, instance.site()?, &instance.known_path()?, method, given)
}

/// Calls a method: one table with names holds values by name, everything else goes by position.
pub(crate) fn call(
    lua: &Lua,
    site: &Site,
    path: &ObjectPath,
    method: &str,
    given: MultiValue,
) -> mlua::Result<LuaInstance> {
    let values: Vec<Value> = given.into_iter().collect();
    let input = match values.as_slice() {
        [Value::Table(named)] if sequence(named, "").is_err() || named.is_empty() => {
            MethodInput { by_position: Vec::new(), by_name: named_values(named)? }
        }
        _ => {
            let by_position = values.into_iter().map(from_lua).collect::<mlua::Result<_>>()?;
            MethodInput { by_position, by_name: Vec::new() }
        }
    };
    let output = wait(lua, site.call(path, method, input))?;
    Ok(LuaInstance::of(output, Some(site)))
}

static HANDLERS: AtomicU64 = AtomicU64::new(0);

/// A Lua function as the handler of a method.
///
/// The function stays in its state; a call that waits on that state's thread finds it there. A call from elsewhere,
/// such as through a served site, is refused: a Lua state has one thread.
pub(crate) fn handler(lua: &Lua, function: &Function, site: &Site) -> mlua::Result<MethodHandler> {
    let key = format!("cmgateway.method.{}", HANDLERS.fetch_add(1, Ordering::Relaxed));
    lua.set_named_registry_value(&key, function)?;
    let site = site.clone();
    Ok(Arc::new(move |call: &MethodCall<'_>| {
        let operation = format!("call {}.{}", call.path.class, call.method.name);
        let function = waiting(|lua| {
            let function = lua.named_registry_value::<Option<Function>>(&key).ok().flatten();
            function.map(|function| (lua.clone(), function))
        });
        let Some((lua, function)) = function else {
            let cause = "a Lua script supplies it, and it can be called from that script only";
            return Err(Error::new(ErrorKind::Unsupported, operation, cause));
        };
        run(&lua, &function, call, &site).map_err(|error| error_of(&error, &operation))
    }))
}

fn run(lua: &Lua, function: &Function, call: &MethodCall<'_>, site: &Site) -> mlua::Result<MethodOutput> {
    let input = LuaInstance::of(call.input.clone(), Some(site));
    let _ = lua;
    match function.call::<Value>((LuaPath(call.path.clone()), input))? {
        Value::Nil => Ok(Vec::new()),
        Value::Table(outputs) => named_outputs(&outputs),
        value => Ok(vec![("ReturnValue".to_owned(), from_lua(value)?)]),
    }
}

fn named_outputs(outputs: &Table) -> mlua::Result<MethodOutput> {
    named_values(outputs).map_err(|error| misuse(format!("a handler gives back names and values: {error}")))
}
