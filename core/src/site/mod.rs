//! A site, reached through one of several transports with the same values and the same errors.

mod access;
pub(crate) mod adminservice;
mod adminservice_server;
mod association;
mod call;
mod class_objects;
mod com;
mod connect;
mod difference;
pub mod embedded;
mod locator;
pub(crate) mod odata;
mod shown_address;
mod site_code;
mod snapshot;
mod transport;
mod watch;
mod winrm;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::access::Access;
use self::adminservice::{AdminService, AdminServiceOptions};
pub use self::adminservice_server::{AdminServiceServer, ServerOptions};
pub use self::call::MethodInput;
use self::call::method_of;
use self::connect::Address;
pub use self::connect::ConnectOptions;
pub use self::difference::{DiffOptions, ObjectDifference, PropertyChange, SiteDifference, diff};
pub use self::embedded::EmbeddedSite;
pub use self::locator::{ConnectServer, Locator};
pub use self::shown_address::shown_address;
pub use self::site_code::SiteCode;
pub use self::snapshot::{SnapshotOptions, SnapshotProgress, SnapshotReport};
use self::transport::Transport;
pub use self::transport::{PutMode, Rows, ServiceIdentity};
pub use self::watch::Watch;
use self::winrm::{WinRm, WinRmOptions};
use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::net::TrustedRoots;
use crate::wmi::wql::{Parameters, Query, Select, located};
use crate::wmi::{CallContext, Class, Identifier, Instance, ObjectPath};

/// A connection to a Configuration Manager site; clones share it.
///
/// The same calls work on every transport: what a script does on a copy it does on the real site.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use cmgateway::site::{ConnectOptions, EmbeddedSite, PutMode, Site, SiteCode};
/// use cmgateway::wmi::wql::Parameters;
/// # let folder = std::env::temp_dir().join(format!("cmgateway-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let file = folder.join("site.db");
/// # let _ = std::fs::remove_file(&file);
/// EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
/// let site = Site::connect(ConnectOptions::new(format!("sqlite:{}", file.display()))).await?;
/// let mut service = site.new_instance("SMS_AzureService").await?;
/// service.set("ServiceCName", "GraniteFalls.contoso.com")?;
/// let path = site.put(&mut service, PutMode::CreateOnly).await?;
/// assert_eq!(path.to_string(), "SMS_AzureService.AzureServiceID=1");
/// let name = Parameters::Positional(vec!["granitefalls.CONTOSO.com".into()]);
/// let rows = site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", &name).await?.all().await?;
/// assert_eq!(rows.len(), 1);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), cmgateway::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Site {
    transport: Arc<dyn Transport>,
    closed: Arc<AtomicBool>,
    context: CallContext,
}

