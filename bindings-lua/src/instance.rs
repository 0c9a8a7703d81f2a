//! An instance of a WMI class; its properties are read and assigned as fields.

use cmgateway::wmi::Instance;
use mlua::{
    AnyUserData, Function, Lua, LuaString, Table, UserData, UserDataFields, UserDataMethods, UserDataRefMut,
    Value,
};

use crate::arguments::Arguments;
use crate::error::{answer, expected, misuse, raising};
use crate::path::LuaPath;
use crate::value::{from_lua, text_from, to_lua, to_lua_or_null};

/// The helpers end in an underscore, as those of WMI's scripting object do; every other name is a property.
const HELPERS: [&str; 4] = ["class_", "names_", "path_", "properties_"];

pub(crate) struct LuaInstance(pub(crate) Instance);

impl UserData for LuaInstance {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Instance");
        fields.add_field_method_get("class_", |lua, this| lua.create_string(this.0.class_name().as_str()));
        fields.add_field_method_get("path_", |_, this| Ok(this.0.path().cloned().map(LuaPath)));
        fields.add_field_method_get("properties_", |lua, this| properties(lua, &this.0));
        fields.add_field_method_get("names_", |lua, this| names(lua, &this.0));
        // Assigning cannot return `nil, err`, so it raises `err`; whole, because a Lua function does it.
        fields.add_meta_field_with("__newindex", |lua| raising(lua, assignment(lua)?));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method("__index", |lua, this, name: LuaString| {
            let value = name.to_str().ok().and_then(|name| this.0.get(&name));
            value.map_or(Ok(Value::Nil), |value| to_lua(lua, value))
        });
        methods.add_meta_method("__tostring", |_, this, ()| Ok(shown(&this.0)));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaInstance>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

fn shown(instance: &Instance) -> String {
    match instance.path() {
        Some(path) => format!("<{path}>"),
        None => format!("<{}>", instance.class_name()),
    }
}

fn properties(lua: &Lua, instance: &Instance) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for property in instance.properties() {
        table.raw_set(property.name.as_str(), to_lua_or_null(lua, &property.value)?)?;
    }
    Ok(table)
}

fn names(lua: &Lua, instance: &Instance) -> mlua::Result<Table> {
    lua.create_sequence_from(instance.properties().iter().map(|property| property.name.as_str()))
}

fn assignment(lua: &Lua) -> mlua::Result<Function> {
    type Assigned = (UserDataRefMut<LuaInstance>, LuaString, Value);
    lua.create_function(|_, (mut this, name, value): Assigned| answer(assign(&mut this.0, &name, value)))
}

fn assign(instance: &mut Instance, name: &LuaString, value: Value) -> mlua::Result<bool> {
    let name = text_from(name)?;
    if HELPERS.contains(&name.as_str()) {
        return Err(misuse(format!("{name} cannot be assigned")));
    }
    if value.is_nil() {
        return Err(misuse(format!("cannot assign nil to {name}; write cmgateway.null for null")));
    }
    instance.set(&name, from_lua(value)?).map(|()| true).map_err(expected)
}

/// A new instance with these properties.
pub(crate) fn new(function: &'static str, (class, properties): (Value, Value)) -> mlua::Result<LuaInstance> {
    let class = Arguments(function).text(1, &class)?;
    let properties =
        Arguments(function).optional_table(2, "properties go in a table, { name = value, … }", properties)?;
    let mut instance = Instance::new(&class).map_err(expected)?;
    for (name, value) in properties.map_or(Ok(Vec::new()), |table| crate::parameters::named_values(&table))? {
        instance.set(&name, value).map_err(expected)?;
    }
    Ok(LuaInstance(instance))
}
