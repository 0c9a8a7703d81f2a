//! `nil, err` for what can be expected to fail, a raised error for wrong use.

use std::fmt;
use std::sync::Arc;

use cmgateway::wmi::WbemError;
use cmgateway::{Error, ErrorKind, Retry};
use mlua::{
    Function, IntoLua, IntoLuaMulti, Lua, MultiValue, Table, UserData, UserDataFields, UserDataMethods, Value,
};

use crate::instance::LuaInstance;

/// The `err` that scripts see.
///
/// It travels through `?` inside an `mlua::Error`, and [`answer`] takes it out at the border.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Arc<Error>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl UserData for Failure {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Error");
        fields.add_field_method_get("kind", |_, this| Ok(this.0.kind().as_str()));
        fields.add_field_method_get("message", |_, this| Ok(this.0.to_string()));
        fields.add_field_method_get("operation", |lua, this| lua.create_string(this.0.operation()));
        fields.add_field_method_get("cause", |lua, this| lua.create_string(this.0.cause()));
        fields.add_field_method_get("fault", |_, this| Ok(this.0.fault().as_str()));
        fields.add_field_method_get("retry_after", |_, this| Ok(retry_after(this.0.retry())));
        fields.add_field_method_get("wbem", |lua, this| {
            this.0.wbem().map(|wbem| wbem_table(lua, wbem)).transpose()
        });
        fields.add_field_method_get("context", |lua, this| context(lua, &this.0));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Error");
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.to_string()));
        // Either side may be ours: `"failed: " .. err`.
        methods.add_meta_function("__concat", |lua, sides: (Value, Value)| concatenated(lua, &sides));
    }
}

/// Seconds until the call may be made again: 0 is at once, None is never.
fn retry_after(retry: Retry) -> Option<f64> {
    match retry {
        Retry::Now => Some(0.0),
        Retry::After(time) => Some(time.as_secs_f64()),
        _ => None,
    }
}

fn context(lua: &Lua, error: &Error) -> mlua::Result<Table> {
    lua.create_table_from(error.context().iter().map(|(name, value)| (*name, value.as_str())))
}

fn wbem_table(lua: &Lua, wbem: &WbemError) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("code", wbem.code())?;
    table.set("signed_code", wbem.signed_code())?;
    table.set("name", wbem.name())?;
    table.set("extended", wbem.extended().map(|status| LuaInstance::of(status.clone(), None)))?;
    Ok(table)
}

fn concatenated(lua: &Lua, (left, right): &(Value, Value)) -> mlua::Result<mlua::LuaString> {
    lua.create_string(format!("{}{}", left.to_string()?, right.to_string()?))
}

/// An error of the core, on its way to [`answer`].
pub(crate) fn expected(error: Error) -> mlua::Error {
    mlua::Error::external(Failure(Arc::new(error)))
}

/// The kind of an error of the core.
pub(crate) fn kind_of(error: &mlua::Error) -> Option<ErrorKind> {
    error.downcast_ref::<Failure>().map(|failure| failure.0.kind())
}

/// What a script's own function has failed with, as an error of the core.
pub(crate) fn error_of(error: &mlua::Error, operation: &str) -> Error {
    match error.downcast_ref::<Failure>() {
        Some(failure) => Error::new(failure.0.kind(), operation, failure.0.to_string()),
        None => Error::new(ErrorKind::Protocol, operation, error.to_string()),
    }
}

/// An error of the caller's program: it is raised.
pub(crate) fn misuse(message: impl fmt::Display) -> mlua::Error {
    mlua::Error::runtime(message)
}

/// Makes reading a field that a class of ours does not have raise: a misspelt name is not a silent nil.
pub(crate) fn no_other_fields<T, M: UserDataMethods<T>>(methods: &mut M, class: &'static str) {
    methods.add_meta_function("__index", move |_, (_, name): (Value, Value)| no_such_field(class, &name));
}

/// Raises for a name that a class of ours does not have.
pub(crate) fn no_such_field(class: &str, name: &Value) -> mlua::Result<Value> {
    Err(misuse(format!("{class} has no field '{}'", name.to_string()?)))
}

/// What a function gives back: its value, or `nil, err`.
pub(crate) enum Answer<T> {
    Value(T),
    Failure(Failure),
}

impl<T: IntoLua> IntoLuaMulti for Answer<T> {
    fn into_lua_multi(self, lua: &Lua) -> mlua::Result<MultiValue> {
        match self {
            Answer::Value(value) => value.into_lua_multi(lua),
            Answer::Failure(failure) => (Value::Nil, failure).into_lua_multi(lua),
        }
    }
}

/// Turns an error of the core into `nil, err`; every other error stays one that is raised.
pub(crate) fn answer<T>(result: mlua::Result<T>) -> mlua::Result<Answer<T>> {
    match result {
        Ok(value) => Ok(Answer::Value(value)),
        Err(error) => match error.downcast_ref::<Failure>() {
            Some(failure) => Ok(Answer::Failure(failure.clone())),
            None => Err(error),
        },
    }
}

/// A function that raises `err` where the given one returns `nil, err`.
///
/// It is written in Lua because an error that Rust raises is opaque to `pcall`: scripts could not read its kind.
pub(crate) fn raising(lua: &Lua, function: Function) -> mlua::Result<Function> {
    let source = "local call = ...
        return function(...)
            local value, err = call(...)
            if err ~= nil then error(err, 0) end
            return value
        end";
    lua.load(source).set_name("=cmgateway").call(function)
}
