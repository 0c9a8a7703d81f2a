//! The Azure Resource Manager.

use std::sync::Arc;

use cmgateway::azure::{Operation, ResourceManager};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use super::credential::LuaCredential;
use super::options;
use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json::{body, from_lua, to_lua};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;

struct LuaResourceManager(Arc<ResourceManager>);

struct LuaOperation {
    manager: Arc<ResourceManager>,
    operation: Operation,
}

/// Puts `resource_manager` into `cmgateway.azure`.
pub(super) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "resource_manager",
        lua.create_function(|lua, (subscription, credential, given): (Value, Value, Value)| {
            answer(make(lua, &subscription, &credential, given))
        })?,
    )
}

fn make(
    lua: &Lua,
    subscription: &Value,
    credential: &Value,
    given: Value,
) -> mlua::Result<LuaResourceManager> {
    let subscription = Arguments("resource_manager").text(1, subscription)?;
    let credential =
        object("bad argument #2 to 'resource_manager'", "Credential", credential, |one: &LuaCredential| {
            one.0.clone()
        })?;
    let options = options(lua, "resource_manager", 3, given, &[])?;
    let manager = ResourceManager::new(&options, &subscription, &credential).map_err(expected)?;
    Ok(LuaResourceManager(Arc::new(manager)))
}

/// A path and a version that may be missing.
fn place(function: &'static str, path: &Value, version: &Value) -> mlua::Result<(String, String)> {
    let arguments = Arguments(function);
    Ok((arguments.text(1, path)?, arguments.optional_text(2, version)?.unwrap_or_default()))
}

impl LuaResourceManager {
    fn begin(&self, lua: &Lua, given: (Value, Value, Value, Value, Value)) -> mlua::Result<LuaOperation> {
        let (method, path, version, content, options) = given;
        let arguments = Arguments("begin");
        let options = Options::read("begin", arguments.options(5, options)?, &["if_match"])?;
        let (method, path) = (arguments.text(1, &method)?, arguments.text(2, &path)?);
        let version = arguments.optional_text(3, &version)?.unwrap_or_default();
        let (content, if_match) = (body(&content)?, options.text(lua, "if_match")?);
        let begun = self.0.begin(&method, &path, &version, content.as_ref(), if_match.as_deref());
        Ok(LuaOperation { manager: Arc::clone(&self.0), operation: wait(lua, begun)? })
    }

    fn resume(&self, text: &Value) -> mlua::Result<LuaOperation> {
        let text = Arguments("resume").text(1, text)?;
        let operation = Operation::from_json(&text).map_err(expected)?;
        Ok(LuaOperation { manager: Arc::clone(&self.0), operation })
    }

    fn call(&self, lua: &Lua, given: (Value, Value, Value, Value)) -> mlua::Result<Value> {
        let (method, path, version, content) = given;
        let arguments = Arguments("call");
        let (method, path) = (arguments.text(1, &method)?, arguments.text(2, &path)?);
        let (version, content) = (arguments.optional_text(3, &version)?.unwrap_or_default(), body(&content)?);
        to_lua(lua, &wait(lua, self.0.call(&method, &path, &version, content.as_ref()))?)
    }

    fn put(&self, lua: &Lua, path: &Value, version: &Value, content: &Value) -> mlua::Result<Value> {
        let (path, version) = place("put", path, version)?;
        let content = from_lua(content, "read the body")?;
        to_lua(lua, &wait(lua, self.0.put(&path, &version, &content))?)
    }

    fn patch(&self, lua: &Lua, path: &Value, version: &Value, content: &Value) -> mlua::Result<Value> {
        let (path, version) = place("patch", path, version)?;
        let content = from_lua(content, "read the body")?;
        to_lua(lua, &wait(lua, self.0.patch(&path, &version, &content))?)
    }

    fn post(&self, lua: &Lua, path: &Value, version: &Value, content: &Value) -> mlua::Result<Value> {
        let ((path, version), content) = (place("post", path, version)?, body(content)?);
        to_lua(lua, &wait(lua, self.0.post(&path, &version, content.as_ref()))?)
    }
}

type Given = (Value, Value, Value);

