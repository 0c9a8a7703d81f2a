//! What is associated with an instance.

use cmgateway::site::Site;
use cmgateway::wmi::Identifier;
use cmgateway::wmi::wql::AssociationQuery;
use mlua::{Lua, Table};

use crate::error::expected;
use crate::options::Options;
use crate::rows::LuaRows;
use crate::runtime::{wait, with_free_queries};

const NAMES: [&str; 6] =
    ["assoc_class", "result_class", "result_role", "role", "required_qualifier", "required_assoc_qualifier"];
const FLAGS: [&str; 3] = ["class_defs_only", "keys_only", "schema_only"];

/// The rows of an association query; the conditions are its words, as `result_class` is for `ResultClass`.
pub(crate) fn run(
    lua: &Lua,
    function: &'static str,
    site: &Site,
    mut query: AssociationQuery,
    conditions: Option<Table>,
) -> mlua::Result<LuaRows> {
    query.schema_only = query.path.is_class();
    let allowed: Vec<_> =
        NAMES.into_iter().filter(|name| query.name_mut(name).is_some()).chain(FLAGS).collect();
    let given = Options::read(function, conditions, &allowed)?;
    for name in allowed {
        if let Some(flag) = query.flag_mut(name) {
            *flag = given.optional_flag(lua, name)?.unwrap_or(*flag);
        } else if let Some(slot) = query.name_mut(name) {
            let text = given.text(lua, name)?;
            *slot = text.map(|text| Identifier::new(&text)).transpose().map_err(expected)?;
        }
    }
    with_free_queries(lua, || wait(lua, site.associations(&query)))
        .map(|rows| LuaRows::Open(rows, site.clone()))
}
