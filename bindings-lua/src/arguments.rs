//! The arguments of a call, with messages that speak of the function as the script does.

use cmgateway::Secret;
use mlua::{FromLua, Lua, LuaString, Table, Value};

use crate::error::misuse;
use crate::value::{secret_from, sequence, text_from};

/// The arguments of one function, checked one by one; `self` does not count.
#[derive(Clone, Copy)]
pub(crate) struct Arguments(pub(crate) &'static str);

impl Arguments {
    /// A text; one that is not UTF-8 is an error of kind `config`.
    pub(crate) fn text(self, position: usize, value: &Value) -> mlua::Result<String> {
        text_from(&self.bytes(position, value)?)
    }

    /// A text, or nil.
    pub(crate) fn optional_text(self, position: usize, value: &Value) -> mlua::Result<Option<String>> {
        if value.is_nil() { Ok(None) } else { self.text(position, value).map(Some) }
    }

    /// A password, or nil.
    pub(crate) fn optional_secret(self, position: usize, value: &Value) -> mlua::Result<Option<Secret>> {
        if value.is_nil() { Ok(None) } else { secret_from(&self.bytes(position, value)?).map(Some) }
    }

    /// A text of any bytes.
    pub(crate) fn bytes(self, position: usize, value: &Value) -> mlua::Result<LuaString> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(self.bad(position, "text expected", other)),
        }
    }

    /// A table of texts.
    pub(crate) fn texts(self, position: usize, value: &Value) -> mlua::Result<Vec<String>> {
        let table = self.table(position, "texts go in a table: { text, … }", value.clone())?;
        let items = sequence(&table, "a list of texts")?;
        items.iter().map(|item| self.text(position, item)).collect()
    }

    /// A table; `what` says what it holds.
    pub(crate) fn table(self, position: usize, what: &str, value: Value) -> mlua::Result<Table> {
        match value {
            Value::Table(table) => Ok(table),
            other => Err(self.bad(position, what, &other)),
        }
    }

    /// A table, or nil.
    pub(crate) fn optional_table(
        self,
        position: usize,
        what: &str,
        value: Value,
    ) -> mlua::Result<Option<Table>> {
        if value.is_nil() { Ok(None) } else { self.table(position, what, value).map(Some) }
    }

    /// The options, or nil.
    pub(crate) fn options(self, position: usize, value: Value) -> mlua::Result<Option<Table>> {
        self.optional_table(position, "options go in a table: { name = value, … }", value)
    }

    /// Whole seconds, or nil.
    pub(crate) fn optional_seconds(
        self,
        lua: &Lua,
        position: usize,
        value: Value,
    ) -> mlua::Result<Option<i64>> {
        let bad = self.bad(position, "a whole number of seconds expected", &value);
        Option::<i64>::from_lua(value, lua).map_err(|_| bad)
    }

    fn bad(self, position: usize, what: &str, given: &Value) -> mlua::Error {
        let (function, given) = (self.0, given.type_name());
        misuse(format!("bad argument #{position} to '{function}': {what}, got {given}"))
    }
}
