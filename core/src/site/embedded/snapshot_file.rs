//! The site file that a snapshot is written to: what is done is noted in it, so that a broken one is recognised and
//! taken up again.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::catalog::{Catalog, table};
use super::connections::blocking;
use super::sqlite_error::sqlite_error;
use super::{EmbeddedSite, builtin, define, file, write};
use crate::error::{Error, ErrorKind, Result};
use crate::site::SiteCode;
use crate::site::transport::PutMode;
use crate::wmi::{Class, Identifier, Instance};

const TABLES: &str = "
CREATE TABLE cmgateway_snapshot (source TEXT NOT NULL, lazy INTEGER NOT NULL, is_done INTEGER NOT NULL) STRICT;
CREATE TABLE cmgateway_snapshot_class (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    instances INTEGER NOT NULL
) STRICT;
";

const OPERATION: &str = "write snapshot";

/// Refuses a site file that a snapshot has begun and not finished.
pub(super) fn refuse_unfinished(connection: &Connection, operation: &str) -> Result<()> {
    match state(connection)? {
        Some((source, _, false)) => {
            let cause = format!("it is a snapshot of {source} that was not finished; make it again to go on");
            Err(Error::new(ErrorKind::Conflict, operation, cause))
        }
        _ => Ok(()),
    }
}

/// The source, whether lazy properties are in it, and whether it is whole; None where the file is no snapshot.
fn state(connection: &Connection) -> Result<Option<(String, bool, bool)>> {
    let failed = |error| sqlite_error(OPERATION, error);
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'cmgateway_snapshot')";
    if !connection.query_row(exists, [], |row| row.get::<_, bool>(0)).map_err(failed)? {
        return Ok(None);
    }
    connection
        .query_row("SELECT source, lazy, is_done FROM cmgateway_snapshot", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(failed)
}

/// A snapshot that is being written.
pub(in crate::site) struct SnapshotFile {
    site: EmbeddedSite,
}

impl SnapshotFile {
    /// Makes the file, or takes up one that was begun for the same source.
    pub(in crate::site) async fn open(path: &Path, source: &str, lazy: bool) -> Result<Self> {
        let (path, source) = (path.to_owned(), source.to_owned());
        blocking(OPERATION, move || {
            let refuse = |cause: String| {
                Err(Error::new(ErrorKind::Conflict, format!("write snapshot {}", path.display()), cause))
            };
            let connection = match path.exists() {
                false => {
                    let connection = file::create(&path)?;
                    let begun = connection.execute_batch(TABLES).and_then(|()| {
                        let sql = "INSERT INTO cmgateway_snapshot VALUES (?1, ?2, 0)";
                        connection.execute(sql, params![source, lazy])
                    });
                    if let Err(error) = begun {
                        drop(connection);
                        file::remove(&path);
                        return Err(sqlite_error(OPERATION, error));
                    }
                    connection
                }
                true => file::open_unfinished(&path)?,
            };
            match state(&connection)? {
                Some((known, was_lazy, false)) if known == source && was_lazy == lazy => {}
                Some((known, _, false)) if known != source => {
                    return refuse(format!("the file is a snapshot of {known} that was not finished"));
                }
                Some((_, _, false)) => return refuse("it was begun with another choice of lazy".to_owned()),
                _ => return refuse("the file exists already".to_owned()),
            }
            Ok(SnapshotFile { site: EmbeddedSite::over(&path, connection) })
        })
        .await
    }

    /// How many instances a class got that is done; None where it is not.
    pub(in crate::site) async fn done(&self, class: &Identifier) -> Result<Option<u64>> {
        let class = class.clone();
        self.site
            .read(OPERATION.to_owned(), move |connection, _| {
                let sql = "SELECT instances FROM cmgateway_snapshot_class WHERE name = ?1";
                let found =
                    connection.query_row(sql, [class.as_str()], |row| row.get::<_, i64>(0)).optional();
                found
                    .map(|count| count.map(i64::unsigned_abs))
                    .map_err(|error| sqlite_error(OPERATION, error))
            })
            .await
    }

    /// True where the file has the class.
    pub(in crate::site) async fn has(&self, class: &Identifier) -> Result<bool> {
        let class = class.clone();
        let known = move |connection: &mut Connection, catalog: &Catalog| {
            catalog.find(connection, &class).map(|class| class.is_some())
        };
        self.site.read(OPERATION.to_owned(), known).await
    }

    /// Adds a class; what it is derived from is there already.
    pub(in crate::site) async fn define(&self, class: Class) -> Result<()> {
        self.change(move |transaction, catalog| define::define_or_extend(transaction, catalog, class, false))
            .await
    }

    /// Takes out what an earlier attempt left of a class.
    pub(in crate::site) async fn clear(&self, class: &Identifier) -> Result<()> {
        let sql = format!("DELETE FROM {}", table(class));
        self.change(move |transaction, _| {
            transaction.execute(&sql, []).map(drop).map_err(|error| sqlite_error(OPERATION, error))
        })
        .await
    }

    /// Writes some instances, all or none.
    pub(in crate::site) async fn put(&self, instances: Vec<Instance>) -> Result<()> {
        self.change(move |transaction, catalog| {
            for instance in &instances {
                write::put_in(transaction, catalog, instance, PutMode::CreateOrUpdate)?;
            }
            Ok(())
        })
        .await
    }

    /// Notes that a class is whole.
    pub(in crate::site) async fn finish_class(&self, class: &Identifier, instances: u64) -> Result<()> {
        let class = class.clone();
        self.change(move |transaction, _| {
            let sql = "INSERT OR REPLACE INTO cmgateway_snapshot_class VALUES (?1, ?2)";
            let count = i64::try_from(instances).unwrap_or(i64::MAX);
            let done = transaction.execute(sql, params![class.as_str(), count]);
            done.map(drop).map_err(|error| sqlite_error(OPERATION, error))
        })
        .await
    }

    /// Notes that the snapshot is whole, and sees to it that the file knows which site it is.
    pub(in crate::site) async fn finish(self, code: SiteCode) -> Result<EmbeddedSite> {
        self.change(move |transaction, catalog| {
            builtin::say_which_site(transaction, catalog, &code)?;
            let done = transaction.execute("UPDATE cmgateway_snapshot SET is_done = 1", []);
            done.map(drop).map_err(|error| sqlite_error(OPERATION, error))
        })
        .await?;
        Ok(self.site)
    }

    async fn change(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>, &Catalog) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.site
            .write(OPERATION.to_owned(), move |connection, catalog| {
                let failed = |error| sqlite_error(OPERATION, error);
                let behavior = TransactionBehavior::Immediate;
                let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
                work(&transaction, catalog)?;
                transaction.commit().map_err(failed)
            })
            .await
    }
}

impl std::fmt::Debug for SnapshotFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotFile").field("site", &self.site).finish()
    }
}
