//! What each recipient was told, kept in the site: a connection point that starts again tells nothing twice.

use super::Notices;
use super::history::has_class;
use crate::error::Result;
use crate::gateway::Gateway;
use crate::site::PutMode;
use crate::wmi::wql::Parameters;

/// The class that holds it; no site of Microsoft has it.
const MOF: &str = "class CMGateway_ToldNotices { [key] string ServiceCName; [key] string Source; [key] string Recipient; \
                   string Told; };";
const CLASS: &str = "CMGateway_ToldNotices";

/// What a recipient was told by this source, such as a connection point; nothing on a site that keeps none.
pub(in crate::gateway) async fn read_told(
    gateway: &Gateway,
    source: &str,
    recipient: &str,
) -> Result<Notices> {
    let site = gateway.site();
    if site.embedded().is_err() || !has_class(site, CLASS).await? {
        return Ok(Notices::default());
    }
    let wql = format!("SELECT * FROM {CLASS} WHERE ServiceCName = ? AND Source = ? AND Recipient = ?");
    let key = Parameters::Positional(vec![gateway.service_name().into(), source.into(), recipient.into()]);
    let row = site.query(&wql, &key).await?.all().await?.into_iter().next();
    // What cannot be read is told again.
    let told = row.and_then(|row| Notices::from_json(row.text("Told")?).ok());
    Ok(told.unwrap_or_default())
}

/// Keeps it; a site that is no embedded one keeps nothing.
pub(in crate::gateway) async fn keep_told(
    gateway: &Gateway,
    source: &str,
    recipient: &str,
    told: &Notices,
) -> Result<()> {
    let site = gateway.site();
    if site.embedded().is_err() {
        return Ok(());
    }
    if !has_class(site, CLASS).await? {
        site.embedded()?.compile_mof(MOF).await?;
    }
    let mut row = site.new_instance(CLASS).await?;
    row.set("ServiceCName", gateway.service_name())?;
    row.set("Source", source)?;
    row.set("Recipient", recipient)?;
    row.set("Told", told.to_json())?;
    site.put(&mut row, PutMode::CreateOrUpdate).await.map(drop)
}