impl Site {
    /// Connects to the site at an address: `sqlite:FILE`, `https://HOST/AdminService` or `winrm://HOST/NAMESPACE`.
    ///
    /// An embedded site is opened at once. An AdminService or a WinRM service is first asked with the first call.
    ///
    /// # Errors
    /// `config` for an address or options that cannot be; `not_found`, `auth`, `unavailable` for a file that
    /// cannot be opened; `unsupported` for a transport that this version does not have.
    pub async fn connect(options: ConnectOptions) -> Result<Self> {
        let operation = format!("connect to {}", shown_address(&options.url));
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation.as_str(), cause));
        if options.timeout.is_zero() {
            return refuse("the timeout is zero");
        }
        match Address::parse(&options.url)? {
            Address::Embedded(_) if options.token.is_some() => refuse("an embedded site takes no token"),
            Address::Embedded(_) if options.proves_somebody() => {
                refuse("an embedded site takes no user, auth or certificate")
            }
            Address::Embedded(_) if options.ca_file.is_some() => refuse("an embedded site takes no CA file"),
            Address::Embedded(file) => Ok(EmbeddedSite::open(file).await?.into()),
            Address::Com(address) => com::connect(address, &options),
            Address::WinRm(endpoint) => {
                let access = Access::from_options(&options, &operation)?;
                let trusted_roots = options.ca_file.map_or(TrustedRoots::System, TrustedRoots::File);
                let (timeout, danger_unencrypted) = (options.timeout, options.danger_unencrypted);
                let options = WinRmOptions { endpoint, access, trusted_roots, timeout, danger_unencrypted };
                background::run("connect to a site", move || Ok(Site::over(WinRm::new(options)?))).await
            }
            Address::AdminService(url) => {
                let access = Access::from_options(&options, &operation)?;
                let trusted_roots = options.ca_file.map_or(TrustedRoots::System, TrustedRoots::File);
                let timeout = options.timeout;
                let options = AdminServiceOptions { url, access, trusted_roots, timeout };
                // The CA file may lie on a share that does not answer.
                background::run("connect to a site", move || Ok(Site::over(AdminService::new(options)?)))
                    .await
            }
        }
    }

    fn over(transport: impl Transport + 'static) -> Self {
        Site { transport: Arc::new(transport), closed: Arc::default(), context: CallContext::default() }
    }

    fn open(&self) -> Result<&dyn Transport> {
        if self.closed.load(Ordering::Relaxed) {
            let cause = "it is closed; connect again";
            return Err(Error::new(ErrorKind::Stopped, format!("use {}", self.address()), cause));
        }
        Ok(&*self.transport)
    }

    /// Closes the connection, for every clone of it; later calls fail.
    ///
    /// A call that runs in another thread ends by itself, and so do open rows. The file of an embedded site is
    /// then free: it can be moved and deleted, on Windows too. A second call does nothing.
    ///
    /// # Errors
    /// `stopped` where the threads are gone.
    pub async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Relaxed);
        let transport = Arc::clone(&self.transport);
        // Closing a file waits for the disk.
        background::run(&format!("close {}", self.address()), move || {
            transport.close();
            Ok(())
        })
        .await
    }

    /// The address, without secrets.
    pub fn address(&self) -> &str {
        self.transport.address()
    }

    /// What a WS-Management service says of itself: its protocol, its maker and its version.
    ///
    /// Windows answers it to anybody, so it tells whether a service is there before a user is let in.
    ///
    /// # Errors
    /// `unsupported` where the site is reached in another way; those of the transport.
    pub async fn identify(&self) -> Result<ServiceIdentity> {
        self.open()?.identify().await
    }

    /// The embedded site behind this connection, for what only a site file can do: defining classes, being served.
    ///
    /// # Errors
    /// `unsupported` where the connection is to another kind of site.
    pub fn embedded(&self) -> Result<&EmbeddedSite> {
        self.open()?.embedded().ok_or_else(|| {
            let cause = "only an embedded site (sqlite:FILE) can do this";
            Error::new(ErrorKind::Unsupported, format!("use {}", self.address()), cause)
        })
    }

    /// Runs a WQL query with values for its placeholders and gives the rows as they are read.
    ///
    /// The query asks for instances, for classes (`SELECT * FROM meta_class WHERE __this ISA "SMS_Resource"`; the
    /// rows are classes, whose path has no key) or for what belongs to an object (`ASSOCIATORS OF {…}`,
    /// `REFERENCES OF {…}`).
    ///
    /// # Errors
    /// `config` for a text that is not WQL and for a property that no class of the query has, with line and column;
    /// `unsupported` for what the transport cannot express; `not_found` for an unknown class; those of the transport.
    pub async fn query(&self, wql: &str, parameters: &Parameters) -> Result<Rows> {
        let rows = match Query::parse_with(wql, parameters)? {
            Query::Select(select) => self.run(&select).await,
            Query::Association(query) => self.associations(&query).await,
            Query::Event(_) => {
                let cause = "it asks what happens; run it with watch";
                return Err(Error::new(ErrorKind::Config, "run WQL query", cause));
            }
        };
        rows.map_err(|error| located(error, wql))
    }

    /// Runs a query that is a tree already.
    pub(crate) async fn run(&self, select: &Select) -> Result<Rows> {
        if class_objects::is_asked(select) {
            return self.class_objects(select).await;
        }
        self.open()?.query(select).await
    }

    /// Reads one instance by its path, with its lazy properties.
    ///
    /// # Errors
    /// `not_found` where there is none; those of the transport.
    pub async fn get(&self, path: &ObjectPath) -> Result<Instance> {
        self.check_namespace(path).await?;
        self.open()?.get(path).await
    }

    /// Reads the instance again, with its lazy properties; what was set since stays.
    ///
    /// # Errors
    /// `config` where the instance has no path; those of [`Site::get`].
    pub async fn load(&self, instance: &mut Instance) -> Result<()> {
        let Some(path) = instance.path().cloned() else {
            let cause = "it has no path: it is new, or the query left out its key";
            let operation = format!("load instance of class {}", instance.class_name());
            return Err(Error::new(ErrorKind::Config, operation, cause));
        };
        let loaded = self.get(&path).await?;
        instance.take_loaded(loaded);
        Ok(())
    }

    /// A new, empty instance of a class; it is in the site once it is put.
    ///
    /// Where the site knows the class without being asked, as an embedded site does, the instance knows the types of
    /// its properties and has its defaults. An unknown class is no error here: the provider answers to the put.
    ///
    /// # Errors
    /// `config` where the name cannot be a class name; those of the transport.
    pub async fn new_instance(&self, class: &str) -> Result<Instance> {
        let class = Identifier::new(class)?;
        match self.open()?.spawn(&class).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Instance::of(class)),
            spawned => spawned,
        }
    }

    /// Writes an instance and gives its path, which holds a key that the site made.
    ///
    /// Of an instance that was read only the modified properties are written, and it must still exist; the default
    /// mode creates new instances only. Afterwards the instance knows its path and has no modified properties.
    ///
    /// # Errors
    /// `config` for a value that does not fit its property, for an instance that was read without its key, and for
    /// a key that was changed; `conflict` and `not_found` after the mode; those of the transport. After an error of
    /// kind `timed_out` or `protocol` the put may have been done.
    pub async fn put(&self, instance: &mut Instance, mode: PutMode) -> Result<ObjectPath> {
        let mode = checked_mode(instance, mode, || self.why_without_keys())?;
        let path = self.open()?.put(instance, mode).await?;
        instance.mark_stored(path.clone());
        Ok(path)
    }

    /// What explains instances without their keys, as the end of a sentence; empty where nothing does.
    pub(crate) fn why_without_keys(&self) -> String {
        self.transport.why_without_keys().map(|cause| format!("; {cause}")).unwrap_or_default()
    }

    /// Deletes one instance by its path.
    ///
    /// # Errors
    /// `not_found` where there is none; those of the transport.
    pub async fn delete(&self, path: &ObjectPath) -> Result<()> {
        self.check_namespace(path).await?;
        self.open()?.delete(path).await
    }

    /// A path that names the namespace of another site must not be taken for one of this site. The server is not
    /// compared: a path of the real site is right on its copy.
    async fn check_namespace(&self, path: &ObjectPath) -> Result<()> {
        let Some(namespace) = &path.namespace else { return Ok(()) };
        let last = namespace.rsplit(['\\', '/']).next().unwrap_or_default();
        let named = last.to_ascii_lowercase().strip_prefix("site_").map(str::to_ascii_uppercase);
        let Some(named) = named else { return Ok(()) };
        let code = self.code().await?;
        if named == code.as_str() {
            return Ok(());
        }
        let cause = format!("the path is of site {named}, this is site {code}");
        Err(Error::new(ErrorKind::Config, format!("use path {path}"), cause))
    }

    /// The definition of a class as the provider knows it.
    ///
    /// # Errors
    /// `not_found` where the site does not have it; those of the transport.
    pub async fn class(&self, name: &str) -> Result<Class> {
        self.open()?.class(&Identifier::new(name)?).await
    }

    /// The definitions of all classes, in the order of their names.
    ///
    /// # Errors
    /// `unsupported` where the transport cannot list them; those of the transport.
    pub async fn classes(&self) -> Result<Vec<Class>> {
        self.open()?.classes().await
    }

    /// The code of the site, from `SMS_ProviderLocation` where `ProviderForLocalSite` is true.
    ///
    /// # Errors
    /// `not_found` where no provider says it is the local site's; `conflict` where two sites do.
    pub async fn code(&self) -> Result<SiteCode> {
        let operation = "find the site code";
        let wql = "SELECT SiteCode FROM SMS_ProviderLocation WHERE ProviderForLocalSite = TRUE";
        let mut rows = self.run(&Select::parse(wql)?).await?;
        let mut found: Option<SiteCode> = None;
        while let Some(row) = rows.next().await? {
            let code = SiteCode::new(row.text("SiteCode").unwrap_or_default())?;
            if found.as_ref().is_some_and(|earlier| *earlier != code) {
                let cause = "several sites say they are the local one";
                return Err(Error::new(ErrorKind::Conflict, operation, cause));
            }
            found = Some(code);
        }
        found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, operation, "no SMS Provider says it serves the local site")
        })
    }
}

