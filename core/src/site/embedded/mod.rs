//! A site kept in one SQLite file.
//!
//! It is the default for the quick start, the copy on which a script is rehearsed, and the store of a gateway
//! that runs without Configuration Manager. WQL is compiled to SQL; a put is one transaction; several processes
//! may use one file.

mod builtin;
mod catalog;
mod collation;
mod column;
mod compile;
mod connections;
mod file;
mod read;
mod sqlite_error;
mod write;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Mutex;

use self::catalog::Catalog;
use self::connections::{Connections, blocking};
use crate::error::Result;
use crate::site::SiteCode;
use crate::site::transport::{Answer, PutMode, Rows, Transport};
use crate::wmi::wql::Select;
use crate::wmi::{Class, Identifier, Instance, ObjectPath};

/// A site kept in one SQLite file; clones share it.
///
/// Reached through [`Site::connect`](crate::site::Site::connect) with `sqlite:FILE`, made with
/// [`EmbeddedSite::create`]. Text compares without case in every script, as in WMI. A class must be defined before
/// it can have instances; a property need not: the first instance that brings one adds it, with the type of its
/// value.
#[derive(Clone)]
pub struct EmbeddedSite {
    connections: Arc<Connections>,
    catalog: Arc<Catalog>,
    // Writers of this process queue here, in order, instead of polling the file's lock.
    writing: Arc<Mutex<()>>,
    address: Arc<str>,
}

impl EmbeddedSite {
    /// Makes a new site file with the classes this library works with and the site's own instances.
    ///
    /// The file must not exist; its name may stand behind `sqlite:`, as in an address. It gets `SMS_ProviderLocation` and `SMS_Site` instances for the site code.
    ///
    /// # Errors
    /// `conflict` where the file exists; `not_found`, `auth` or `unavailable` where it cannot be made.
    pub async fn create(file: impl AsRef<Path>, code: &SiteCode) -> Result<Self> {
        let (path, code) = (without_scheme(file.as_ref()).to_owned(), code.clone());
        let operation = format!("create site {}", path.display());
        blocking(&operation, move || {
            let mut connection = file::create(&path)?;
            let catalog = Catalog::default();
            if let Err(error) = builtin::fill(&mut connection, &catalog, &code) {
                drop(connection);
                file::remove(&path);
                return Err(error);
            }
            Ok(Self::over(&path, connection))
        })
        .await
    }

    /// Opens a site file that exists.
    ///
    /// # Errors
    /// `not_found` where there is none; `config` where the file is no site; `unsupported` where a newer version
    /// of this library wrote it; `auth` or `unavailable` where it cannot be opened.
    pub async fn open(file: impl AsRef<Path>) -> Result<Self> {
        let path = file.as_ref().to_owned();
        let operation = format!("open site {}", path.display());
        blocking(&operation, move || Ok(Self::over(&path, file::open(&path)?))).await
    }

    fn over(path: &Path, connection: Connection) -> Self {
        EmbeddedSite {
            connections: Connections::new(path.to_owned(), connection),
            catalog: Arc::default(),
            writing: Arc::default(),
            address: format!("sqlite:{}", path.display()).into(),
        }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.connections.path()
    }

    /// Adds a class; it needs at least one key property.
    ///
    /// # Errors
    /// `conflict` where the site has the class; `config` where the definition breaks a rule, which is named.
    pub async fn define_class(&self, class: Class) -> Result<()> {
        let operation = format!("define class {}", class.name);
        self.write(operation.clone(), move |connection, _| {
            let failed = |error| sqlite_error::sqlite_error(&operation, error);
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
            catalog::define(&transaction, &class)?;
            transaction.commit().map_err(failed)
        })
        .await
    }

    /// The definition of a class.
    ///
    /// # Errors
    /// `not_found` where the site does not have it.
    pub async fn class(&self, name: &Identifier) -> Result<Class> {
        let name = name.clone();
        self.read(format!("read class {name}"), move |connection, catalog| {
            catalog.class(connection, &name).map(|class| (*class).clone())
        })
        .await
    }

    /// The definitions of all classes, in the order of their names.
    ///
    /// # Errors
    /// `unavailable` or `protocol` where the file cannot be read.
    pub async fn classes(&self) -> Result<Vec<Class>> {
        self.read("list classes".to_owned(), |connection, catalog| {
            let names = catalog::class_names(connection)?;
            names.iter().map(|name| catalog.class(connection, name).map(|class| (*class).clone())).collect()
        })
        .await
    }

