//! A running event query.

use std::cell::RefCell;
use std::time::Duration;

use cmgateway::site::{Site, Watch};
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, expected, misuse, no_other_fields};
use crate::instance::LuaInstance;
use crate::runtime::wait;

pub(crate) struct LuaWatch {
    pub(crate) watch: RefCell<Watch>,
    pub(crate) site: Site,
}

impl UserData for LuaWatch {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Watch");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Watch");
        methods.add_method("next", |lua, this, timeout: Value| answer(this.next(lua, &timeout)));
        methods.add_meta_method("__tostring", |_, _, ()| Ok("<cmgateway.Watch>"));
    }
}

impl LuaWatch {
    fn next(&self, lua: &Lua, timeout: &Value) -> mlua::Result<Option<LuaInstance>> {
        let seconds = match timeout {
            Value::Nil => None,
            Value::Integer(seconds) => Some(*seconds as f64),
            Value::Number(seconds) => Some(*seconds),
            _ => return Err(misuse("bad argument #1 to 'next': a number of seconds expected")),
        };
        let timeout = seconds.map(Duration::try_from_secs_f64).transpose().map_err(|_| {
            expected(Error::new(
                ErrorKind::Config,
                "watch a site",
                "the timeout is no number of seconds from 0 on",
            ))
        })?;
        let event = wait(lua, self.watch.borrow_mut().next(timeout))?;
        Ok(event.map(|event| LuaInstance::of(event, Some(&self.site))))
    }
}
