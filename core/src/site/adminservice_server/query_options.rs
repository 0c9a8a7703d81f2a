//! The part of an address after `?`.

use super::reply::Refusal;
use crate::site::odata::{filter, percent};
use crate::wmi::Identifier;
use crate::wmi::wql::{Columns, Condition, OrderBy, PropertyPath, Select};

/// What a client asks of a class.
#[derive(Debug, Default)]
pub(super) struct QueryOptions {
    filter: Option<Condition>,
    columns: Option<Vec<PropertyPath>>,
    order_by: Vec<OrderBy>,
    /// Most rows over all pages.
    pub(super) top: Option<u64>,
    /// Rows to leave out at the beginning.
    pub(super) skip: u64,
    /// Rows of former pages; ours alone, it stands in `@odata.nextLink`.
    pub(super) skip_token: u64,
    /// Whether the number of all rows is wanted.
    pub(super) count: bool,
}

impl QueryOptions {
    /// Reads the options; `allowed` are those that mean something here.
    pub(super) fn parse(query: &str, allowed: &[&str]) -> Result<Self, Refusal> {
        let mut options = QueryOptions::default();
        let mut seen: Vec<String> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text| {
                percent::decode(text, true)
                    .ok_or_else(|| Refusal::bad_request("the query is not well-formed percent-encoding"))
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            // Names without `$` are the client's own and mean nothing, says OData.
            if !name.starts_with('$') {
                continue;
            }
            if !allowed.contains(&name.as_str()) {
                return Err(Refusal::not_implemented(format!(
                    "the query option {name} is not supported here"
                )));
            }
            if seen.contains(&name) {
                return Err(Refusal::bad_request(format!("the query option {name} is there twice")));
            }
            options.set(&name, value.trim())?;
            seen.push(name);
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "$filter" => self.filter = Some(filter::parse(value)?),
            "$select" if value == "*" => self.columns = None,
            "$select" => self.columns = Some(value.split(',').map(property).collect::<Result<_, _>>()?),
            "$orderby" => self.order_by = value.split(',').map(criterion).collect::<Result<_, _>>()?,
            "$top" => self.top = Some(number(name, value)?),
            "$skip" => self.skip = number(name, value)?,
            "$skiptoken" => self.skip_token = number(name, value)?,
            "$count" => {
                self.count = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(Refusal::bad_request("$count is true or false")),
                }
            }
            _ => return Err(Refusal::not_implemented(format!("the query option {name} is not supported"))),
        }
        Ok(())
    }

    /// The query of a class.
    pub(super) fn select(&self, class: Identifier) -> Select {
        Select {
            columns: self.columns.clone().map_or(Columns::All, Columns::properties),
            filter: self.filter.clone(),
            order_by: self.order_by.clone(),
            ..Select::of(class)
        }
    }
}

fn property(text: &str) -> Result<PropertyPath, Refusal> {
    let text = text.trim();
    if text.contains('/') {
        return Err(Refusal::not_implemented(format!(
            "the path {text} is not supported; name whole properties"
        )));
    }
    let name = Identifier::new(text).map_err(|error| Refusal::bad_request(error.to_string()))?;
    Ok(PropertyPath(vec![name]))
}

fn criterion(text: &str) -> Result<OrderBy, Refusal> {
    let mut words = text.split_whitespace();
    let property = property(words.next().unwrap_or_default())?;
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(word) => {
            return Err(Refusal::bad_request(format!("{word:?} in $orderby is neither asc nor desc")));
        }
    };
    match words.next() {
        None => Ok(OrderBy { property, descending }),
        Some(word) => Err(Refusal::bad_request(format!("{word:?} in $orderby has no meaning"))),
    }
}

fn number(name: &str, value: &str) -> Result<u64, Refusal> {
    // SQLite counts rows in 63 bits.
    match value.parse::<u32>() {
        Ok(number) => Ok(number.into()),
        Err(_) => {
            Err(Refusal::bad_request(format!("{name} is a number from 0 to {}, not {value:?}", u32::MAX)))
        }
    }
}
