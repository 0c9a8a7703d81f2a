//! Finding the items of a site.

use crate::error::Result;
use crate::site::Site;
use crate::wmi::Instance;
use crate::wmi::wql::Parameters;

/// The class of components.
pub(in crate::gateway) const COMPONENT: &str = "SMS_SCI_Component";
/// The class of roles on servers.
pub(super) const ROLE: &str = "SMS_SCI_SysResUse";

/// The file type of the items in force; the SDK calls the key deprecated, published scripts write 2.
const IN_FORCE: i128 = 2;

/// The components of this name at this site.
pub(in crate::gateway) async fn components(
    site: &Site,
    site_code: &str,
    name: &str,
) -> Result<Vec<Instance>> {
    items(
        site,
        "SELECT * FROM SMS_SCI_Component WHERE ComponentName = ? AND SiteCode = ?",
        &[name, site_code],
    )
    .await
}

/// The definitions of this site: one.
pub(in crate::gateway) async fn site_definitions(site: &Site, site_code: &str) -> Result<Vec<Instance>> {
    items(site, "SELECT * FROM SMS_SCI_SiteDefinition WHERE SiteCode = ?", &[site_code]).await
}

/// The servers of this site that have a role.
pub(in crate::gateway) async fn roles(site: &Site, site_code: &str, name: &str) -> Result<Vec<Instance>> {
    items(site, "SELECT * FROM SMS_SCI_SysResUse WHERE RoleName = ? AND SiteCode = ?", &[name, site_code])
        .await
}

/// Runs the query and gives each item once, with its properties.
async fn items(site: &Site, wql: &str, values: &[&str]) -> Result<Vec<Instance>> {
    let parameters = Parameters::Positional(values.iter().map(|value| (*value).into()).collect());
    let rows = site.query(wql, &parameters).await?.all().await?;
    let mut items: Vec<Instance> = Vec::with_capacity(rows.len());
    for mut row in rows {
        // Not every provider gives arrays of objects with a query.
        if row.path().is_some() && row.property("Props").is_none_or(|props| props.is_left_out()) {
            site.load(&mut row).await?;
        }
        let same = items.iter_mut().find(|item| is_same(item.text("ItemName"), row.text("ItemName")));
        match same {
            Some(item) if is_in_force(&row) && !is_in_force(item) => *item = row,
            Some(_) => {}
            None => items.push(row),
        }
    }
    items.sort_by_key(|item| item.text("ItemName").unwrap_or_default().to_lowercase());
    Ok(items)
}

fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn is_in_force(item: &Instance) -> bool {
    item.get("FileType").and_then(crate::wmi::Value::as_integer) == Some(IN_FORCE)
}
