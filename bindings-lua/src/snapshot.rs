//! Copies of sites, and what differs between two.

use std::sync::atomic::{AtomicU64, Ordering};

use cmgateway::site::{
    DiffOptions, ObjectDifference, Site, SiteDifference, SnapshotOptions, SnapshotProgress,
};
use mlua::{Function, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, misuse, no_other_fields};
use crate::options::Options;
use crate::runtime::{wait, waiting};
use crate::site::LuaSite;
use crate::value::to_lua_or_null;

static CALLBACKS: AtomicU64 = AtomicU64::new(0);

/// Copies a site; `progress` is called with the class, its number, how many there are, and the instances so far.
pub(crate) fn take(lua: &Lua, site: &Site, (file, options): (Value, Value)) -> mlua::Result<Table> {
    let arguments = Arguments("snapshot");
    let file = arguments.text(1, &file)?;
    let given = Options::read("snapshot", arguments.options(2, options)?, &["classes", "lazy", "progress"])?;
    let classes = given.texts(lua, "classes")?.unwrap_or_default();
    let options = SnapshotOptions { classes, lazy: given.flag(lua, "lazy")? };
    let progress: Option<Function> = given.get(lua, "progress")?;
    let key = format!("cmgateway.progress.{}", CALLBACKS.fetch_add(1, Ordering::Relaxed));
    lua.set_named_registry_value(&key, progress)?;
    let mut raised: Option<String> = None;
    let mut tell = |told: &SnapshotProgress| match hears(&key, told) {
        Ok(goes_on) => goes_on,
        Err(error) => {
            raised = Some(error);
            false
        }
    };
    let report = wait(lua, site.snapshot(file, &options, &mut tell));
    lua.unset_named_registry_value(&key)?;
    if let Some(error) = raised {
        return Err(misuse(format!("progress raised: {error}")));
    }
    let (report, result, skipped) = (report?, lua.create_table()?, lua.create_table()?);
    for (class, cause) in report.skipped {
        skipped.set(class, cause)?;
    }
    result.set("classes", report.classes)?;
    result.set("instances", report.instances)?;
    result.set("skipped", skipped)?;
    Ok(result)
}

/// Calls the function of the state that waits; false from it stops the work.
fn hears(key: &str, told: &SnapshotProgress) -> Result<bool, String> {
    let function = waiting(|lua| lua.named_registry_value::<Option<Function>>(key).ok().flatten());
    let Some(function) = function else { return Ok(true) };
    let told = (told.class.as_str(), told.class_number, told.class_count, told.instances);
    function.call::<Option<bool>>(told).map(|wish| wish.unwrap_or(true)).map_err(|error| error.to_string())
}

/// Puts `diff` into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "diff",
        lua.create_function(|lua, (first, second, options): (Value, Value, Value)| {
            let first = site_at(1, &first)?;
            answer(compare(lua, &first, &site_at(2, &second)?, options))
        })?,
    )
}

fn site_at(position: usize, value: &Value) -> mlua::Result<Site> {
    let site = value.as_userdata().and_then(|data| data.borrow::<LuaSite>().ok().map(|site| site.0.clone()));
    site.ok_or_else(|| misuse(format!("bad argument #{position} to 'diff': a Site expected")))
}

fn compare(lua: &Lua, first: &Site, second: &Site, options: Value) -> mlua::Result<LuaDifference> {
    let options = Arguments("diff").options(3, options)?;
    let given = Options::read("diff", options, &["classes", "lazy", "ignored"])?;
    let options = DiffOptions {
        classes: given.texts(lua, "classes")?.unwrap_or_default(),
        lazy: given.flag(lua, "lazy")?,
        ignored: given.texts(lua, "ignored")?.unwrap_or_default(),
    };
    wait(lua, cmgateway::site::diff(first, second, &options)).map(LuaDifference)
}

struct LuaDifference(SiteDifference);

impl UserData for LuaDifference {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SiteDifference");
        fields.add_field_method_get("objects", |lua, this| this.objects(lua));
        fields.add_field_method_get("compared", |_, this| Ok(this.0.compared));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SiteDifference");
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_meta_method("__len", |_, this, ()| Ok(this.0.objects.len()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}

impl LuaDifference {
    fn objects(&self, lua: &Lua) -> mlua::Result<Vec<Table>> {
        let mut objects = Vec::with_capacity(self.0.objects.len());
        for object in &self.0.objects {
            let properties = lua.create_table()?;
            match object {
                ObjectDifference::Added(_, instance) | ObjectDifference::Removed(_, instance) => {
                    for property in instance.properties().iter().filter(|property| !property.is_left_out()) {
                        properties
                            .raw_set(property.name.as_str(), to_lua_or_null(lua, &property.value, None)?)?;
                    }
                }
                ObjectDifference::Changed(_, changes) => {
                    for change in changes {
                        let pair = lua.create_table()?;
                        pair.raw_set("before", to_lua_or_null(lua, &change.before, None)?)?;
                        pair.raw_set("after", to_lua_or_null(lua, &change.after, None)?)?;
                        properties.raw_set(change.name.as_str(), pair)?;
                    }
                }
            }
            let entry = lua.create_table()?;
            entry.raw_set("difference", object.word())?;
            entry.raw_set("path", object.path())?;
            entry.raw_set("properties", properties)?;
            objects.push(entry);
        }
        Ok(objects)
    }
}
