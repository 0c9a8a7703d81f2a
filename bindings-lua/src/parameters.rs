//! Values for the placeholders of a query.

use cmgateway::wmi::wql::Parameters;
use mlua::{LuaString, Table, Value};

use crate::arguments::Arguments;
use crate::error::misuse;
use crate::value::{from_lua, sequence, text_from};

/// An array for `?`, a map for `:name`; nil and the empty table are no values at all.
pub(crate) fn parameters(function: &'static str, given: Value) -> mlua::Result<Parameters> {
    let what = "values go in a table, { value, … } or { name = value, … }";
    let Some(table) = Arguments(function).optional_table(2, what, given)? else {
        return Ok(Parameters::None);
    };
    if table.is_empty() {
        return Ok(Parameters::None);
    }
    if table.raw_len() > 0 {
        let items = sequence(&table, "the values for `?`")?;
        let values: mlua::Result<_> = items.into_iter().map(from_lua).collect();
        return values.map(Parameters::Positional);
    }
    named_values(&table).map(Parameters::Named)
}

/// The pairs of a map from names to values, in the order of the names, since Lua's own order is by chance.
pub(crate) fn named_values(table: &Table) -> mlua::Result<Vec<(String, cmgateway::wmi::Value)>> {
    let mut named = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        named.push((name_from(&name)?, from_lua(value)?));
    }
    named.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(named)
}

fn name_from(name: &Value) -> mlua::Result<String> {
    let text: Option<&LuaString> = name.as_string();
    let text = text.ok_or_else(|| misuse(format!("{} is no name: names are text", name.type_name())))?;
    text_from(text)
}
