//! The classes and instances a new site file starts with.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::catalog::{Catalog, table};
use super::define;
use super::sqlite_error::sqlite_error;
use super::write;
use crate::error::Result;
use crate::site::SiteCode;
use crate::site::transport::PutMode;
use crate::wmi::Instance;
use crate::wmi::mof::{self, Declaration};

/// What every site has.
const CORE: &str = include_str!("builtin.mof");
/// What a site has until its user defines it.
const PROVIDER: &str = include_str!("provider.mof");

/// Fills a new site file, whole or not at all.
pub(super) fn fill(connection: &mut Connection, catalog: &Catalog, code: &SiteCode) -> Result<()> {
    let failed = |error| sqlite_error("fill a new site", error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    for (text, is_replaceable) in [(CORE, false), (PROVIDER, true)] {
        for declaration in mof::parse(text)? {
            if let Declaration::Class(declared) = declaration {
                define::define_or_extend(&transaction, catalog, declared.class, is_replaceable)?;
            }
        }
    }
    for instance in instances(code)? {
        write::put_in(&transaction, catalog, &instance, PutMode::CreateOnly)?;
    }
    transaction.commit().map_err(failed)
}

/// Adds what says which site it is, where a copy of a site lacks it.
pub(super) fn say_which_site(
    transaction: &Transaction<'_>,
    catalog: &Catalog,
    code: &SiteCode,
) -> Result<()> {
    let mut instances = instances(code)?;
    let location = instances.swap_remove(0);
    if catalog.find(transaction, location.class_name())?.is_none() {
        for declaration in mof::parse(CORE)? {
            if let Declaration::Class(declared) = declaration
                && declared.class.name == *location.class_name()
            {
                define::define_or_extend(transaction, catalog, declared.class, false)?;
            }
        }
    }
    let has_one: bool = transaction
        .query_row(&format!("SELECT EXISTS (SELECT 1 FROM {})", table(location.class_name())), [], |row| {
            row.get(0)
        })
        .map_err(|error| sqlite_error("say which site it is", error))?;
    match has_one {
        true => Ok(()),
        false => write::put_in(transaction, catalog, &location, PutMode::CreateOnly).map(drop),
    }
}

/// The instances that say which site this is.
fn instances(code: &SiteCode) -> Result<Vec<Instance>> {
    let mut location = Instance::new("SMS_ProviderLocation")?;
    location.set("Machine", "localhost")?;
    location.set("NamespacePath", format!("\\\\localhost\\root\\sms\\site_{code}"))?;
    location.set("ProviderForLocalSite", true)?;
    location.set("SiteCode", code.as_str())?;
    let mut site = Instance::new("SMS_Site")?;
    site.set("SiteCode", code.as_str())?;
    site.set("SiteName", format!("Embedded site {code}"))?;
    site.set("ServerName", "localhost")?;
    site.set("Type", 2)?;
    site.set("ReportingSiteCode", "")?;
    Ok(vec![location, site])
}
