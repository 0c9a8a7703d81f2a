//! The sub-CA thumbprints that a gateway has.

use cmgateway::gateway::sub_ca::ThumbprintList;
use mlua::{AnyUserData, Function, IntoLua, Lua, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, no_such_field};
use crate::thumbprint::{LuaThumbprint, thumbprint_from};

pub(crate) struct LuaThumbprintList(pub(crate) ThumbprintList);

impl UserData for LuaThumbprintList {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.ThumbprintList");
        fields.add_field_method_get("others", |lua, this| lua.create_sequence_from(this.0.others()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("contains", |_, this, thumbprint: Value| {
            answer(thumbprint_from(&thumbprint).map(|thumbprint| this.0.contains(thumbprint)))
        });
        methods.add_method("each", |lua, this, ()| each(lua, &this.0));
        methods.add_meta_method("__len", |_, this, ()| Ok(this.0.thumbprints().count()));
        methods.add_meta_method("__index", |lua, this, at: Value| match at {
            Value::Integer(_) | Value::Number(_) => nth(&this.0, &at).into_lua(lua),
            _ => no_such_field("ThumbprintList", &at),
        });
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaThumbprintList>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

/// `list[1]` is the first.
fn nth(list: &ThumbprintList, at: &Value) -> Option<LuaThumbprint> {
    let at = usize::try_from(at.as_integer()?).ok()?.checked_sub(1)?;
    list.thumbprints().nth(at).map(LuaThumbprint)
}

fn each(lua: &Lua, list: &ThumbprintList) -> mlua::Result<Function> {
    let mut left = list.thumbprints().collect::<Vec<_>>().into_iter();
    lua.create_function_mut(move |_, _: mlua::MultiValue| Ok(left.next().map(LuaThumbprint)))
}
