//! The definition of a class, as a plain table and from one.

use cmgateway::wmi::{CimType, Class, Identifier, PropertyDefinition};
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, Table, Value};

use crate::error::{expected, misuse};
use crate::options::Options;

/// `{ name = …, keys = { … }, properties = { { name = …, type = …, is_array = …, is_key = … }, … } }`
pub(crate) fn to_table(lua: &Lua, class: &Class) -> mlua::Result<Table> {
    let properties = lua.create_table()?;
    for property in &class.properties {
        let row = lua.create_table()?;
        row.set("name", property.name.as_str())?;
        row.set("type", property.cim_type.name())?;
        row.set("is_array", property.is_array)?;
        row.set("is_key", property.is_key)?;
        properties.push(row)?;
    }
    let table = lua.create_table()?;
    table.set("name", class.name.as_str())?;
    table.set("keys", lua.create_sequence_from(class.keys().map(|key| key.name.as_str()))?)?;
    table.set("properties", properties)?;
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
        let at = keys.iter().position(|key| key.eq_ignore_ascii_case(&property));
        rows.push((at.unwrap_or(usize::MAX), definition(&property, &text.to_str()?, at.is_some())?));
    }
    if let Some(key) = keys.iter().find(|key| !rows.iter().any(|(_, row)| row.name.is(key))) {
        return Err(refuse(name, format!("the key {key} is not among the properties")));
    }
    rows.sort_by_cached_key(|(at, row)| (*at, row.name.as_str().to_ascii_lowercase()));
    let name = Identifier::new(name).map_err(expected)?;
    Ok(Class { name, properties: rows.into_iter().map(|(_, row)| row).collect() })
}

/// `uint32` or `uint32[]`.
fn definition(name: &str, text: &str, is_key: bool) -> mlua::Result<PropertyDefinition> {
    let (type_name, is_array) = text.strip_suffix("[]").map_or((text, false), |name| (name, true));
    let cim_type = CimType::from_name(type_name)
        .ok_or_else(|| refuse(name, format!("{text:?} is no type; one is for example string or uint32[]")))?;
    let name = Identifier::new(name).map_err(expected)?;
    Ok(PropertyDefinition { name, cim_type, is_array, is_key })
}

fn refuse(name: &str, cause: String) -> mlua::Error {
    expected(Error::new(ErrorKind::Config, format!("define {name}"), cause))
}
