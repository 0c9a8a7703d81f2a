//! Site files of earlier versions.

use rusqlite::Connection;

use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Class, Identifier, PropertyDefinition, mof};

/// Format 1 had a row for each property, and classes without inheritance, qualifiers and methods.
pub(super) fn from_format_1(connection: &Connection) -> Result<()> {
    let failed = |error| sqlite_error("bring the site file to this version", error);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let done = convert(connection);
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(failed)?;
    done
}

fn convert(connection: &Connection) -> Result<()> {
    let failed = |error| sqlite_error("bring the site file to this version", error);
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    if version != 1 {
        // Another process was faster.
        return Ok(());
    }
    connection
        .execute_batch(
            "ALTER TABLE cmgateway_class ADD COLUMN superclass TEXT COLLATE NOCASE;
             ALTER TABLE cmgateway_class ADD COLUMN definition TEXT NOT NULL DEFAULT '';
             ALTER TABLE cmgateway_class ADD COLUMN is_replaceable INTEGER NOT NULL DEFAULT 0;
             CREATE INDEX cmgateway_class_by_superclass ON cmgateway_class (superclass);",
        )
        .map_err(failed)?;
    let mut names = connection.prepare("SELECT class_id, name FROM cmgateway_class").map_err(failed)?;
    let names = names.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
    let names: Vec<_> = names.map_err(failed)?.collect::<rusqlite::Result<_>>().map_err(failed)?;
    for (class_id, name) in names {
        let class = Class::new(Identifier::new(&name)?, properties(connection, class_id)?);
        let text = mof::class_text(&class);
        connection
            .execute(
                "UPDATE cmgateway_class SET definition = ?2 WHERE class_id = ?1",
                rusqlite::params![class_id, text],
            )
            .map_err(failed)?;
    }
    connection.execute_batch("DROP TABLE cmgateway_property; PRAGMA user_version = 2;").map_err(failed)
}

fn properties(connection: &Connection, class_id: i64) -> Result<Vec<PropertyDefinition>> {
    let operation = "bring the site file to this version";
    let failed = |error| sqlite_error(operation, error);
    let mut rows = connection
        .prepare_cached(
            "SELECT name, cim_type, is_array, is_key FROM cmgateway_property
             WHERE class_id = ?1 ORDER BY position",
        )
        .map_err(failed)?;
    let mut rows = rows.query([class_id]).map_err(failed)?;
    let mut properties = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let text = |at| row.get::<_, String>(at).map_err(failed);
        let flag = |at| row.get::<_, bool>(at).map_err(failed);
        let cim_type = CimType::from_name(&text(1)?).ok_or_else(|| {
            Error::new(ErrorKind::Protocol, operation, "the site file holds an unknown type")
        })?;
        properties.push(PropertyDefinition::new(Identifier::new(&text(0)?)?, cim_type, flag(2)?, flag(3)?));
    }
    Ok(properties)
}