    /// Runs a query and gives its rows as they are read.
    ///
    /// # Errors
    /// `not_found` for a class, `config` for a property that the site does not have; `unsupported` for what WQL
    /// can say and this version cannot do.
    pub async fn query(&self, select: &Select) -> Result<Rows> {
        read::query(&self.connections, &self.catalog, select).await
    }

    /// One page of a query: at most `top` rows from row `skip` on.
    ///
    /// # Errors
    /// Those of [`EmbeddedSite::query`].
    pub async fn read_page(&self, select: Select, skip: u64, top: u64) -> Result<Vec<Instance>> {
        let operation = format!("query class {}", select.class);
        self.read(operation, move |connection, catalog| read::page(connection, catalog, &select, skip, top))
            .await
    }

    /// How many rows a query has.
    ///
    /// # Errors
    /// Those of [`EmbeddedSite::query`].
    pub async fn count(&self, select: Select) -> Result<u64> {
        let operation = format!("count rows of class {}", select.class);
        self.read(operation, move |connection, catalog| read::count(connection, catalog, &select)).await
    }

    /// Reads one instance by its path.
    ///
    /// # Errors
    /// `not_found` where there is none; `conflict` where a path without all keys fits several.
    pub async fn get(&self, path: &ObjectPath) -> Result<Instance> {
        let path = path.clone();
        self.read(format!("get {path}"), move |connection, catalog| write::get(connection, catalog, &path))
            .await
    }

    /// Writes an instance in one transaction and gives its path.
    ///
    /// Of an instance that exists only the modified properties are written. A single integer key that is not set
    /// is numbered by the site. Dropping the future does not stop a write that has begun.
    ///
    /// # Errors
    /// `config` for a value that does not fit its property or a key that is not set; `conflict` and `not_found`
    /// after the mode; `unavailable` for a full disk or a file that another process holds.
    pub async fn put(&self, instance: &Instance, mode: PutMode) -> Result<ObjectPath> {
        let instance = instance.clone();
        let operation = format!("put instance of class {}", instance.class_name());
        self.write(operation, move |connection, catalog| write::put(connection, catalog, &instance, mode))
            .await
    }

    /// Deletes one instance by its path.
    ///
    /// # Errors
    /// `not_found` where there is none; `conflict` where a path without all keys fits several: none is deleted.
    pub async fn delete(&self, path: &ObjectPath) -> Result<()> {
        let path = path.clone();
        let operation = format!("delete {path}");
        self.write(operation, move |connection, catalog| write::delete(connection, catalog, &path)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: String,
        work: impl FnOnce(&mut Connection, &Catalog) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut loan = self.connections.lend(&operation).await?;
        let catalog = Arc::clone(&self.catalog);
        blocking(&operation, move || work(loan.connection()?, &catalog)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: String,
        work: impl FnOnce(&mut Connection, &Catalog) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        let mut loan = self.connections.lend(&operation).await?;
        let catalog = Arc::clone(&self.catalog);
        blocking(&operation, move || {
            let result = work(loan.connection()?, &catalog);
            drop(turn);
            result
        })
        .await
    }
}

/// People copy addresses; a file of the name `sqlite:lab.db` is never what they want.
fn without_scheme(file: &Path) -> &Path {
    match file.to_str().and_then(|text| text.split_once(':')) {
        Some((scheme, file)) if scheme.eq_ignore_ascii_case("sqlite") => Path::new(file),
        _ => file,
    }
}

impl std::fmt::Debug for EmbeddedSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedSite").field("file", &self.file()).finish()
    }
}

impl Transport for EmbeddedSite {
    fn address(&self) -> &str {
        &self.address
    }

    fn query<'a>(&'a self, select: &'a Select) -> Answer<'a, Rows> {
        Box::pin(self.query(select))
    }

    fn get<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, Instance> {
        Box::pin(self.get(path))
    }

    fn put<'a>(&'a self, instance: &'a Instance, mode: PutMode) -> Answer<'a, ObjectPath> {
        Box::pin(self.put(instance, mode))
    }

    fn delete<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, ()> {
        Box::pin(self.delete(path))
    }

    fn class<'a>(&'a self, name: &'a Identifier) -> Answer<'a, Class> {
        Box::pin(self.class(name))
    }

    fn close(&self) {
        self.connections.close();
    }

    fn embedded(&self) -> Option<&EmbeddedSite> {
        Some(self)
    }
}
