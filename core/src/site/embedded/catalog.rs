//! The classes of a site file and the tables their instances lie in.
//!
//! A class lies in the file as the MOF text of what it declares itself; what it inherits is read from its
//! superclass. Every class has a table of its own with a column for each of its properties, inherited ones too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::wmi::mof::{self, Declaration};
use crate::wmi::{Class, Identifier, WbemError};

/// `WBEM_E_INVALID_CLASS`
const INVALID_CLASS: u32 = 0x8004_1010;

/// The class definitions read so far; dropped whole when any process has changed the schema.
#[derive(Default)]
pub(super) struct Catalog {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    schema_version: i64,
    classes: HashMap<Identifier, Arc<Class>>,
    families: HashMap<Identifier, Family>,
}

/// A class and all classes derived from it, itself first; without the abstract ones, unless it is alone.
pub(super) type Family = Arc<[Arc<Class>]>;

impl Catalog {
    /// The definition of a class; call it inside a transaction, so that it fits what is read next.
    pub(super) fn class(&self, connection: &Connection, name: &Identifier) -> Result<Arc<Class>> {
        let version = schema_version(connection, name)?;
        if let Some(class) = self.known(version, |known| known.classes.get(name).cloned()) {
            return Ok(class);
        }
        let class = self.find(connection, name)?.ok_or_else(|| {
            let cause = "the site has no such class; define it first, with its keys";
            Error::new(ErrorKind::NotFound, format!("read class {name}"), cause)
                .with_context("class", name.as_str())
                .with_source(WbemError::from_code(INVALID_CLASS))
        })?;
        self.known(version, |known| known.classes.insert(name.clone(), Arc::clone(&class)));
        Ok(class)
    }

    /// The definition of a class, read anew; None where the site does not have it.
    pub(super) fn find(&self, connection: &Connection, name: &Identifier) -> Result<Option<Arc<Class>>> {
        let Some(declared) = declared(connection, name)? else { return Ok(None) };
        let class = match declared.superclass().cloned() {
            Some(base) => declared.derived_from(&*self.class(connection, &base)?)?,
            None => declared,
        };
        Ok(Some(Arc::new(class)))
    }

    /// A class with all that are derived from it.
    pub(super) fn family(&self, connection: &Connection, name: &Identifier) -> Result<Family> {
        let version = schema_version(connection, name)?;
        if let Some(family) = self.known(version, |known| known.families.get(name).cloned()) {
            return Ok(family);
        }
        let names = descendants(connection, name)?;
        let mut family = Vec::with_capacity(names.len() + 1);
        for member in std::iter::once(name).chain(&names) {
            let class = self.class(connection, member)?;
            if names.is_empty() || !class.is_abstract() {
                family.push(class);
            }
        }
        if family.is_empty() {
            family.push(self.class(connection, name)?);
        }
        let family: Family = family.into();
        self.known(version, |known| known.families.insert(name.clone(), Arc::clone(&family)));
        Ok(family)
    }

    fn known<T>(&self, version: i64, with: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.schema_version != version {
            *known = Known { schema_version: version, ..Known::default() };
        }
        with(&mut known)
    }
}

fn schema_version(connection: &Connection, name: &Identifier) -> Result<i64> {
    connection
        .prepare_cached("PRAGMA schema_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(|error| sqlite_error(&format!("read class {name}"), error))
}

/// The names of all classes, in order.
pub(super) fn class_names(connection: &Connection) -> Result<Vec<Identifier>> {
    names(connection, "SELECT name FROM cmgateway_class ORDER BY name", &[])
}

/// The names of all classes derived from one.
pub(super) fn descendants(connection: &Connection, name: &Identifier) -> Result<Vec<Identifier>> {
    let sql = "WITH RECURSIVE derived(name) AS (
            SELECT name FROM cmgateway_class WHERE superclass = ?1
            UNION SELECT c.name FROM cmgateway_class AS c JOIN derived ON c.superclass = derived.name
        ) SELECT name FROM derived ORDER BY name";
    names(connection, sql, &[name.as_str()])
}

fn names(connection: &Connection, sql: &str, parameters: &[&str]) -> Result<Vec<Identifier>> {
    let failed = |error| sqlite_error("list classes", error);
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let parameters = rusqlite::params_from_iter(parameters);
    let names = statement.query_map(parameters, |row| row.get::<_, String>(0)).map_err(failed)?;
    names.map(|name| Identifier::new(&name.map_err(failed)?)).collect()
}

/// What a class declares itself.
fn declared(connection: &Connection, name: &Identifier) -> Result<Option<Class>> {
    let operation = format!("read class {name}");
    let text = connection
        .prepare_cached("SELECT definition FROM cmgateway_class WHERE name = ?1")
        .and_then(|mut statement| {
            statement.query_row([name.as_str()], |row| row.get::<_, String>(0)).optional()
        })
        .map_err(|error| sqlite_error(&operation, error))?;
    let Some(text) = text else { return Ok(None) };
    let damaged = |cause: &str| {
        Error::new(ErrorKind::Protocol, operation.as_str(), format!("the site file is damaged: {cause}"))
    };
    let declarations = mof::parse(&text).map_err(|error| damaged(error.cause()))?;
    match declarations.into_iter().next() {
        Some(Declaration::Class(declared)) => Ok(Some(declared.class)),
        _ => Err(damaged("the definition is no class")),
    }
}

/// True for a class of ours that the user may define anew.
pub(super) fn is_replaceable(connection: &Connection, name: &Identifier) -> Result<bool> {
    connection
        .prepare_cached("SELECT is_replaceable FROM cmgateway_class WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name.as_str()], |row| row.get(0)).optional())
        .map(|found| found.unwrap_or(false))
        .map_err(|error| sqlite_error(&format!("read class {name}"), error))
}

/// The table that holds the instances of a class. Identifiers need no quoting, the prefix keeps them apart from
/// SQLite's own names.
pub(super) fn table(class: &Identifier) -> String {
    format!("\"instances_{class}\"")
}
