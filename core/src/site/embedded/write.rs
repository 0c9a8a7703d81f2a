//! Writing instances: put and delete, each in one transaction.

use std::sync::Arc;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};

use super::catalog::{Catalog, table};
use super::column;
use super::compile::{Part, Shape, Statement};
use super::define;
use super::read::for_each_row;
use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use crate::site::transport::{PutMode, unchanged};
use crate::wmi::{CimType, Class, Instance, KeyValue, ObjectPath, PropertyDefinition, Value, WbemError};

/// `WBEM_E_NOT_FOUND`
const NOT_FOUND: u32 = 0x8004_1002;
/// `WBEM_E_TYPE_MISMATCH`
const TYPE_MISMATCH: u32 = 0x8004_1005;
/// `WBEM_E_NOT_SUPPORTED`
const NOT_SUPPORTED: u32 = 0x8004_100C;
/// `WBEM_E_ALREADY_EXISTS`
const ALREADY_EXISTS: u32 = 0x8004_1019;
/// `WBEM_E_ILLEGAL_NULL`
const ILLEGAL_NULL: u32 = 0x8004_1028;

/// Writes an instance and returns its path. Where an instance with its key exists, only modified properties are
/// written, so that a property that was never read is never wiped.
pub(super) fn put(
    connection: &mut Connection,
    catalog: &Catalog,
    instance: &Instance,
    mode: PutMode,
) -> Result<ObjectPath> {
    let operation = format!("put instance of class {}", instance.class_name());
    let failed = |error| sqlite_error(&operation, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let path = put_in(&transaction, catalog, instance, mode)?;
    transaction.commit().map_err(failed)?;
    Ok(path)
}

/// [`put`] within the caller's transaction.
pub(super) fn put_in(
    transaction: &Transaction<'_>,
    catalog: &Catalog,
    instance: &Instance,
    mode: PutMode,
) -> Result<ObjectPath> {
    let operation = format!("put instance of class {}", instance.class_name());
    let mut class = catalog.class(transaction, instance.class_name())?;
    refuse_without_instances(&class, &operation)?;
    for definition in new_properties(&class, instance) {
        define::add_property(transaction, &class, &definition)?;
        class = catalog.class(transaction, instance.class_name())?;
    }
    let mut keyed = coerced(transaction, catalog, &class, instance, &operation)?;
    fill_keys_from_path(&class, instance, &mut keyed)?;
    generate_key(transaction, &class, &mut keyed, &operation)?;
    let path = class.path_of(&keyed).ok_or_else(|| missing_key(&class, &keyed, &operation))?;
    match (exists(transaction, &class, &path, &operation)?, mode) {
        (true, PutMode::CreateOnly) => {
            Err(Error::new(ErrorKind::Conflict, operation, format!("{path} exists already"))
                .with_source(WbemError::from_code(ALREADY_EXISTS)))
        }
        (false, PutMode::UpdateOnly | PutMode::UpdateUnchanged) => {
            Err(Error::new(ErrorKind::NotFound, operation, format!("{path} does not exist"))
                .with_source(WbemError::from_code(NOT_FOUND)))
        }
        (true, PutMode::UpdateUnchanged) => {
            let stored = read_one(transaction, &class, &path, &operation)?;
            unchanged(instance, &stored, &operation)?;
            update(transaction, &class, &keyed, &path, &operation).map(|()| path)
        }
        (true, _) => update(transaction, &class, &keyed, &path, &operation).map(|()| path),
        (false, _) => insert(transaction, &class, &keyed, &operation).map(|()| path),
    }
}

/// Reads one instance by its path, which may name a class that its own is derived from.
pub(super) fn get(connection: &mut Connection, catalog: &Catalog, path: &ObjectPath) -> Result<Instance> {
    let operation = format!("get {path}");
    let transaction = connection.transaction().map_err(|error| sqlite_error(&operation, error))?;
    let mut missing = None;
    for class in catalog.family(&transaction, &path.class)?.iter() {
        match read_one(&transaction, class, path, &operation) {
            Err(error) if error.kind() == ErrorKind::NotFound => missing = Some(error),
            read => return read,
        }
    }
    Err(missing.unwrap_or_else(|| no_instance(&operation)))
}

fn no_instance(operation: &str) -> Error {
    Error::new(ErrorKind::NotFound, operation, "there is no such instance")
        .with_source(WbemError::from_code(NOT_FOUND))
}

/// Refuses an instance of a class whose objects live only inside others, or only in derived classes.
fn refuse_without_instances(class: &Class, operation: &str) -> Result<()> {
    let cause = match (class.is_abstract(), class.is_singleton() || class.keys().next().is_some()) {
        (false, true) => return Ok(()),
        (true, _) => "the class is abstract: only classes derived from it have instances",
        (false, false) => "the class has no key: its objects live only inside of others",
    };
    Err(Error::new(ErrorKind::Config, operation, cause).with_source(WbemError::from_code(NOT_SUPPORTED)))
}

fn read_one(
    connection: &Connection,
    class: &Arc<Class>,
    path: &ObjectPath,
    operation: &str,
) -> Result<Instance> {
    let (filter, parameters) = key_filter(class, path, operation)?;
    let names: Vec<_> = class.properties.iter().map(|property| format!("\"{}\"", property.name)).collect();
    let sql = format!("SELECT {} FROM {} WHERE {filter} LIMIT 2", names.join(", "), table(&class.name));
    let statement = Statement { sql, parameters, shape: Shape::Instances(Part::whole(class)) };
    let mut found = Vec::new();
    for_each_row(connection, &statement, operation, |instance| {
        found.push(instance);
        true
    })?;
    match (found.pop(), found.len()) {
        (None, _) => Err(no_instance(operation)),
        (Some(instance), 0) => Ok(instance),
        _ => Err(Error::new(
            ErrorKind::Conflict,
            operation,
            "the path leaves out a key and fits several instances",
        )),
    }
}

/// Deletes one instance by its path; where it was read before, only what still is as it was read.
pub(super) fn delete(
    connection: &mut Connection,
    catalog: &Catalog,
    path: &ObjectPath,
    read: Option<&Instance>,
) -> Result<()> {
    let operation = format!("delete {path}");
    let failed = |error| sqlite_error(&operation, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let class = holder(&transaction, catalog, path, &operation)?;
    let (filter, parameters) = key_filter(&class, path, &operation)?;
    if let Some(read) = read
        && read_one(&transaction, &class, path, &operation)? != *read
    {
        let cause = "the instance was changed since it was read";
        return Err(Error::new(ErrorKind::Conflict, operation, cause));
    }
    let sql = format!("DELETE FROM {} WHERE {filter}", table(&class.name));
    let deleted = transaction
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.execute(params_from_iter(&parameters)))
        .map_err(failed)?;
    match deleted {
        0 => Err(no_instance(&operation)),
        1 => transaction.commit().map_err(failed),
        // The transaction is dropped, so nothing is deleted.
        _ => Err(Error::new(
            ErrorKind::Conflict,
            operation,
            "the path leaves out a key and fits several instances",
        )),
    }
}

/// The class that has the instance of a path: the one it names, or one derived from it.
fn holder(
    connection: &Connection,
    catalog: &Catalog,
    path: &ObjectPath,
    operation: &str,
) -> Result<Arc<Class>> {
    let family = catalog.family(connection, &path.class)?;
    for class in family.iter().filter(|_| family.len() > 1) {
        if exists(connection, class, path, operation)? {
            return Ok(Arc::clone(class));
        }
    }
    family.first().cloned().ok_or_else(|| no_instance(operation))
}

/// Properties the class does not know yet, with the type their value tells.
fn new_properties(class: &Class, instance: &Instance) -> Vec<PropertyDefinition> {
    let unknown =
        instance.properties().iter().filter(|property| class.property(property.name.as_str()).is_none());
    unknown
        .filter_map(|property| {
            let natural = property.value.natural_type();
            let empty_array = matches!(property.value, Value::Array(_)).then_some((CimType::String, true));
            let told = property.cim_type.map(|cim_type| (cim_type, property.is_array));
            let (cim_type, is_array) = match &property.value {
                Value::Null => return None,
                _ => told.or(natural).or(empty_array)?,
            };
            Some(PropertyDefinition::new(property.name.clone(), cim_type, is_array, false))
        })
        .collect()
}

/// The instance with every value as its property's type, embedded objects too.
fn coerced(
    connection: &Connection,
    catalog: &Catalog,
    class: &Class,
    instance: &Instance,
    operation: &str,
) -> Result<Instance> {
    let mut result = instance.clone();
    for property in instance.properties().iter().filter(|property| property.is_modified()) {
        let Some(definition) = class.property(property.name.as_str()) else { continue };
        let value = embedded(connection, catalog, property.value.clone(), operation, 0)?;
        let value = definition
            .coerced(value, operation)
            .map_err(|error| error.with_source(WbemError::from_code(TYPE_MISMATCH)))?;
        result.set(property.name.as_str(), value)?;
    }
    Ok(result)
}

/// A value whose embedded objects have the types of their classes, where the site knows those.
fn embedded(
    connection: &Connection,
    catalog: &Catalog,
    value: Value,
    operation: &str,
    depth: usize,
) -> Result<Value> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        let cause = format!("embedded objects are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    let deeper = |value| embedded(connection, catalog, value, operation, depth + 1);
    Ok(match value {
        Value::Array(items) if items.iter().any(|item| matches!(item, Value::Object(_))) => {
            Value::Array(items.into_iter().map(deeper).collect::<Result<_>>()?)
        }
        Value::Object(mut object) => {
            let class = match catalog.class(connection, object.class_name()) {
                Ok(class) => Some(class),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            for property in object.properties().to_vec() {
                let name = property.name.as_str();
                let definition = class.as_ref().and_then(|class| class.property(name));
                let value = deeper(property.value)?;
                let value = match definition {
                    Some(definition) => definition.coerced(value, operation)?,
                    None => value,
                };
                object.set(name, value)?;
            }
            Value::Object(object)
        }
        plain => plain,
    })
}

fn fill_keys_from_path(class: &Class, instance: &Instance, keyed: &mut Instance) -> Result<()> {
    let Some(path) = instance.path() else { return Ok(()) };
    for key in class.keys() {
        if keyed.get(key.name.as_str()).is_some_and(|value| !value.is_null()) {
            continue;
        }
        if let Some(value) = path_key(class, path, key) {
            let value = value
                .coerced(key.cim_type, false)
                .map_err(|cause| Error::new(ErrorKind::Config, format!("read path {path}"), cause))?;
            keyed.set(key.name.as_str(), value)?;
        }
    }
    Ok(())
}

/// Numbers a new instance whose only key is an integer that was not given, as the provider does.
fn generate_key(connection: &Connection, class: &Class, keyed: &mut Instance, operation: &str) -> Result<()> {
    let mut keys = class.keys();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Ok(()) };
    let given = keyed.get(key.name.as_str()).is_some_and(|value| !value.is_null());
    let Some((_, most)) = key.cim_type.integer_range().filter(|_| !given) else { return Ok(()) };
    let sql = format!("SELECT coalesce(max(\"{}\"), 0) FROM {}", key.name, table(&class.name));
    let highest = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            statement.query_row([], |row| Ok(column::decode(row.get_ref(0)?, key.cim_type, false)))
        })
        .map_err(|error| sqlite_error(operation, error))?;
    let highest = highest.ok().and_then(|value| value.as_integer()).unwrap_or(0);
    if highest >= most {
        let cause = format!("no number is left for the key {}", key.name);
        return Err(Error::new(ErrorKind::Conflict, operation, cause));
    }
    keyed.set(key.name.as_str(), Value::Integer(highest.max(0) + 1))
}