/// The mode in which an instance may be put: one that was read is never created a second time.
fn checked_mode(
    instance: &Instance,
    mode: PutMode,
    why_without_keys: impl Fn() -> String,
) -> Result<PutMode> {
    let refuse = |cause: String| {
        let operation = format!("put instance of class {}", instance.class_name());
        Err(Error::new(ErrorKind::Config, operation, cause))
    };
    if mode == PutMode::CreateOnly {
        return Ok(mode);
    }
    let Some(path) = instance.path() else {
        return match instance.was_read() {
            true => refuse(format!(
                "it was read without its key; select the key, or *, to put it back{}",
                why_without_keys()
            )),
            false => Ok(mode),
        };
    };
    for (name, _) in &path.keys {
        let property = name.as_ref().and_then(|name| instance.property(name.as_str()));
        // The same key set again is no change.
        if let Some(property) =
            property.filter(|property| property.original().is_some_and(|o| *o != property.value))
        {
            return refuse(format!("the key {} was changed; create a new instance instead", property.name));
        }
    }
    Ok(if mode == PutMode::CreateOrUpdate { PutMode::UpdateOnly } else { mode })
}

impl From<EmbeddedSite> for Site {
    fn from(site: EmbeddedSite) -> Self {
        Site::over(site)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("address", &self.address()).finish()
    }
}