impl UserData for LuaResourceManager {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.ResourceManager");
        fields.add_field_method_get("subscription_id", |_, this| Ok(this.0.subscription_id().to_owned()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ResourceManager");
        methods.add_method("group_path", |_, this, group: Value| {
            Ok(this.0.group_path(&Arguments("group_path").text(1, &group)?))
        });
        methods.add_method("resource_path", |_, this, (group, kind, name): Given| {
            let arguments = Arguments("resource_path");
            let (group, kind) = (arguments.text(1, &group)?, arguments.text(2, &kind)?);
            Ok(this.0.resource_path(&group, &kind, &arguments.text(3, &name)?))
        });
        methods.add_method("get", |lua, this, (path, version): (Value, Value)| {
            let (path, version) = place("get", &path, &version)?;
            answer(wait(lua, this.0.get(&path, &version)).and_then(|found| to_lua(lua, &found)))
        });
        methods.add_method("exists", |lua, this, (path, version): (Value, Value)| {
            let (path, version) = place("exists", &path, &version)?;
            answer(wait(lua, this.0.exists(&path, &version)))
        });
        methods.add_method("list", |lua, this, (path, version): (Value, Value)| {
            let (path, version) = place("list", &path, &version)?;
            answer(wait(lua, this.0.list(&path, &version)).and_then(|found| to_lua(lua, &found)))
        });
        methods.add_method("call", |lua, this, given: (Value, Value, Value, Value)| {
            answer(this.call(lua, given))
        });
        methods.add_method("begin", |lua, this, given: (Value, Value, Value, Value, Value)| {
            answer(this.begin(lua, given))
        });
        methods.add_method("resume", |_, this, text: Value| answer(this.resume(&text)));
        methods.add_method("put", |lua, this, (path, version, content): Given| {
            answer(this.put(lua, &path, &version, &content))
        });
        methods.add_method("patch", |lua, this, (path, version, content): Given| {
            answer(this.patch(lua, &path, &version, &content))
        });
        methods.add_method("post", |lua, this, (path, version, content): Given| {
            answer(this.post(lua, &path, &version, &content))
        });
        methods.add_method("delete", |lua, this, (path, version): (Value, Value)| {
            let (path, version) = place("delete", &path, &version)?;
            answer(wait(lua, this.0.delete(&path, &version)).map(|()| true))
        });
        methods.add_method("provider_state", |lua, this, namespace: Value| {
            let namespace = Arguments("provider_state").text(1, &namespace)?;
            answer(wait(lua, this.0.provider_state(&namespace)))
        });
        methods.add_method("register_provider", |lua, this, namespace: Value| {
            let namespace = Arguments("register_provider").text(1, &namespace)?;
            answer(wait(lua, this.0.register_provider(&namespace)).map(|()| true))
        });
        methods.add_method("is_dns_label_free", |lua, this, (region, label): (Value, Value)| {
            let arguments = Arguments("is_dns_label_free");
            let (region, label) = (arguments.text(1, &region)?, arguments.text(2, &label)?);
            answer(wait(lua, this.0.is_dns_label_free(&region, &label)))
        });
        methods.add_method("name_objection", |lua, this, (kind, version, name): Given| {
            let arguments = Arguments("name_objection");
            let (kind, version) = (arguments.text(1, &kind)?, arguments.text(2, &version)?);
            let name = arguments.text(3, &name)?;
            answer(wait(lua, this.0.name_objection(&kind, &version, &name)))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.azure.ResourceManager {}>", this.0.subscription_id()))
        });
    }
}

impl UserData for LuaOperation {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.Operation");
        fields.add_field_method_get("is_over", |_, this| Ok(this.operation.is_over()));
        fields.add_field_method_get("first_body", |lua, this| to_lua(lua, &this.operation.first_body()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Operation");
        methods.add_method_mut("poll", |lua, this, ()| {
            answer(wait(lua, this.manager.poll(&mut this.operation)))
        });
        methods.add_method_mut("finish", |lua, this, ()| {
            let result = wait(lua, this.manager.finish(&mut this.operation));
            answer(result.and_then(|result| to_lua(lua, &result)))
        });
        methods.add_method("to_json", |_, this, ()| answer(this.operation.to_json().map_err(expected)));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let state = if this.operation.is_over() { "over" } else { "running" };
            Ok(format!("<cmgateway.azure.Operation {state}>"))
        });
    }
}
