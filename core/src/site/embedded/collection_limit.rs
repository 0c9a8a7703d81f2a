//! The context value `LimitToCollectionIDs`: queries of resources find members of these collections only.

use super::EmbeddedSite;
use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::{Columns, Condition, Literal, Operand, PropertyPath, Select, Set, Source};
use crate::wmi::{Class, Identifier, Value};

const NAME: &str = "LimitToCollectionIDs";
const MEMBERSHIP: &str = "SMS_FullCollectionMembership";

/// The query with the limit in its condition; None where no limit is set or the query is of no resources.
///
/// As the SMS Provider does, it refuses a limit together with ORDER BY.
pub(super) async fn limited(site: &EmbeddedSite, select: &Select) -> Result<Option<Select>> {
    let Some(collections) = site.context.get(NAME) else { return Ok(None) };
    let refuse = |kind, cause: &str| {
        Err(Error::new(kind, format!("query class {}", select.from.class), cause)
            .with_context("context", NAME))
    };
    let Some(collections) = collection_ids(collections) else {
        return refuse(ErrorKind::Config, "LimitToCollectionIDs is an array of collection IDs");
    };
    if collections.is_empty() {
        return Ok(None);
    }
    let Some(source) = resources(site, select).await? else { return Ok(None) };
    if !select.order_by.is_empty() {
        return refuse(ErrorKind::Unsupported, "ORDER BY does not go together with LimitToCollectionIDs");
    }
    let resource_id = Identifier::new("ResourceID")?;
    let mut members = Select::of(Identifier::new(MEMBERSHIP)?);
    members.columns = Columns::properties([PropertyPath(vec![resource_id.clone()])]);
    members.filter = Some(Condition::In {
        operand: PropertyPath(vec![Identifier::new("CollectionID")?]).into(),
        set: Set::List(collections.into_iter().map(Literal::String).collect()),
    });
    let mut property = vec![resource_id];
    if !select.joins.is_empty() {
        property.insert(0, source.name().clone());
    }
    let limit = Condition::In {
        operand: Operand::Property(PropertyPath(property)),
        set: Set::Subselect(Box::new(members)),
    };
    let mut limited = select.clone();
    limited.filter = Some(match limited.filter.take() {
        None => limit,
        Some(Condition::All(mut parts)) => {
            parts.push(limit);
            Condition::All(parts)
        }
        Some(filter) => Condition::All(vec![filter, limit]),
    });
    Ok(Some(limited))
}

/// The texts; one alone is taken for a list of it.
fn collection_ids(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// The first class after FROM whose instances are resources or what was inventoried of one. Those joined to it are
/// tied to it by their condition.
async fn resources<'s>(site: &EmbeddedSite, select: &'s Select) -> Result<Option<&'s Source>> {
    for source in select.sources() {
        let is_of_resources =
            |class: &Class| class.property("ResourceID").is_some_and(|property| property.is_key);
        if !source.class.is(MEMBERSHIP) && is_of_resources(&site.class(&source.class).await?) {
            return Ok(Some(source));
        }
    }
    Ok(None)
}
