//! Does what a plan says, item by item, and reads back.

use super::embedded_property::{PropertyValue, changed};
use super::plan::{Edit, PropertyChange, SitePlan};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CONFLICT_ATTEMPTS_MAX, CONFLICT_PAUSE};
use crate::site::{PutMode, Site};
use crate::wmi::{Instance, ObjectPath};

impl SitePlan {
    /// Does what the plan says at a site, then reads each item back and compares.
    ///
    /// Only the properties that change are written, and only where they still are what the plan was made for. What is
    /// done already is not done again, so it is safe to apply twice, and to go on with after a break. Not tried against
    /// a live SMS Provider: newer documentation says that puts of site control items take effect without a session
    /// (`SMS_SiteControlFile`); where a provider wants one, its context values go with the connection.
    ///
    /// # Errors
    /// `conflict` where a property or an item is no longer what the plan was made for (make a new plan); `protocol` where
    /// the site reads back something else; those of the transport.
    pub async fn apply(&self, site: &Site) -> Result<()> {
        let operation = format!("change {}", self.title);
        for edit in &self.edits {
            match edit {
                Edit::Change { item, changes } => change(site, &operation, item, changes).await?,
                Edit::Add { item, instance } => add(site, &operation, item, instance).await?,
                Edit::Remove { item } => remove(site, &operation, item).await?,
            }
        }
        Ok(())
    }
}

/// Makes a plan and applies it, anew where somebody else was faster.
pub(in crate::gateway) async fn make<F>(site: &Site, plan: impl Fn() -> F) -> Result<SitePlan>
where
    F: Future<Output = Result<SitePlan>>,
{
    let mut attempt = 1;
    loop {
        let planned = plan().await?;
        match planned.apply(site).await {
            Ok(()) => return Ok(planned),
            Err(error) if error.kind() == ErrorKind::Conflict && attempt < CONFLICT_ATTEMPTS_MAX => {
                tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn change(site: &Site, operation: &str, path: &ObjectPath, changes: &[PropertyChange]) -> Result<()> {
    let mut item = site.get(path).await?;
    let mut open: Vec<(&str, &PropertyValue)> = Vec::with_capacity(changes.len());
    for change in changes {
        let now = change.after.stored(&item, change.name)?;
        if now.as_ref() == Some(&change.after) {
            continue;
        }
        if now != change.before {
            let cause =
                format!("property {} was changed since the plan was made; make a new plan", change.name);
            return Err(
                Error::new(ErrorKind::Conflict, operation, cause).with_context("property", change.name)
            );
        }
        open.push((change.name, &change.after));
    }
    if open.is_empty() {
        return Ok(());
    }
    let properties = changed(&item, &open)?;
    item.set("Props", properties)?;
    site.put(&mut item, PutMode::UpdateUnchanged).await?;
    let item = site.get(path).await?;
    for (name, wanted) in open {
        let stored = wanted.stored(&item, name)?;
        if stored.as_ref() != Some(wanted) {
            let stored = stored.map_or_else(|| "nothing".to_owned(), |stored| stored.to_string());
            let cause = format!("the site reads back {stored} in place of {wanted} in property {name}");
            return Err(Error::new(ErrorKind::Protocol, operation, cause).with_context("property", name));
        }
    }
    Ok(())
}

async fn add(site: &Site, operation: &str, path: &ObjectPath, wanted: &Instance) -> Result<()> {
    if is_there(site, path).await? {
        return check_added(site, operation, path, wanted).await;
    }
    site.put(&mut wanted.clone(), PutMode::CreateOnly).await?;
    check_added(site, operation, path, wanted).await
}

/// What was added has every property with the value that was wanted.
async fn check_added(site: &Site, operation: &str, path: &ObjectPath, wanted: &Instance) -> Result<()> {
    let item = site.get(path).await?;
    for (name, value) in super::embedded_property::all(wanted)? {
        if value.stored(&item, &name)?.as_ref() != Some(&value) {
            let cause = format!("it is there, with another value in property {name}; make a new plan");
            return Err(Error::new(ErrorKind::Conflict, operation, cause).with_context("property", name));
        }
    }
    Ok(())
}

async fn remove(site: &Site, operation: &str, path: &ObjectPath) -> Result<()> {
    match site.delete(path).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        deleted => deleted?,
    }
    if is_there(site, path).await? {
        let cause = "the site took the removal, and the item is still there";
        return Err(Error::new(ErrorKind::Protocol, operation, cause));
    }
    Ok(())
}

async fn is_there(site: &Site, path: &ObjectPath) -> Result<bool> {
    match site.get(path).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
