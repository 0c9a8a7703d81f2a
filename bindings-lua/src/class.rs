//! The definition of a class, as a plain table and from one.

use cmgateway::wmi::{Class, PropertyDefinition, Qualifier};
use mlua::{Lua, Table, Value};

use crate::error::{expected, misuse};
use crate::options::Options;
use crate::value::to_lua_or_null;

/// `{ name = …, keys = { … }, properties = { { name = …, type = …, is_array = …, is_key = … }, … } }`
pub(crate) fn to_table(lua: &Lua, class: &Class) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("name", class.name.as_str())?;
    table.set("keys", lua.create_sequence_from(class.keys().map(|key| key.name.as_str()))?)?;
    table.set("properties", rows(lua, class.properties.iter())?)?;
    table.set("qualifiers", qualifiers(lua, &class.qualifiers)?)?;
    let (inputs, outputs) = (lua.create_table()?, lua.create_table()?);
    for method in &class.methods {
        inputs.set(method.name.as_str(), rows(lua, method.inputs())?)?;
        outputs.set(method.name.as_str(), rows(lua, method.outputs())?)?;
    }
    table.set("inputs", inputs)?;
    table.set("outputs", outputs)?;
    let derivation = class.derivation.iter().map(|base| base.as_str());
    table.set("derivation", lua.create_sequence_from(derivation)?)?;
    let methods = class.methods.iter().map(|method| method.name.as_str());
    table.set("methods", lua.create_sequence_from(methods)?)?;
    table.set("mof", cmgateway::wmi::mof::class_text(class))?;
    Ok(table)
}

fn rows<'p>(lua: &Lua, properties: impl Iterator<Item = &'p PropertyDefinition>) -> mlua::Result<Table> {
    let list = lua.create_table()?;
    for property in properties {
        let row = lua.create_table()?;
        row.set("name", property.name.as_str())?;
        row.set("type", property.cim_type.name())?;
        row.set("is_array", property.is_array)?;
        row.set("is_key", property.is_key)?;
        row.set("is_lazy", property.is_lazy())?;
        row.set("qualifiers", qualifiers(lua, &property.qualifiers)?)?;
        list.push(row)?;
    }
    Ok(list)
}

fn qualifiers(lua: &Lua, qualifiers: &[Qualifier]) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for qualifier in qualifiers {
        table.set(qualifier.name.as_str(), to_lua_or_null(lua, &qualifier.value, None)?)?;
    }
    Ok(table)
}

/// The class that `define_class` was asked for: key properties first, as the option lists them, then the others by
/// name, since Lua's own order is by chance.
pub(crate) fn from_table(
    lua: &Lua,
    name: &str,
    properties: &Table,
    options: Option<Table>,
) -> mlua::Result<Class> {
    let options = Options::read("define_class", options, &["keys"])?;
    let keys: Vec<String> = options.get(lua, "keys")?.unwrap_or_default();
    let mut rows = Vec::new();
    for pair in properties.pairs::<String, Value>() {
        let (property, text) = pair?;
        let text = text.as_string().ok_or_else(|| misuse(format!("the type of {property} is not text")))?;
        rows.push((property, text.to_str()?.to_owned()));
    }
    rows.sort_by_cached_key(|(property, _)| {
        let at = keys.iter().position(|key| key.eq_ignore_ascii_case(property));
        (at.unwrap_or(usize::MAX), property.to_ascii_lowercase())
    });
    Class::from_names(name, &rows, &keys).map_err(expected)
}
