//! WQL queries as OData addresses.

use super::{filter_text, percent};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::URL_BYTES_MAX;
use crate::wmi::wql::{Columns, Select};

/// The address of a query under the route of the classes: `Class?$select=…&$filter=…&$orderby=…`, encoded.
///
/// # Errors
/// `unsupported` for what OData cannot express, by name.
pub(crate) fn address(select: &Select) -> Result<String> {
    let mut options = Vec::new();
    if let Columns::Properties(paths) = &select.columns {
        let mut names: Vec<&str> = Vec::new();
        for path in paths {
            let name = filter_text::property_name(path)?;
            // OData allows a name once; WQL does not mind.
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        options.push(("$select", names.join(",")));
    }
    if let Some(condition) = &select.filter {
        options.push(("$filter", filter_text::write(condition)?));
    }
    if !select.order_by.is_empty() {
        let mut criteria = Vec::new();
        for criterion in &select.order_by {
            let direction = if criterion.descending { " desc" } else { "" };
            criteria.push(format!("{}{direction}", filter_text::property_name(&criterion.property)?));
        }
        options.push(("$orderby", criteria.join(",")));
    }
    let mut address = select.class.as_str().to_owned();
    for (at, (name, value)) in options.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        percent::encode_into(&mut address, value);
    }
    if address.len() > URL_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "translate the query to OData",
            format!("it makes an address of {} bytes, {URL_BYTES_MAX} are possible", address.len()),
        ));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wmi::Identifier;
    use crate::wmi::wql::{Comparison, Condition, Literal, Operator, OrderBy, PropertyPath};

    fn path(name: &str) -> PropertyPath {
        PropertyPath(name.split('.').map(|part| Identifier::new(part).unwrap()).collect())
    }

    fn equal(name: &str, literal: Literal) -> Condition {
        Condition::Compare(Comparison { property: path(name), operator: Operator::Equal, literal })
    }

    fn select(filter: Option<Condition>) -> Select {
        let class = Identifier::new("SMS_AzureService").unwrap();
        Select { columns: Columns::All, class, filter, order_by: Vec::new() }
    }

    #[test]
    fn a_whole_query_becomes_one_address() {
        let mut query = select(Some(Condition::All(vec![
            equal("ServiceCName", Literal::String("x' OR 'a&b".into())),
            Condition::Any(vec![equal("ID", Literal::Integer(7)), equal("On", Literal::Boolean(true))]),
        ])));
        query.columns = Columns::Properties(vec![path("Name"), path("NAME"), path("ID")]);
        query.order_by = vec![OrderBy { property: path("Name"), descending: true }];
        assert_eq!(
            address(&query).unwrap(),
            "SMS_AzureService?$select=Name,ID&$filter=ServiceCName%20eq%20'x''%20OR%20''a%26b'%20and%20\
             (ID%20eq%207%20or%20On%20eq%20true)&$orderby=Name%20desc"
        );
        assert_eq!(address(&select(None)).unwrap(), "SMS_AzureService");
    }

    #[test]
    fn what_odata_cannot_say_is_refused_by_name() {
        let class = Identifier::new("SMS_Site").unwrap();
        let like = Condition::Like { property: path("Name"), pattern: "a_c".into() };
        for (condition, word) in [
            (Condition::IsA { property: path("__this"), class }, "ISA"),
            (like, "LIKE 'a_c'"),
            (equal("__CLASS", Literal::String("x".into())), "__CLASS"),
            (equal("A.B", Literal::Integer(1)), "A.B"),
        ] {
            let error = address(&select(Some(condition))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.cause().contains(word), "{error}");
        }
    }
}
