//! The classes of a site file and the tables their instances lie in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::collation::COLLATION;
use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::PROPERTIES_PER_CLASS_MAX;
use crate::wmi::{CimType, Class, Identifier, PropertyDefinition};

/// The class definitions read so far; dropped whole when any process has changed the schema.
#[derive(Default)]
pub(super) struct Catalog {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    schema_version: i64,
    classes: HashMap<Identifier, Arc<Class>>,
}

impl Catalog {
    /// The definition of a class; call it inside a transaction, so that it fits what is read next.
    pub(super) fn class(&self, connection: &Connection, name: &Identifier) -> Result<Arc<Class>> {
        let operation = format!("read class {name}");
        let failed = |error| sqlite_error(&operation, error);
        let version: i64 = connection
            .prepare_cached("PRAGMA schema_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(failed)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.schema_version != version {
            *known = Known { schema_version: version, classes: HashMap::new() };
        }
        if let Some(class) = known.classes.get(name) {
            return Ok(Arc::clone(class));
        }
        let class = read_class(connection, name, &operation)?.ok_or_else(|| {
            let cause = "the site has no such class; define it first, with its keys";
            Error::new(ErrorKind::NotFound, operation.clone(), cause).with_context("class", name.as_str())
        })?;
        let class = Arc::new(class);
        known.classes.insert(name.clone(), Arc::clone(&class));
        Ok(class)
    }
}

/// The names of all classes, in order.
pub(super) fn class_names(connection: &Connection) -> Result<Vec<Identifier>> {
    let failed = |error| sqlite_error("list classes", error);
    let mut statement =
        connection.prepare_cached("SELECT name FROM cmgateway_class ORDER BY name").map_err(failed)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    names.map(|name| Identifier::new(&name.map_err(failed)?)).collect()
}

fn read_class(connection: &Connection, name: &Identifier, operation: &str) -> Result<Option<Class>> {
    let failed = |error| sqlite_error(operation, error);
    let found = connection
        .prepare_cached("SELECT class_id, name FROM cmgateway_class WHERE name = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([name.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                .optional()
        })
        .map_err(failed)?;
    let Some((class_id, spelled)) = found else { return Ok(None) };
    let mut statement = connection
        .prepare_cached(
            "SELECT name, cim_type, is_array, is_key FROM cmgateway_property
             WHERE class_id = ?1 ORDER BY position",
        )
        .map_err(failed)?;
    let mut rows = statement.query([class_id]).map_err(failed)?;
    let mut properties = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let column = |at| row.get::<_, String>(at).map_err(failed);
        let flag = |at| row.get::<_, bool>(at).map_err(failed);
        let type_name = column(1)?;
        let cim_type = CimType::from_name(&type_name).ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                operation,
                format!("the site file holds the unknown type {type_name:?}"),
            )
        })?;
        properties.push(PropertyDefinition {
            name: Identifier::new(&column(0)?)?,
            cim_type,
            is_array: flag(2)?,
            is_key: flag(3)?,
        });
    }
    Ok(Some(Class { name: Identifier::new(&spelled)?, properties }))
}

/// The table that holds the instances of a class. Identifiers need no quoting, the prefix keeps them apart from
/// SQLite's own names.
pub(super) fn table(class: &Identifier) -> String {
    format!("\"instances_{class}\"")
}

/// Adds a class and its table; the caller has the transaction.
pub(super) fn define(connection: &Connection, class: &Class) -> Result<()> {
    let operation = format!("define class {}", class.name);
    check(class, &operation)?;
    let failed = |error| sqlite_error(&operation, error);
    if read_class(connection, &class.name, &operation)?.is_some() {
        return Err(Error::new(ErrorKind::Conflict, operation, "the site has a class of this name"));
    }
    connection
        .execute("INSERT INTO cmgateway_class (name) VALUES (?1)", [class.name.as_str()])
        .map_err(failed)?;
    let columns: Vec<_> = class.properties.iter().map(|property| column_definition(&property.name)).collect();
    let keys: Vec<_> = class.keys().map(|key| format!("\"{}\"", key.name)).collect();
    let table = table(&class.name);
    connection
        .execute_batch(&format!(
            "CREATE TABLE {table} ({}); CREATE UNIQUE INDEX \"keys_of_{}\" ON {table} ({});",
            columns.join(", "),
            class.name,
            keys.join(", ")
        ))
        .map_err(failed)?;
    for (position, property) in class.properties.iter().enumerate() {
        insert_property(connection, &class.name, position, property).map_err(failed)?;
    }
    Ok(())
}

/// Adds a property that an instance brought along; the caller has the transaction.
pub(super) fn add_property(
    connection: &Connection,
    class: &Class,
    property: &PropertyDefinition,
) -> Result<()> {
    let operation = format!("add property {} to class {}", property.name, class.name);
    check_name(&property.name, &operation)?;
    let position = class.properties.len();
    if position >= PROPERTIES_PER_CLASS_MAX {
        let cause = format!("the class has {position} properties, as many as one may have");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    let sql = format!("ALTER TABLE {} ADD COLUMN {}", table(&class.name), column_definition(&property.name));
    connection
        .execute_batch(&sql)
        .and_then(|()| insert_property(connection, &class.name, position, property))
        .map_err(|error| sqlite_error(&operation, error))
}

fn insert_property(
    connection: &Connection,
    class: &Identifier,
    position: usize,
    property: &PropertyDefinition,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cmgateway_property (class_id, position, name, cim_type, is_array, is_key)
             SELECT class_id, ?2, ?3, ?4, ?5, ?6 FROM cmgateway_class WHERE name = ?1",
        )?
        .execute(rusqlite::params![
            class.as_str(),
            position as i64,
            property.name.as_str(),
            property.cim_type.name(),
            property.is_array,
            property.is_key
        ])
        .map(drop)
}

// No type: a column keeps each value as it is bound. The collation is WMI's comparison without case.
fn column_definition(name: &Identifier) -> String {
    format!("\"{name}\" COLLATE {COLLATION}")
}

fn check(class: &Class, operation: &str) -> Result<()> {
    let refuse = |cause: String| Err(Error::new(ErrorKind::Config, operation, cause));
    if class.name.is_system() {
        return refuse("names that begin with __ belong to WMI".to_owned());
    }
    if class.properties.len() > PROPERTIES_PER_CLASS_MAX {
        return refuse(format!("it has more than {PROPERTIES_PER_CLASS_MAX} properties"));
    }
    if class.keys().next().is_none() {
        return refuse("no property is a key".to_owned());
    }
    for (at, property) in class.properties.iter().enumerate() {
        check_name(&property.name, operation)?;
        if property.name.is_system() {
            return refuse(format!("property {}: names that begin with __ belong to WMI", property.name));
        }
        if class.properties.iter().take(at).any(|earlier| earlier.name == property.name) {
            return refuse(format!("property {} is there twice", property.name));
        }
        let is_value = !property.is_array && property.cim_type != CimType::Object;
        if property.is_key && !is_value {
            return refuse(format!("property {}: an array or an object cannot be a key", property.name));
        }
    }
    Ok(())
}

/// SQLite keeps these names for the number of a row.
fn check_name(name: &Identifier, operation: &str) -> Result<()> {
    if ["rowid", "oid", "_rowid_"].iter().any(|kept| name.is(kept)) {
        let cause = format!("a property of an embedded site cannot be called {name}");
        return Err(
            Error::new(ErrorKind::Unsupported, operation, cause).with_context("property", name.as_str())
        );
    }
    Ok(())
}
