//! Step 6: the role of a cloud management gateway connection point on a server.
//!
//! This is the role as the site knows it; the connection point that runs is in [`service`](super::service).

mod advice;
mod internet_proxy;
mod plan;
mod role;
mod wanted;

pub use self::advice::ConnectionPointAdvice;
pub use self::internet_proxy::InternetProxy;
use self::plan::Planned;
pub use self::role::ConnectionPointRole;
use self::role::{KnownGateway, Link};
pub use self::wanted::{ConnectionPointChange, ConnectionPointSettings};
use super::Gateway;
use super::site_control::{SitePlan, make, roles, server_of};
use crate::error::{Error, ErrorKind, Result};
use crate::site::Site;
use crate::wmi::{Instance, Value};

/// Its `RoleName` in the site.
pub const ROLE_NAME: &str = "SMS Cloud Proxy Connector";
/// The role that every server of a site has; it holds the internet proxy.
const SITE_SYSTEM: &str = "SMS Site System";

/// The connection points of a site: servers with the role `SMS Cloud Proxy Connector`.
///
/// Each change has a plan; `add`, `change` and `remove` are a plan and its application in one call. Not tried against a live
/// SMS Provider: whether it takes a new role by a put, and under which property the gateway's name stands, is not confirmed.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use cmgateway::gateway::connection_point_role::{ConnectionPointRoles, ConnectionPointSettings};
/// # use cmgateway::site::{EmbeddedSite, Site, SiteCode};
/// # let folder = std::env::temp_dir().join(format!("cmgateway-points-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let file = folder.join("site.db");
/// # let _ = std::fs::remove_file(&file);
/// # let embedded = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
/// # embedded.compile_mof(r#"instance of SMS_AzureService { ServiceType = "CloudProxyService";
/// #     ServiceCName = "GraniteFalls.contoso.com"; Name = "granitefalls"; NumberOfInstances = 2; };"#).await?;
/// # let site: Site = embedded.into();
/// let points = ConnectionPointRoles::of(&site);
/// let settings = ConnectionPointSettings {
///     gateway: Some("GraniteFalls.contoso.com".into()),
///     ..ConnectionPointSettings::default()
/// };
/// points.add("CP1.contoso.com", &settings).await?;
/// assert_eq!(points.list().await?[0].gateway.as_deref(), Some("GraniteFalls.contoso.com"));
/// println!("{}", points.advice("GraniteFalls.contoso.com").await?);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), cmgateway::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionPointRoles {
    site: Site,
}

impl ConnectionPointRoles {
    /// The connection points of the site.
    pub fn of(site: &Site) -> Self {
        ConnectionPointRoles { site: site.clone() }
    }

    /// The site they belong to.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Lists the servers that have the role, with their gateways and internet proxies.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn list(&self) -> Result<Vec<ConnectionPointRole>> {
        let site_code = self.site.code().await?;
        let gateways = KnownGateway::all(&self.site).await?;
        let systems = roles(&self.site, site_code.as_str(), SITE_SYSTEM).await?;
        let mut found = Vec::new();
        for item in roles(&self.site, site_code.as_str(), ROLE_NAME).await? {
            let server = server_of(&item);
            let system = on(&systems, &server);
            found.push(ConnectionPointRole {
                gateway: Link::of(&item, &gateways)?.service_name,
                internet_proxy: system.map(InternetProxy::read).transpose()?.flatten(),
                site_code: site_code.to_string(),
                path: item.path().map(ToString::to_string).unwrap_or_default(),
                server,
            });
        }
        Ok(found)
    }

    /// Says what adding, changing or removing the role on a server would do; nothing is changed.
    ///
    /// # Errors
    /// `config` where a new one names no gateway, for a server name that cannot be one, and where a change asks for nothing;
    /// `conflict` where the one to add belongs to another gateway; `not_found` for a gateway that the site lacks, for a
    /// server that does not have the role to change, and for one that is no site system; those of the transport.
    pub async fn plan(
        &self,
        change: ConnectionPointChange,
        server: &str,
        settings: &ConnectionPointSettings,
    ) -> Result<SitePlan> {
        let site_code = self.site.code().await?;
        let server = checked_server(server)?;
        let gateway = match &settings.gateway {
            Some(name) => Some(Gateway::find(&self.site, name).await?.service_name().to_owned()),
            None => None,
        };
        let items = roles(&self.site, site_code.as_str(), ROLE_NAME).await?;
        let systems = roles(&self.site, site_code.as_str(), SITE_SYSTEM).await?;
        let planned = Planned {
            site_code: site_code.as_str(),
            server,
            item: on(&items, server),
            others: items.len() - usize::from(on(&items, server).is_some()),
            system: on(&systems, server),
            makes_systems: self.site.embedded().is_ok(),
            gateways: KnownGateway::all(&self.site).await?,
            gateway,
            internet_proxy: settings.internet_proxy.as_ref(),
        };
        match change {
            ConnectionPointChange::Add => planned.add(),
            ConnectionPointChange::Change => planned.change(),
            ConnectionPointChange::Remove => planned.remove(),
        }
    }

    /// Gives a server the role.
    ///
    /// # Errors
    /// Those of [`ConnectionPointRoles::plan`] and [`SitePlan::apply`].
    pub async fn add(&self, server: &str, settings: &ConnectionPointSettings) -> Result<SitePlan> {
        make(&self.site, || self.plan(ConnectionPointChange::Add, server, settings)).await
    }

    /// Changes the gateway or the internet proxy of a connection point.
    ///
    /// # Errors
    /// Those of [`ConnectionPointRoles::plan`] and [`SitePlan::apply`].
    pub async fn change(&self, server: &str, settings: &ConnectionPointSettings) -> Result<SitePlan> {
        make(&self.site, || self.plan(ConnectionPointChange::Change, server, settings)).await
    }

    /// Takes the role from a server; its other roles and its internet proxy stay.
    ///
    /// # Errors
    /// Those of [`ConnectionPointRoles::plan`] and [`SitePlan::apply`].
    pub async fn remove(&self, server: &str) -> Result<SitePlan> {
        let settings = ConnectionPointSettings::default();
        make(&self.site, || self.plan(ConnectionPointChange::Remove, server, &settings)).await
    }

    /// Advises how many connection points a gateway needs.
    ///
    /// # Errors
    /// Those of [`Gateway::find`] and [`ConnectionPointRoles::list`].
    pub async fn advice(&self, service_name: &str) -> Result<ConnectionPointAdvice> {
        let gateway = Gateway::find(&self.site, service_name).await?;
        let instance = gateway.instance().await?;
        let instances = instance.get("NumberOfInstances").and_then(Value::as_integer).unwrap_or(1);
        let mine = |role: &ConnectionPointRole| {
            role.gateway.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(gateway.service_name()))
        };
        let existing = self.list().await?.iter().filter(|role| mine(role)).count();
        let instances = u32::try_from(instances).unwrap_or(1).max(1);
        Ok(ConnectionPointAdvice::new(instances, u32::try_from(existing).unwrap_or(u32::MAX)))
    }
}

/// The item of a server.
fn on<'a>(items: &'a [Instance], server: &str) -> Option<&'a Instance> {
    items.iter().find(|item| server_of(item).eq_ignore_ascii_case(server))
}

/// The name of a server, without backslashes.
fn checked_server(server: &str) -> Result<&str> {
    let name = server.trim_matches('\\');
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(is_name) {
        let cause = format!("server {server:?} must be a name such as CM1.contoso.com");
        return Err(
            Error::new(ErrorKind::Config, "plan a connection point", cause).with_context("field", "server")
        );
    }
    Ok(name)
}
