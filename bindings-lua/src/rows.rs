//! The rows of a query.

use cmgateway::site::{Rows, Site};
use mlua::{AnyUserData, Function, Lua, MultiValue, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, misuse, no_other_fields, raising};
use crate::instance::LuaInstance;
use crate::runtime::wait;

pub(crate) enum LuaRows {
    Open(Rows, Site),
    /// Read to the end, given away by `all` and `first`, or left by a loop: there is no row any more.
    Finished,
    Closed,
}

impl UserData for LuaRows {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Rows");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Rows");
        methods.add_method_mut("next", |lua, this, ()| answer(this.next(lua)));
        methods.add_method_mut("all", |lua, this, ()| answer(this.all(lua)));
        methods.add_method_mut("first", |lua, this, ()| {
            let row = this.next(lua);
            // The rest is not wanted: the site need not keep it ready until Lua collects us.
            this.finish();
            answer(row)
        });
        methods.add_function("each", |lua, rows: AnyUserData| each(lua, rows));
        methods.add_method_mut("close", |_, this, ()| this.close());
        methods.add_meta_method_mut("__close", |_, this, _: MultiValue| {
            this.finish();
            Ok(())
        });
        methods
            .add_meta_method("__tostring", |_, this, ()| Ok(format!("<cmgateway.Rows, {}>", this.state())));
    }
}

impl LuaRows {
    fn state(&self) -> &'static str {
        match self {
            LuaRows::Open(..) => "open",
            LuaRows::Finished => "finished",
            LuaRows::Closed => "closed",
        }
    }

    fn close(&mut self) -> mlua::Result<()> {
        *self = LuaRows::Closed;
        Ok(())
    }

    fn finish(&mut self) {
        if matches!(self, LuaRows::Open(..)) {
            *self = LuaRows::Finished;
        }
    }

    fn next(&mut self, lua: &Lua) -> mlua::Result<Option<LuaInstance>> {
        let row = match self {
            LuaRows::Open(rows, site) => {
                if let Some(row) = rows.next_at_hand() {
                    return Ok(Some(LuaInstance::of(row, Some(site))));
                }
                wait(lua, rows.next()).map(|row| row.map(|row| LuaInstance::of(row, Some(site))))
            }
            LuaRows::Finished => Ok(None),
            LuaRows::Closed => Err(misuse("the rows are closed")),
        };
        if !matches!(row, Ok(Some(_))) {
            self.finish();
        }
        row
    }

    fn all(&mut self, lua: &Lua) -> mlua::Result<Vec<LuaInstance>> {
        match std::mem::replace(self, LuaRows::Finished) {
            LuaRows::Open(rows, site) => {
                let rows = wait(lua, rows.all())?.into_iter();
                Ok(rows.map(|row| LuaInstance::of(row, Some(&site))).collect())
            }
            LuaRows::Finished => Ok(Vec::new()),
            LuaRows::Closed => {
                *self = LuaRows::Closed;
                Err(misuse("the rows are closed"))
            }
        }
    }
}

/// What `for … in` takes: a function that raises `err`, and (Lua 5.4) the rows, to be closed when the loop ends.
fn each(lua: &Lua, rows: AnyUserData) -> mlua::Result<(Function, Value, Value, AnyUserData)> {
    drop(
        rows.borrow::<LuaRows>()
            .map_err(|_| misuse("bad argument #1 to 'each' (cmgateway.Rows expected)"))?,
    );
    let next: Function = mlua::ObjectLike::get(&rows, "next")?;
    let step = next.bind(&rows)?;
    Ok((raising(lua, step)?, Value::Nil, Value::Nil, rows))
}
