//! A running event query.

use std::cell::RefCell;
use std::time::Duration;

use cmgateway::site::{Site, Watch};
use cmgateway::{Error, ErrorKind};
use mlua::{AnyUserData, Lua, MultiValue, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, expected, misuse, no_other_fields, raising};
use crate::instance::LuaInstance;
use crate::runtime::wait;

pub(crate) struct LuaWatch {
    pub(crate) watch: RefCell<Watch>,
    pub(crate) site: Site,
    /// The longest wait for an event in a loop.
    pub(crate) timeout: Option<Duration>,
}

impl UserData for LuaWatch {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Watch");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Watch");
        methods.add_method("next", |lua, this, timeout: Value| answer(this.next(lua, &timeout)));
        // `for event in site:watch(query) do`: the loop ends where no event comes within the watch's timeout.
        methods.add_meta_function("__call", |lua, (this, _): (AnyUserData, MultiValue)| {
            let step = lua.create_function(|lua, this: AnyUserData| {
                let this = this.borrow::<LuaWatch>()?;
                answer(this.wait(lua, this.timeout))
            })?;
            raising(lua, step)?.call::<Value>(this)
        });
        methods.add_meta_method("__tostring", |_, _, ()| Ok("<cmgateway.Watch>"));
    }
}

/// Seconds that a script gives as longest wait.
pub(crate) fn seconds(seconds: f64) -> mlua::Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let cause = "the timeout is no number of seconds from 0 on";
        expected(Error::new(ErrorKind::Config, "watch a site", cause))
    })
}

impl LuaWatch {
    fn next(&self, lua: &Lua, timeout: &Value) -> mlua::Result<Option<LuaInstance>> {
        let timeout = match timeout {
            Value::Nil => None,
            Value::Integer(number) => Some(seconds(*number as f64)?),
            Value::Number(number) => Some(seconds(*number)?),
            _ => return Err(misuse("bad argument #1 to 'next': a number of seconds expected")),
        };
        self.wait(lua, timeout)
    }

    fn wait(&self, lua: &Lua, timeout: Option<Duration>) -> mlua::Result<Option<LuaInstance>> {
        let event = wait(lua, self.watch.borrow_mut().next(timeout))?;
        Ok(event.map(|event| LuaInstance::of(event, Some(&self.site))))
    }
}
