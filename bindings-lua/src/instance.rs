//! An instance of a WMI class; its properties are read and assigned as fields.

use std::cell::RefCell;

use cmgateway::site::Site;
use cmgateway::wmi::wql::{AssociationKind, AssociationQuery};
use cmgateway::wmi::{Identifier, Instance, ObjectPath, Property, Value as WmiValue, instance_xml, mof};
use cmgateway::{Error, ErrorKind};
use mlua::{
    AnyUserData, Function, Lua, LuaString, MultiValue, Table, UserData, UserDataFields, UserDataMethods,
    UserDataRef, Value,
};

use crate::arguments::Arguments;
use crate::association;
use crate::call;
use crate::error::{answer, expected, misuse, raising};
use crate::path::LuaPath;
use crate::runtime::wait;
use crate::value::{from_lua_at, text_from, to_lua, to_lua_or_null};

/// The helpers end in an underscore, as those of WMI's scripting object do; every other name is a property.
const HELPERS: [&str; 14] = [
    "array_",
    "associators_",
    "call_",
    "class_",
    "clone_",
    "delete_",
    "load_",
    "mof_",
    "names_",
    "path_",
    "properties_",
    "put_",
    "references_",
    "xml_",
];

pub(crate) struct LuaInstance {
    inner: RefCell<Instance>,
    /// Arrays and embedded objects that were handed out; what is changed in them is written back with a put.
    live: RefCell<Vec<(Identifier, Value)>>,
    site: Option<Site>,
}

impl LuaInstance {
    pub(crate) fn of(instance: Instance, site: Option<&Site>) -> Self {
        LuaInstance { inner: RefCell::new(instance), live: RefCell::default(), site: site.cloned() }
    }

    pub(crate) fn path(&self) -> Option<ObjectPath> {
        self.inner.borrow().path().cloned()
    }

    pub(crate) fn class_name(&self) -> Identifier {
        self.inner.borrow().class_name().clone()
    }

    pub(crate) fn site(&self) -> mlua::Result<&Site> {
        self.site.as_ref().ok_or_else(|| self.refuse("it was made without a site"))
    }

    /// The path; refused where it has none.
    pub(crate) fn known_path(&self) -> mlua::Result<ObjectPath> {
        self.path()
            .ok_or_else(|| self.refuse("it has no path: it was never put, or the query left out a key"))
    }

    fn refuse(&self, cause: &str) -> mlua::Error {
        expected(Error::new(ErrorKind::Config, format!("use {}", self.class_name()), cause))
    }

    /// The instance as it is now, with what was changed inside of its arrays and embedded objects.
    pub(crate) fn settled(&self, depth: usize) -> mlua::Result<Instance> {
        let live = self.live.borrow().clone();
        for (name, value) in live {
            let value = from_lua_at(value, depth + 1)?;
            let mut instance = self.inner.borrow_mut();
            let known = instance.get(name.as_str()).unwrap_or(&WmiValue::Null);
            let stays_null = known.is_null() && value == WmiValue::Array(Vec::new());
            if *known != value && !stays_null {
                instance.set(name.as_str(), value).map_err(expected)?;
            }
        }
        Ok(self.inner.borrow().clone())
    }

    fn read(&self, lua: &Lua, name: &str) -> mlua::Result<Option<Value>> {
        if let Some((_, live)) = self.live.borrow().iter().find(|(known, _)| known.is(name)) {
            return Ok(Some(live.clone()));
        }
        let Some(found) = self.inner.borrow().value(name) else { return Ok(None) };
        let value = to_lua(lua, &found, self.site.as_ref())?;
        let is_live = matches!(found, WmiValue::Array(_) | WmiValue::Object(_)) && !name.starts_with("__");
        if let (true, Ok(name)) = (is_live, Identifier::new(name)) {
            self.live.borrow_mut().push((name, value.clone()));
        }
        Ok(Some(value))
    }

    fn assign(&self, name: &LuaString, value: Value) -> mlua::Result<bool> {
        let name = text_from(name)?;
        if HELPERS.contains(&name.as_str()) {
            return Err(misuse(format!("{name} cannot be assigned")));
        }
        if value.is_nil() {
            return Err(misuse(format!("cannot assign nil to {name}; write cmgateway.null for null")));
        }
        self.inner.borrow_mut().set(&name, from_lua_at(value, 0)?).map_err(expected)?;
        self.live.borrow_mut().retain(|(known, _)| !known.is(&name));
        Ok(true)
    }

    pub(crate) fn put(&self, lua: &Lua, site: &Site, mode: &Value) -> mlua::Result<LuaPath> {
        let mode = Arguments("put").optional_text(2, mode)?;
        let mode = mode.map_or_else(|| Ok(Default::default()), |word| word.parse()).map_err(expected)?;
        let mut written = self.settled(0)?;
        let path = wait(lua, site.put(&mut written, mode))?;
        self.inner.borrow_mut().mark_written(path.clone(), &written);
        Ok(LuaPath(path))
    }

