//! A site kept in one SQLite file.
//!
//! It is the default for the quick start, the copy on which a script is rehearsed, and the store of a gateway
//! that runs without Configuration Manager. WQL is compiled to SQL; a put is one transaction; several processes
//! may use one file.

mod builtin;
mod catalog;
mod collation;
mod collection_limit;
mod column;
mod compile;
mod connections;
mod define;
mod file;
mod function;
mod instant;
mod method;
mod migration;
mod mof_text;
mod read;
mod snapshot_file;
mod sqlite_error;
mod write;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Mutex;

use self::catalog::Catalog;
use self::connections::{Connections, blocking};
use self::method::Handlers;
pub use self::method::{MethodCall, MethodHandler, MethodOutput};
pub use self::mof_text::MofCompiled;
pub(in crate::site) use self::snapshot_file::SnapshotFile;
use crate::error::Result;
use crate::site::SiteCode;
use crate::site::call::method_of;
use crate::site::transport::{Answer, PutMode, Rows, Transport};
use crate::wmi::wql::Select;
use crate::wmi::{CallContext, Class, Identifier, Instance, ObjectPath, Value};

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
    handlers: Handlers,
    context: CallContext,
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
            handlers: Handlers::default(),
            context: CallContext::default(),
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
        self.write(operation.clone(), move |connection, catalog| {
            let failed = |error| sqlite_error::sqlite_error(&operation, error);
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
            define::define(&transaction, catalog, &class)?;
            transaction.commit().map_err(failed)
        })
        .await
    }

    /// Compiles a MOF text: adds its classes and puts its instances, whole or not at all.
    ///
    /// A class that the site has gets what the text has beyond it; an instance that exists is changed. So a text can
    /// be compiled twice. A site file is one namespace: `#pragma namespace` changes nothing.
    ///
    /// # Errors
    /// `config` where the text is not MOF or contradicts a class, `conflict` where a class cannot become what the
    /// text says, `not_found` for an unknown class: all with line and column; those of [`EmbeddedSite::put`].
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use cmgateway::site::{EmbeddedSite, SiteCode};
    /// # let file = std::env::temp_dir().join(format!("cmgateway-mof-{}.db", std::process::id()));
    /// # let _ = std::fs::remove_file(&file);
    /// let site = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
    /// let text = "class Rack { [key] string Row; uint32 Units; }; instance of Rack { Row = \"A\"; Units = 42; };";
    /// let compiled = site.compile_mof(text).await?;
    /// assert_eq!((compiled.classes, compiled.instances), (1, 1));
    /// # drop(site); std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), cmgateway::Error>(()) }).unwrap();
    /// ```
    pub async fn compile_mof(&self, text: impl Into<String>) -> Result<MofCompiled> {
        let text = text.into();
        self.write("compile MOF".to_owned(), move |connection, catalog| {
            mof_text::compile(connection, catalog, &text)
        })
        .await
    }

    /// Compiles a MOF file, in UTF-8 or UTF-16, as [`EmbeddedSite::compile_mof`] does a text.
    ///
    /// # Errors
    /// Those of [`EmbeddedSite::compile_mof`]; `not_found`, `auth`, `unavailable` where the file cannot be read.
    pub async fn compile_mof_file(&self, file: impl AsRef<Path>) -> Result<MofCompiled> {
        let file = file.as_ref().to_owned();
        let text = blocking("read MOF file", move || mof_text::read_file(&file)).await?;
        self.compile_mof(text).await
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

    /// Supplies a method: calls of it run the handler, on the thread that waits for the call.
    ///
    /// The handler of a class serves the classes derived from it too. It belongs to this connection and its
    /// clones, not to the file; a second one takes the place of the first.
    ///
    /// # Errors
    /// `not_found` where the site has no such class or the class no such method.
    pub async fn on_method(&self, class: &str, method: &str, handler: MethodHandler) -> Result<()> {
        let (class, method) = (Identifier::new(class)?, Identifier::new(method)?);
        method_of(&self.class(&class).await?, &method)?;
        self.handlers.set(class, method, handler);
        Ok(())
    }

    /// Runs a method: the handler that [`EmbeddedSite::on_method`] was given.
    ///
    /// # Errors
    /// `not_found` for a class, a method or an instance that the site does not have; `unsupported` where nobody
    /// supplied the method; those of the handler.
    pub async fn call(&self, path: &ObjectPath, method: &Identifier, input: &Instance) -> Result<Instance> {
        let class = self.class(&path.class).await?;
        let definition = method::declared(&class, path, method)?;
        if !path.is_class() {
            self.get(path).await?;
        }
        let handler =
            self.handlers.find(&class, definition).ok_or_else(|| method::nobody(&class, definition))?;
        let call = MethodCall { path, method: definition, input, context: &self.context };
        let mut output = handler(&call)?;
        let returned = crate::wmi::RETURN_VALUE;
        if definition.returns.is_some() && !output.iter().any(|(name, _)| name.eq_ignore_ascii_case(returned))
        {
            output.push((returned.to_owned(), Value::Integer(0)));
        }
        definition.output(output)
    }

    /// Runs a query and gives its rows as they are read.
    ///
    /// # Errors
    /// `not_found` for a class, `config` for a property that the site does not have; `unsupported` for what WQL
    /// can say and this version cannot do.
    pub async fn query(&self, select: &Select) -> Result<Rows> {
        if let Some(limited) = collection_limit::limited(self, select).await? {
            return read::query(&self.connections, &self.catalog, &limited).await;
        }
        read::query(&self.connections, &self.catalog, select).await
    }

    /// One page of a query: at most `top` rows from row `skip` on.
    ///
    /// # Errors
    /// Those of [`EmbeddedSite::query`].
    pub async fn read_page(&self, select: Select, skip: u64, top: u64) -> Result<Vec<Instance>> {
        let operation = format!("query class {}", select.from.class);
        self.read(operation, move |connection, catalog| read::page(connection, catalog, &select, skip, top))
            .await
    }

    /// How many rows a query has.
    ///
    /// # Errors
    /// Those of [`EmbeddedSite::query`].
    pub async fn count(&self, select: Select) -> Result<u64> {
        let operation = format!("count rows of class {}", select.from.class);
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
        self.write(operation, move |connection, catalog| write::delete(connection, catalog, &path, None))
            .await
    }

    /// Deletes an instance that was read, where it still is what was read.
    pub(crate) async fn delete_unchanged(&self, path: &ObjectPath, read: Instance) -> Result<()> {
        let path = path.clone();
        let operation = format!("delete {path}");
        self.write(operation, move |connection, catalog| {
            write::delete(connection, catalog, &path, Some(&read))
        })
        .await
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

    fn classes(&self) -> Answer<'_, Vec<Class>> {
        Box::pin(self.classes())
    }

    fn spawn<'a>(&'a self, class: &'a Identifier) -> Answer<'a, Instance> {
        Box::pin(async { Ok(self.class(class).await?.spawn()) })
    }

    fn call<'a>(
        &'a self,
        path: &'a ObjectPath,
        method: &'a Identifier,
        input: &'a Instance,
    ) -> Answer<'a, Instance> {
        Box::pin(self.call(path, method, input))
    }

    fn with_context(&self, context: CallContext) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(EmbeddedSite { context, ..self.clone() }))
    }

    fn close(&self) {
        self.connections.close();
    }

    fn embedded(&self) -> Option<&EmbeddedSite> {
        Some(self)
    }
}
