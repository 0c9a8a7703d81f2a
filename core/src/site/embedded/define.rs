//! Adding classes to a site file, and changing them.

use rusqlite::Connection;

use super::catalog::{self, Catalog, table};
use super::collation::COLLATION;
use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::PROPERTIES_PER_CLASS_MAX;
use crate::wmi::{CimType, Class, Identifier, PropertyDefinition, mof};

/// Adds a class, whole or as it stands after its superclass; the caller has the transaction.
///
/// One of our own that nobody has used may be replaced.
pub(super) fn define(connection: &Connection, catalog: &Catalog, class: &Class) -> Result<()> {
    let operation = format!("define class {}", class.name);
    if let Some(known) = catalog.find(connection, &class.name)? {
        if !may_be_replaced(connection, &known, &operation)? {
            return Err(Error::new(ErrorKind::Conflict, operation, "the site has a class of this name"));
        }
        drop_class(connection, &known, &operation)?;
    }
    let whole = with_inherited(connection, catalog, class.clone())?;
    if whole.keys().next().is_none() && !whole.is_abstract() && !whole.is_singleton() {
        return Err(Error::new(ErrorKind::Config, operation, "no property is a key"));
    }
    add(connection, &whole, false)
}

/// Adds a class or, where the site has it, what the declaration has beyond it; safe to do twice.
pub(super) fn define_or_extend(
    connection: &Connection,
    catalog: &Catalog,
    declared: Class,
    is_replaceable: bool,
) -> Result<()> {
    let operation = format!("define class {}", declared.name);
    let known = catalog.find(connection, &declared.name)?;
    let class = with_inherited(connection, catalog, declared)?;
    let Some(known) = known else { return add(connection, &class, is_replaceable) };
    if may_be_replaced(connection, &known, &operation)? {
        drop_class(connection, &known, &operation)?;
        return add(connection, &class, is_replaceable);
    }
    check(&class, &operation)?;
    let refuse = |cause: String| Err(Error::new(ErrorKind::Conflict, operation.as_str(), cause));
    if known.superclass() != class.superclass() {
        return refuse("the site has it with another superclass".to_owned());
    }
    let mut class = class;
    for property in &known.properties {
        match class.property(property.name.as_str()) {
            // What instances brought along, or an earlier text, stays.
            None => class.properties.push(property.clone()),
            Some(new) if (new.cim_type, new.is_array) != (property.cim_type, property.is_array) => {
                return refuse(format!("the site has its property {} with another type", property.name));
            }
            Some(new) if new.is_key != property.is_key => {
                return refuse(format!("the site has it with another key: {}", property.name));
            }
            Some(_) => {}
        }
    }
    let added: Vec<_> =
        class.properties.iter().filter(|new| known.property(new.name.as_str()).is_none()).cloned().collect();
    if let Some(key) = added.iter().find(|property| property.is_key) {
        return refuse(format!("the site has it without the key {}", key.name));
    }
    // A class derived from it has the new properties too.
    let heirs = catalog::descendants(connection, &class.name)?;
    for heir in heirs.iter().map(|name| catalog.class(connection, name)) {
        let heir = heir?;
        add_columns(
            connection,
            &heir,
            added.iter().filter(|new| heir.property(new.name.as_str()).is_none()),
        )?;
    }
    add_columns(connection, &known, added.iter())?;
    write_definition(connection, &class)
}

