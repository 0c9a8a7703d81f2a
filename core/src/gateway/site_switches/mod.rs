//! Step 5: the switches of a site that let clients prove themselves with certificates.
//!
//! They lie in `IISSSLState` and its neighbours, properties of the component `SMS_SITE_COMPONENT_MANAGER`. No page of
//! Microsoft's says so; public tools do. A site that keeps them in its definition (`SMS_SCI_SiteDefinition`) is read and
//! written there.

mod iis_ssl_state;
mod plan;
mod state;

pub use self::iis_ssl_state::IisSslState;
pub use self::state::{SiteSwitchesState, SwitchChanges};
use super::site_control::{COMPONENT, PropertyValue, SitePlan, components, flag, make, new_property, number};
use super::site_control::{site_definitions, text};
use crate::error::{Error, ErrorKind, Result};
use crate::site::{Site, SiteCode};
use crate::wmi::{Instance, ObjectPath, Value};

/// The component that holds the switches.
const HOLDER: &str = "SMS_SITE_COMPONENT_MANAGER";
/// The property with the bits.
const IIS_SSL_STATE: &str = "IISSSLState";

/// The switches of a site: PKI client certificates, CRL checks, HTTPS only, Enhanced HTTP, and their neighbours.
///
/// Each change has a plan; `set` is a plan and its application in one call.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use cmgateway::gateway::site_switches::{SiteSwitches, SwitchChanges};
/// # use cmgateway::site::{EmbeddedSite, Site, SiteCode};
/// # let folder = std::env::temp_dir().join(format!("cmgateway-switches-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let file = folder.join("site.db");
/// # let _ = std::fs::remove_file(&file);
/// # let site: Site = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?.into();
/// let switches = SiteSwitches::of(&site);
/// let changes = SwitchChanges {
///     use_pki_client_certificate: Some(true),
///     check_crl: Some(false),
///     ..SwitchChanges::default()
/// };
/// println!("{}", switches.plan(&changes).await?);
/// switches.set(&changes).await?;
/// assert!(!switches.plan(&changes).await?.is_change());
/// assert_eq!(switches.read().await?.text, "HTTPS or HTTP, PKI when available, CRL not checked");
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), cmgateway::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SiteSwitches {
    site: Site,
}

/// The item that holds the switches; no path where the site lacks it.
struct Holder {
    site_code: SiteCode,
    item: Instance,
    path: Option<ObjectPath>,
}

impl SiteSwitches {
    /// The switches of the site.
    pub fn of(site: &Site) -> Self {
        SiteSwitches { site: site.clone() }
    }

    /// The site they belong to.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Reads the switches from the site.
    ///
    /// # Errors
    /// `not_found` where the site has no item that holds them; `conflict` where two items hold them; those of the
    /// transport.
    pub async fn read(&self) -> Result<SiteSwitchesState> {
        state_of(&self.holder().await?)
    }

    /// Says what a change would do; nothing is changed.
    ///
    /// An embedded site that lacks the item gets one; a real site always has it.
    ///
    /// # Errors
    /// `config` for switches that contradict each other; those of [`SiteSwitches::read`].
    pub async fn plan(&self, changes: &SwitchChanges) -> Result<SitePlan> {
        let holder = self.holder().await?;
        let state = state_of(&holder)?;
        plan::plan(&state, &holder.item, holder.path.as_ref(), changes)
    }

    /// Makes the switches so.
    ///
    /// # Errors
    /// Those of [`SiteSwitches::plan`] and [`SitePlan::apply`].
    pub async fn set(&self, changes: &SwitchChanges) -> Result<SitePlan> {
        make(&self.site, || self.plan(changes)).await
    }

    async fn holder(&self) -> Result<Holder> {
        let operation = "read the site's switches";
        let site_code = self.site.code().await?;
        let mut found = components(&self.site, site_code.as_str(), HOLDER).await?;
        if !has_state(&found)? {
            let definitions = site_definitions(&self.site, site_code.as_str()).await?;
            if has_state(&definitions)? {
                found = definitions;
            }
        }
        let with_state =
            found.iter().filter(|item| matches!(number(item, IIS_SSL_STATE), Ok(Some(_)))).count();
        if with_state > 1 {
            let cause = format!("{with_state} items of site {site_code} hold {IIS_SSL_STATE}");
            return Err(Error::new(ErrorKind::Conflict, operation, cause));
        }
        let at =
            found.iter().position(|item| matches!(number(item, IIS_SSL_STATE), Ok(Some(_)))).unwrap_or(0);
        if at < found.len() {
            let item = found.swap_remove(at);
            let path = item.path().cloned().ok_or_else(|| {
                let cause = format!("the site answered without keys{}", self.site.why_without_keys());
                Error::new(ErrorKind::Protocol, operation, cause)
            })?;
            return Ok(Holder { site_code, item, path: Some(path) });
        }
        match self.site.embedded() {
            Ok(_) => Ok(Holder { item: new_holder(&site_code)?, site_code, path: None }),
            Err(_) => {
                let cause = format!("site {site_code} has no component {HOLDER}");
                Err(Error::new(ErrorKind::NotFound, operation, cause))
            }
        }
    }
}

fn has_state(items: &[Instance]) -> Result<bool> {
    for item in items {
        if number(item, IIS_SSL_STATE)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The component as a new site has it: HTTPS or HTTP, no PKI, CRL checked.
fn new_holder(site_code: &SiteCode) -> Result<Instance> {
    let mut item = Instance::new(COMPONENT)?;
    item.set("FileType", 2)?;
    item.set("ItemName", format!("{HOLDER}|localhost"))?;
    item.set("ItemType", "Component")?;
    item.set("SiteCode", site_code.as_str())?;
    item.set("ComponentName", HOLDER)?;
    item.set("Name", "localhost")?;
    item.set("Flag", 6)?;
    let state = new_property(IIS_SSL_STATE, &PropertyValue::Value(224))?;
    item.set("Props", Value::Array(vec![Value::Object(Box::new(state))]))?;
    Ok(item)
}

fn state_of(holder: &Holder) -> Result<SiteSwitchesState> {
    let item = &holder.item;
    let state = IisSslState(number(item, IIS_SSL_STATE)?.unwrap_or(0));
    Ok(SiteSwitchesState {
        site_code: holder.site_code.to_string(),
        item: item.text("ItemName").unwrap_or_default().to_owned(),
        iis_ssl_state: state.0,
        text: state.to_string(),
        https_only: state.https_only(),
        use_pki_client_certificate: state.use_pki_client_certificate(),
        check_crl: state.check_crl(),
        enhanced_http: state.enhanced_http(),
        unknown_bits: state.unknown_bits(),
        certificate_store: text(item, plan::STORE, "Value1")?,
        certificate_selection_criteria: text(item, plan::CRITERIA, "Value1")?,
        select_first_certificate: flag(item, plan::SELECT_FIRST)?,
        enforce_message_signing: flag(item, plan::SIGNING)?,
        enforce_enhanced_hash: flag(item, plan::HASH)?,
    })
}
