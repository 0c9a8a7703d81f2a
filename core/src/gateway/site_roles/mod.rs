//! Step 7: the roles that take gateway traffic: management points and software update points.
//!
//! Distribution points are listed and can be set to HTTPS; gateway traffic is refused for them, with the reason.

mod role;
mod rules;

pub use self::role::{ClientConnections, RoleChanges, RoleKind, SiteRole};
use self::rules::Around;
use super::site_control::{PropertyChange, PropertyValue, SitePlan, make, number, roles};
use super::site_switches::{SiteSwitches, SiteSwitchesState};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::connection_point_role::ROLE_NAME as CONNECTION_POINT;
use crate::site::Site;
use crate::wmi::Instance;

/// The management, software update and distribution points of a site, and what of them concerns a gateway.
///
/// Each change has a plan; `set` is a plan and its application in one call. The dependency rules are checked before anything
/// is written; an error names the rule, also as its context `rule`.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use cmgateway::gateway::site_roles::{RoleChanges, RoleKind, SiteRoles};
/// # use cmgateway::site::{EmbeddedSite, Site, SiteCode};
/// # let folder = std::env::temp_dir().join(format!("cmgateway-roles-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let file = folder.join("site.db");
/// # let _ = std::fs::remove_file(&file);
/// # let embedded = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
/// # embedded.compile_mof(r#"instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage";
/// #     SiteCode = "GF1"; ItemName = "MP1"; NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };"#).await?;
/// # let site: Site = embedded.into();
/// let roles = SiteRoles::of(&site);
/// let changes = RoleChanges { https: Some(true), gateway_traffic: Some(true), ..RoleChanges::default() };
/// println!("{}", roles.plan(RoleKind::ManagementPoint, "MP1.contoso.com", &changes).await?);
/// roles.set(RoleKind::ManagementPoint, "mp1.contoso.com", &changes).await?;
/// assert!(roles.list(Some(RoleKind::ManagementPoint)).await?[0].gateway_traffic);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), cmgateway::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SiteRoles {
    site: Site,
}

impl SiteRoles {
    /// The roles of the site.
    pub fn of(site: &Site) -> Self {
        SiteRoles { site: site.clone() }
    }