fn missing_key(class: &Class, keyed: &Instance, operation: &str) -> Error {
    let missing: Vec<_> = class
        .keys()
        .filter(|key| keyed.get(key.name.as_str()).is_none_or(Value::is_null))
        .map(|key| key.name.as_str())
        .collect();
    Error::new(ErrorKind::Config, operation, format!("the key {} is not set", missing.join(", ")))
        .with_source(WbemError::from_code(ILLEGAL_NULL))
}

fn exists(connection: &Connection, class: &Class, path: &ObjectPath, operation: &str) -> Result<bool> {
    let (filter, parameters) = key_filter(class, path, operation)?;
    let sql = format!("SELECT 1 FROM {} WHERE {filter}", table(&class.name));
    connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.exists(params_from_iter(&parameters)))
        .map_err(|error| sqlite_error(operation, error))
}

fn update(
    connection: &Connection,
    class: &Class,
    keyed: &Instance,
    path: &ObjectPath,
    operation: &str,
) -> Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for property in keyed.properties().iter().filter(|property| property.is_modified()) {
        let Some(definition) = class.property(property.name.as_str()) else { continue };
        if !definition.is_key {
            values.push(encoded(&property.value, &definition.name, operation)?);
            names.push(format!("\"{}\" = ?{}", definition.name, values.len()));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let (filter, keys) = key_filter_from(class, path, values.len(), operation)?;
    values.extend(keys);
    let sql = format!("UPDATE {} SET {} WHERE {filter}", table(&class.name), names.join(", "));
    execute(connection, &sql, &values, operation)
}

fn insert(connection: &Connection, class: &Class, keyed: &Instance, operation: &str) -> Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for definition in &class.properties {
        if let Some(value) = keyed.get(definition.name.as_str()).filter(|value| !value.is_null()) {
            values.push(encoded(value, &definition.name, operation)?);
            names.push(format!("\"{}\"", definition.name));
        }
    }
    let places: Vec<_> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    let (table, names) = (table(&class.name), names.join(", "));
    execute(
        connection,
        &format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", ")),
        &values,
        operation,
    )
}

