//! What stock Lua calls when a script says `require "cmgateway"`.

use mlua::{Lua, Table};

#[mlua::lua_module(name = "cmgateway")]
fn entry(lua: &Lua) -> mlua::Result<Table> {
    crate::module(lua)
}
