//! The one table that holds a function's options.

use cmgateway::Secret;
use mlua::{FromLua, Lua, Table, Value};

use crate::error::misuse;
use crate::objects::objects;
use crate::value::{secret_from, sequence, text_from};

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
        let bad = self.bad(key, &value);
        Option::<T>::from_lua(value, lua).map_err(|_| bad)
    }

    /// A text; a number is none, and one that is not UTF-8 is an error of kind `config`.
    pub(crate) fn text(&self, lua: &Lua, key: &str) -> mlua::Result<Option<String>> {
        self.get::<Value>(lua, key)?.map(|value| self.text_of(key, &value)).transpose()
    }

    /// A password.
    pub(crate) fn secret(&self, lua: &Lua, key: &str) -> mlua::Result<Option<Secret>> {
        match self.get::<Value>(lua, key)? {
            None => Ok(None),
            Some(Value::String(text)) => secret_from(&text).map(Some),
            Some(other) => Err(self.bad(key, &other)),
        }
    }

    /// A table of texts.
    pub(crate) fn texts(&self, lua: &Lua, key: &str) -> mlua::Result<Option<Vec<String>>> {
        let Some(table) = self.get::<Table>(lua, key)? else { return Ok(None) };
        let items = sequence(&table, &self.place(key))?;
        items.iter().map(|item| self.text_of(key, item)).collect::<mlua::Result<_>>().map(Some)
    }

    /// True or false; false where it is not given.
    pub(crate) fn flag(&self, lua: &Lua, key: &str) -> mlua::Result<bool> {
        Ok(self.optional_flag(lua, key)?.unwrap_or(false))
    }

    /// True or false. Nothing else is taken, since `"no"` and `0` are true in Lua.
    pub(crate) fn optional_flag(&self, lua: &Lua, key: &str) -> mlua::Result<Option<bool>> {
        match self.get::<Value>(lua, key)? {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.bad(key, &other)),
        }
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(
        &self,
        lua: &Lua,
        key: &str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> mlua::Result<Option<T>> {
        let Some(given) = self.text(lua, key)? else { return Ok(None) };
        if let Some(found) = all.iter().find(|each| word(**each) == given) {
            return Ok(Some(*found));
        }
        let (function, allowed) = (self.function, all.iter().map(|each| word(*each)).collect::<Vec<_>>());
        Err(misuse(format!("bad {key} '{given}' to '{function}' (allowed: {})", allowed.join(", "))))
    }

    /// A table of objects of the class `T`.
    pub(crate) fn objects<T: 'static, R>(
        &self,
        lua: &Lua,
        key: &str,
        class: &str,
        take: impl Fn(&T) -> R,
    ) -> mlua::Result<Option<Vec<R>>> {
        let table = self.get::<Table>(lua, key)?;
        table.map(|table| objects(&self.place(key), class, &table, take)).transpose()
    }

    fn text_of(&self, key: &str, value: &Value) -> mlua::Result<String> {
        match value {
            Value::String(text) => text_from(text),
            other => Err(self.bad(key, other)),
        }
    }

    fn place(&self, key: &str) -> String {
        format!("bad option '{key}' to '{}'", self.function)
    }

    fn bad(&self, key: &str, given: &Value) -> mlua::Error {
        misuse(format!("{}: a {} is not what it takes", self.place(key), given.type_name()))
    }
}