fn execute(connection: &Connection, sql: &str, values: &[SqlValue], operation: &str) -> Result<()> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params_from_iter(values)))
        .map(drop)
        .map_err(|error| sqlite_error(operation, error))
}

fn encoded(value: &Value, name: &crate::wmi::Identifier, operation: &str) -> Result<SqlValue> {
    column::encode(value)
        .map_err(|cause| Error::new(ErrorKind::Config, operation, format!("property {name}: {cause}")))
}

fn key_filter(class: &Class, path: &ObjectPath, operation: &str) -> Result<(String, Vec<SqlValue>)> {
    key_filter_from(class, path, 0, operation)
}

/// The condition that finds a path's instance; its parameters are numbered after `before`.
///
/// A path may leave out keys, as published scripts do with `FileType`; it must then fit one instance.
fn key_filter_from(
    class: &Class,
    path: &ObjectPath,
    before: usize,
    operation: &str,
) -> Result<(String, Vec<SqlValue>)> {
    let refuse = |cause: String| Err(Error::new(ErrorKind::Config, operation, cause));
    if path.is_singleton() && class.is_singleton() {
        return Ok(("TRUE".to_owned(), Vec::new()));
    }
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    for key in class.keys() {
        let Some(value) = path_key(class, path, key) else { continue };
        let value = match value.coerced(key.cim_type, false) {
            Ok(value) => encoded(&value, &key.name, operation)?,
            Err(cause) => return refuse(format!("key {}: {cause}", key.name)),
        };
        values.push(value);
        conditions.push(format!("\"{}\" = ?{}", key.name, before + values.len()));
    }
    if conditions.is_empty() {
        return refuse("the path names no key of the class".to_owned());
    }
    if conditions.len() < path.keys.len() {
        return refuse(format!("the path names a key that class {} does not have", class.name));
    }
    Ok((conditions.join(" AND "), values))
}

fn path_key(class: &Class, path: &ObjectPath, key: &PropertyDefinition) -> Option<Value> {
    let only_key = class.keys().count() == 1;
    path.keys.iter().find_map(|(name, value)| {
        let named = name.as_ref().map_or(only_key && path.keys.len() == 1, |name| *name == key.name);
        match value {
            _ if !named => None,
            KeyValue::String(text) => Some(Value::String(text.clone())),
            KeyValue::Integer(number) => Some(Value::Integer(*number)),
            KeyValue::Boolean(flag) => Some(Value::Boolean(*flag)),
            // `@` names the only instance of a class without keys.
            KeyValue::Singleton => None,
        }
    })
}