/// Adds a property that an instance brought along; the caller has the transaction.
pub(super) fn add_property(
    connection: &Connection,
    class: &Class,
    property: &PropertyDefinition,
) -> Result<()> {
    let operation = format!("add property {} to class {}", property.name, class.name);
    check_name(&property.name, &operation)?;
    if property.name.is_system() {
        let cause = "names that begin with __ belong to WMI";
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    let count = class.properties.len();
    if count >= PROPERTIES_PER_CLASS_MAX {
        let cause = format!("the class has {count} properties, as many as one may have");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    add_columns(connection, class, std::iter::once(property))?;
    let mut class = class.clone();
    class.properties.push(property.clone());
    write_definition(connection, &class)
}

/// True for a class of ours that nobody has used.
fn may_be_replaced(connection: &Connection, class: &Class, operation: &str) -> Result<bool> {
    Ok(catalog::is_replaceable(connection, &class.name)?
        && catalog::descendants(connection, &class.name)?.is_empty()
        && is_empty(connection, class, operation)?)
}

fn with_inherited(connection: &Connection, catalog: &Catalog, class: Class) -> Result<Class> {
    let Some(base) = class.superclass().cloned() else { return Ok(class) };
    let operation = format!("define class {}", class.name);
    let base = catalog.find(connection, &base)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, operation, format!("the site has no class {base} to derive it from"))
    })?;
    // Of a whole class, what it inherits comes from the superclass of this site.
    let mut own = class;
    own.properties.retain(|property| property.is_local);
    own.methods.retain(|method| method.is_local);
    own.derived_from(&base)
}

/// Adds a whole class and its table.
fn add(connection: &Connection, class: &Class, is_replaceable: bool) -> Result<()> {
    let operation = format!("define class {}", class.name);
    check(class, &operation)?;
    let failed = |error| sqlite_error(&operation, error);
    let superclass = class.superclass().map(Identifier::as_str);
    connection
        .execute(
            "INSERT INTO cmgateway_class (name, superclass, definition, is_replaceable) VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![class.name.as_str(), superclass, mof::class_text(class), is_replaceable],
        )
        .map_err(failed)?;
    let columns: Vec<_> = class.properties.iter().map(|property| column_definition(&property.name)).collect();
    // SQLite has no table without a column.
    let columns = if columns.is_empty() { "\"#none\"".to_owned() } else { columns.join(", ") };
    let keys: Vec<_> = class.keys().map(|key| format!("\"{}\"", key.name)).collect();
    let table = table(&class.name);
    let mut sql = format!("CREATE TABLE {table} ({columns});");
    if !keys.is_empty() {
        sql += &format!("CREATE UNIQUE INDEX \"keys_of_{}\" ON {table} ({});", class.name, keys.join(", "));
    }
    connection.execute_batch(&sql).map_err(failed)
}

fn drop_class(connection: &Connection, class: &Class, operation: &str) -> Result<()> {
    connection
        .execute("DELETE FROM cmgateway_class WHERE name = ?1", [class.name.as_str()])
        .and_then(|_| connection.execute_batch(&format!("DROP TABLE {}", table(&class.name))))
        .map_err(|error| sqlite_error(operation, error))
}

fn is_empty(connection: &Connection, class: &Class, operation: &str) -> Result<bool> {
    connection
        .query_row(&format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table(&class.name)), [], |row| row.get(0))
        .map_err(|error| sqlite_error(operation, error))
}

fn add_columns<'p>(
    connection: &Connection,
    class: &Class,
    properties: impl Iterator<Item = &'p PropertyDefinition>,
) -> Result<()> {
    for property in properties {
        let sql =
            format!("ALTER TABLE {} ADD COLUMN {}", table(&class.name), column_definition(&property.name));
        connection
            .execute_batch(&sql)
            .map_err(|error| sqlite_error(&format!("add property {}", property.name), error))?;
    }
    Ok(())
}

/// Writes what the class declares, and lets every process know that something changed: each looks at the version
/// of the schema, which only a change of a table moves.
fn write_definition(connection: &Connection, class: &Class) -> Result<()> {
    let failed = |error| sqlite_error(&format!("define class {}", class.name), error);
    connection
        .prepare_cached("UPDATE cmgateway_class SET definition = ?2, is_replaceable = 0 WHERE name = ?1")
        .and_then(|mut statement| statement.execute([class.name.as_str(), &mof::class_text(class)]))
        .map_err(failed)?;
    connection
        .execute_batch("CREATE TABLE cmgateway_changed (x); DROP TABLE cmgateway_changed;")
        .map_err(failed)
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