    fn load(&self, lua: &Lua) -> mlua::Result<bool> {
        let mut loaded = self.settled(0)?;
        wait(lua, self.site()?.load(&mut loaded))?;
        *self.inner.borrow_mut() = loaded;
        self.live.borrow_mut().clear();
        Ok(true)
    }

    fn array(&self, lua: &Lua, name: &Value) -> mlua::Result<Value> {
        let name = Arguments("array_").text(1, name)?;
        if self.inner.borrow().property(&name).is_some_and(Property::is_left_out) {
            return Err(self.refuse("the query left the property out, as it is lazy; call load_() first"));
        }
        match self.read(lua, &name)? {
            Some(list @ Value::Table(_)) => Ok(list),
            None | Some(Value::Nil) => {
                let list = Value::Table(lua.create_table()?);
                self.live.borrow_mut().push((Identifier::new(&name).map_err(expected)?, list.clone()));
                Ok(list)
            }
            Some(_) => Err(self.refuse("the property is no array")),
        }
    }

    fn properties(&self, lua: &Lua) -> mlua::Result<Table> {
        let table = lua.create_table()?;
        for property in self.settled(0)?.properties() {
            table
                .raw_set(property.name.as_str(), to_lua_or_null(lua, &property.value, self.site.as_ref())?)?;
        }
        Ok(table)
    }
}

impl UserData for LuaInstance {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Instance");
        fields.add_field_method_get("class_", |lua, this| lua.create_string(this.class_name().as_str()));
        fields.add_field_method_get("path_", |_, this| Ok(this.path().map(LuaPath)));
        fields.add_field_method_get("properties_", |lua, this| this.properties(lua));
        fields.add_field_method_get("names_", |lua, this| {
            let instance = this.inner.borrow();
            lua.create_sequence_from(instance.properties().iter().map(|property| property.name.as_str()))
        });
        // Assigning cannot return `nil, err`, so it raises `err`; whole, because a Lua function does it.
        fields.add_meta_field_with("__newindex", |lua| raising(lua, assignment(lua)?));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("put_", |lua, this, mode: Value| {
            answer(this.site().and_then(|site| this.put(lua, site, &mode)))
        });
        methods.add_method("load_", |lua, this, ()| answer(this.load(lua)));
        methods.add_method("delete_", |lua, this, ()| {
            let path = this.known_path();
            answer(path.and_then(|path| wait(lua, this.site()?.delete(&path))).map(|()| true))
        });
        for (name, kind) in
            [("associators_", AssociationKind::Associators), ("references_", AssociationKind::References)]
        {
            methods.add_method(name, move |lua, this, conditions: Value| {
                let conditions = Arguments(name).options(1, conditions)?;
                answer(this.known_path().and_then(|path| {
                    association::run(lua, name, this.site()?, AssociationQuery::of(kind, path), conditions)
                }))
            });
        }
        methods.add_method("clone_", |_, this, ()| {
            answer(this.settled(0).map(|copy| LuaInstance::of(copy, this.site.as_ref())))
        });
        methods.add_method("mof_", |_, this, ()| answer(this.settled(0).map(|it| mof::instance_text(&it))));
        methods.add_method("xml_", |_, this, ()| {
            answer(this.settled(0).and_then(|it| instance_xml(&it).map_err(expected)))
        });
        methods.add_method("array_", |lua, this, name: Value| answer(this.array(lua, &name)));
        methods.add_method("call_", |lua, this, (method, given): (Value, MultiValue)| {
            let method = Arguments("call_").text(1, &method)?;
            answer(call::on_instance(lua, this, &method, given))
        });
        methods.add_meta_method("__index", |lua, this, name: LuaString| {
            let Ok(name) = text_from(&name) else { return Ok(Value::Nil) };
            match this.read(lua, &name)? {
                Some(value) => Ok(value),
                None => call::bound(lua, this, &name),
            }
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(match this.path() {
                Some(path) => format!("<{path}>"),
                None => format!("<{}>", this.class_name()),
            })
        });
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            let Ok(other) = other.borrow::<LuaInstance>() else { return Ok(false) };
            Ok(this.settled(0)? == other.settled(0)?)
        });
    }
}

fn assignment(lua: &Lua) -> mlua::Result<Function> {
    type Assigned = (UserDataRef<LuaInstance>, LuaString, Value);
    lua.create_function(|_, (this, name, value): Assigned| answer(this.assign(&name, value)))
}

/// A new instance with these properties.
pub(crate) fn new(
    function: &'static str,
    (class, properties): (Value, Value),
    make: impl FnOnce(&str) -> mlua::Result<LuaInstance>,
) -> mlua::Result<LuaInstance> {
    let class = Arguments(function).text(1, &class)?;
    let properties =
        Arguments(function).optional_table(2, "properties go in a table, { name = value, … }", properties)?;
    let instance = make(&class)?;
    for (name, value) in properties.map_or(Ok(Vec::new()), |table| crate::parameters::named_values(&table))? {
        instance.inner.borrow_mut().set(&name, value).map_err(expected)?;
    }
    Ok(instance)
}
