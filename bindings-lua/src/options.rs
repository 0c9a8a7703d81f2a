//! The one table that holds a function's options.

use mlua::{FromLua, Lua, Table, Value};

use crate::error::misuse;

/// The options of one call, with no key that the function does not know.
pub(crate) struct Options {
    function: &'static str,
    table: Option<Table>,
}

impl Options {
    /// Takes the table; a key that is not allowed raises, so that a misspelt option is not lost.
    pub(crate) fn read(function: &'static str, table: Option<Table>, allowed: &[&str]) -> mlua::Result<Self> {
        for pair in table.iter().flat_map(Table::pairs::<Value, Value>) {
            let key = pair?.0;
            let known = key.as_string().is_some_and(|key| allowed.iter().any(|name| key == *name));
            if !known {
                let (key, allowed) = (key.to_string()?, allowed.join(", "));
                return Err(misuse(format!("unknown option '{key}' to '{function}' (allowed: {allowed})")));
            }
        }
        Ok(Options { function, table })
    }

    /// One option; None where it is not given.
    pub(crate) fn get<T: FromLua>(&self, lua: &Lua, key: &str) -> mlua::Result<Option<T>> {
        let value = match &self.table {
            Some(table) => table.get::<Value>(key)?,
            None => Value::Nil,
        };
        let given = value.type_name();
        let function = self.function;
        Option::<T>::from_lua(value, lua).map_err(|_| {
            misuse(format!("bad option '{key}' to '{function}': a {given} is not what it takes"))
        })
    }
}
