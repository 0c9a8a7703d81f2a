//! WQL queries as OData addresses.

use super::{filter_text, percent};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::URL_BYTES_MAX;
use crate::wmi::wql::{Column, Columns, Select};

/// The address of a query under the route of the classes: `Class?$select=…&$filter=…&$orderby=…`, encoded.
///
/// # Errors
/// `unsupported` for what OData cannot express, by name.
pub(crate) fn address(select: &Select) -> Result<String> {
    if !select.joins.is_empty() {
        return Err(filter_text::refuse("a join".into()));
    }
    if select.distinct {
        return Err(filter_text::refuse("DISTINCT".into()));
    }
    let mut options = Vec::new();
    if let Some(names) = selected(&select.columns)? {
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
    let mut address = select.from.class.as_str().to_owned();
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

/// The names after `$select`; None for all.
fn selected(columns: &Columns) -> Result<Option<Vec<&str>>> {
    let columns = match columns {
        Columns::All => return Ok(None),
        Columns::Count(_) => return Err(filter_text::refuse("COUNT".into())),
        Columns::Listed(columns) => columns,
    };
    let mut names: Vec<&str> = Vec::new();
    for column in columns {
        // There is one class, so all of it is all.
        let Column::Property(path) = column else { return Ok(None) };
        let name = filter_text::property_name(path)?;
        // OData allows a name once; WQL does not mind.
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    Ok(Some(names))
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
        let (left, right) = (path(name).into(), literal.into());
        Condition::Compare(Comparison { left, operator: Operator::Equal, right })
    }

    fn select(filter: Option<Condition>) -> Select {
        let class = Identifier::new("SMS_AzureService").unwrap();
        Select { filter, ..Select::of(class) }
    }

    #[test]
    fn a_whole_query_becomes_one_address() {
        let mut query = select(Some(Condition::All(vec![
            equal("ServiceCName", Literal::String("x' OR 'a&b".into())),
            Condition::Any(vec![equal("ID", Literal::Integer(7)), equal("On", Literal::Boolean(true))]),
        ])));
        query.columns = Columns::properties([path("Name"), path("NAME"), path("ID")]);
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
        let like = Condition::Like { operand: path("Name").into(), pattern: "a_c".into() };
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
        for (text, word) in [
            ("SELECT * FROM C JOIN D ON C.a = D.a", "a join"),
            ("SELECT DISTINCT a FROM C", "DISTINCT"),
            ("SELECT COUNT(*) FROM C", "COUNT"),
            ("SELECT * FROM C WHERE a = b", "the comparison a = b"),
            ("SELECT * FROM C WHERE UPPER(a) = 'X'", "the function UPPER"),
            ("SELECT * FROM C WHERE a < GETDATE()", "the function GETDATE"),
            ("SELECT * FROM C WHERE LOWER(a) LIKE 'x'", "the function LOWER"),
            ("SELECT * FROM C WHERE a NOT IN (SELECT b FROM D)", "a subselect"),
        ] {
            let error = address(&Select::parse(text).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.cause().contains(word), "{error}");
        }
    }

    #[test]
    fn a_list_becomes_a_chain_and_an_alias_goes() {
        for (text, wanted) in [
            (
                "SELECT s.a FROM C AS s WHERE s.a IN (1, 2) AND b = 3",
                "C?$select=a&$filter=(a%20eq%201%20or%20a%20eq%202)%20and%20b%20eq%203",
            ),
            ("SELECT C.* FROM C WHERE a NOT IN ('x')", "C?$filter=not%20(a%20eq%20'x')"),
        ] {
            assert_eq!(address(&Select::parse(text).unwrap()).unwrap(), wanted);
        }
    }
}