    /// The site they belong to.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Lists the roles of one kind, or of all three, with their servers.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn list(&self, kind: Option<RoleKind>) -> Result<Vec<SiteRole>> {
        let site_code = self.site.code().await?;
        let mut found = Vec::new();
        for each in RoleKind::ALL.into_iter().filter(|each| kind.is_none_or(|kind| kind == *each)) {
            for item in roles(&self.site, site_code.as_str(), each.role_name()).await? {
                found.push(SiteRole::read(each, &item)?);
            }
        }
        Ok(found)
    }

    /// Says what changing the role of a server would do; nothing is changed.
    ///
    /// Where gateway traffic is switched on and nothing is said of the clients, those of the Internet come in addition, as
    /// the cmdlets do since 2207.
    ///
    /// # Errors
    /// `config` with the rule that the change would break; `unsupported` for gateway traffic of a distribution point;
    /// `not_found` where the server does not have the role, with those that have; those of the transport.
    pub async fn plan(&self, kind: RoleKind, server: &str, changes: &RoleChanges) -> Result<SitePlan> {
        let site_code = self.site.code().await?;
        let (item, before) = self.find(site_code.as_str(), kind, server).await?;
        let switches = self.switches().await?;
        let connection_points = roles(&self.site, site_code.as_str(), CONNECTION_POINT).await?.len();
        let around = Around { switches: switches.as_ref(), connection_points };
        plan(&item, &before, changes, &around)
    }

    /// Makes the role of a server so.
    ///
    /// # Errors
    /// Those of [`SiteRoles::plan`] and [`SitePlan::apply`].
    pub async fn set(&self, kind: RoleKind, server: &str, changes: &RoleChanges) -> Result<SitePlan> {
        make(&self.site, || self.plan(kind, server, changes)).await
    }

    async fn find(&self, site_code: &str, kind: RoleKind, server: &str) -> Result<(Instance, SiteRole)> {
        let wanted = server.trim_matches('\\');
        let mut others = Vec::new();
        for item in roles(&self.site, site_code, kind.role_name()).await? {
            let role = SiteRole::read(kind, &item)?;
            if role.server.eq_ignore_ascii_case(wanted) {
                return Ok((item, role));
            }
            others.push(role.server);
        }
        let role = kind.role_name();
        let cause = match others.is_empty() {
            true => format!("no server of site {site_code} has the role {role}"),
            false => format!("{wanted:?} does not have the role {role}; these do: {}", others.join(", ")),
        };
        Err(Error::new(ErrorKind::NotFound, format!("find {role} on {wanted}"), cause))
    }

    /// The switches of the site; None where it does not tell them.
    async fn switches(&self) -> Result<Option<SiteSwitchesState>> {
        match SiteSwitches::of(&self.site).read().await {
            Ok(state) => Ok(Some(state)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What happens to the settings of a role; pure.
fn plan(item: &Instance, before: &SiteRole, changes: &RoleChanges, around: &Around<'_>) -> Result<SitePlan> {
    let title = before.title();
    let kind = before.kind;
    let mut after = before.clone();
    after.https = changes.https.unwrap_or(before.https);
    after.gateway_traffic = changes.gateway_traffic.unwrap_or(before.gateway_traffic);
    if let Some(connections) = changes.client_connections {
        if kind.connection_properties().is_none() {
            let cause = "client_connections is for management and software update points";
            return Err(Error::new(ErrorKind::Config, format!("plan {title}"), cause));
        }
        after.client_connections = Some(connections);
    } else if after.gateway_traffic && !before.gateway_traffic {
        let takes_intranet_only = before.client_connections == Some(ClientConnections::Intranet);
        after.client_connections = match takes_intranet_only {
            true => Some(ClientConnections::InternetAndIntranet),
            false => before.client_connections,
        };
    }
    let mut plan = SitePlan::new(title.clone());
    plan.warnings = rules::check(before, &after, around)?;
    let words = |flag: bool| Some(if flag { "yes" } else { "no" }.to_owned());
    plan.note(&title, "https", words(before.https), words(after.https));
    plan.note(&title, "gateway_traffic", words(before.gateway_traffic), words(after.gateway_traffic));
    if kind.connection_properties().is_some() {
        let word = |role: &SiteRole| role.client_connections.map(|all| all.as_str().to_owned());
        plan.note(&title, "client_connections", word(before), word(&after));
    }
    let (https_property, is_changed) = (kind.https_property(), after.https != before.https);
    if is_changed && https_property == "SslState" && number(item, https_property)?.is_none() {
        let words = "the item has no property SslState, only a state of its own, which is read-only: see in the console whether \
                     the site goes by the new property";
        plan.warnings.push(words.to_owned());
    }
    let Some(path) = item.path() else {
        let cause = "the site answered without the keys of the item";
        return Err(Error::new(ErrorKind::Protocol, format!("plan {title}"), cause));
    };
    plan.edit(path, properties(item, before, &after)?);
    Ok(plan)
}

/// The properties that say what differs.
fn properties(item: &Instance, before: &SiteRole, after: &SiteRole) -> Result<Vec<PropertyChange>> {
    let mut wanted: Vec<(&'static str, bool)> = Vec::new();
    if after.https != before.https {
        wanted.push((after.kind.https_property(), after.https));
    }
    if after.gateway_traffic != before.gateway_traffic {
        wanted.push(("AllowProxyTraffic", after.gateway_traffic));
    }
    if let (Some(names), Some(connections)) = (after.kind.connection_properties(), after.client_connections)
        && after.client_connections != before.client_connections
    {
        let (internet, intranet) = connections.sides();
        wanted.push((names.0, internet));
        wanted.push((names.1, intranet));
    }
    wanted
        .into_iter()
        .map(|(name, flag)| {
            let before = number(item, name)?.map(PropertyValue::Value);
            Ok(PropertyChange { name, before, after: PropertyValue::Value(flag.into()) })
        })
        .collect()
}
