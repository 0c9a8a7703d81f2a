//! `cmgateway.wmi`: values and query texts, without a site.

use cmgateway::wmi::{DateTime, Instance, wql};
use mlua::{Lua, Table, Value};

use crate::arguments::Arguments;
use crate::datetime::LuaDateTime;
use crate::error::{answer, expected};
use crate::instance::{self, LuaInstance};
use crate::parameters::parameters;
use crate::path::{LuaPath, path_from};

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "datetime",
        lua.create_function(|_, text: Value| {
            let text = Arguments("datetime").text(1, &text);
            answer(text.and_then(|text| DateTime::parse(&text).map(LuaDateTime).map_err(expected)))
        }),
    )?;
    add(
        "path",
        lua.create_function(|_, text: Value| {
            let text = Arguments("path").bytes(1, &text)?;
            answer(path_from(&Value::String(text)).map(LuaPath))
        }),
    )?;
    add(
        "instance",
        lua.create_function(|_, given: (Value, Value)| answer(instance::new("instance", given, plain))),
    )?;
    add(
        "format_query",
        lua.create_function(|_, (text, values): (Value, Value)| answer(format_query(&text, values))),
    )?;
    add(
        "quote",
        lua.create_function(|_, text: Value| {
            let text = Arguments("quote").text(1, &text);
            answer(text.and_then(|text| wql::quote(&text).map_err(expected)))
        }),
    )?;
    add(
        "like_literal",
        lua.create_function(|_, text: Value| {
            answer(Arguments("like_literal").text(1, &text).map(|text| wql::like_literal(&text)))
        }),
    )?;
    Ok(module)
}

fn format_query(text: &Value, values: Value) -> mlua::Result<String> {
    let text = Arguments("format_query").text(1, text)?;
    wql::format(&text, &parameters("format_query", values)?).map_err(expected)
}

fn plain(class: &str) -> mlua::Result<LuaInstance> {
    Instance::new(class).map(|instance| LuaInstance::of(instance, None)).map_err(expected)
}
