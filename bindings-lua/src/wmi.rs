//! `cmgateway.wmi`: values and query texts, without a site.

use cmgateway::wmi::{DateTime, wql};
use mlua::{Lua, Table, Value};

use crate::datetime::LuaDateTime;
use crate::error::{answer, expected};
use crate::instance;
use crate::parameters::parameters;
use crate::path::{LuaPath, path_from};

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "datetime",
        lua.create_function(|_, text: String| {
            answer(DateTime::parse(&text).map(LuaDateTime).map_err(expected))
        }),
    )?;
    add(
        "path",
        lua.create_function(|_, text: mlua::LuaString| answer(path_from(&Value::String(text)).map(LuaPath))),
    )?;
    add(
        "instance",
        lua.create_function(|_, (class, properties): (String, Option<Table>)| {
            answer(instance::new(&class, properties))
        }),
    )?;
    add(
        "format_query",
        lua.create_function(|_, (text, values): (String, Option<Table>)| answer(format_query(&text, values))),
    )?;
    add("quote", lua.create_function(|_, text: String| answer(wql::quote(&text).map_err(expected))))?;
    add("like_literal", lua.create_function(|_, text: String| Ok(wql::like_literal(&text))))?;
    Ok(module)
}

fn format_query(text: &str, values: Option<Table>) -> mlua::Result<String> {
    wql::format(text, &parameters(values)?).map_err(expected)
}
