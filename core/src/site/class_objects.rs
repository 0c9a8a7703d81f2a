//! Schema queries: which classes there are, `SELECT * FROM meta_class` (WMI SDK, "SELECT Statement for Schema Queries").

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::site::{Rows, Site};
use crate::wmi::wql::{Columns, Select, holds};
use crate::wmi::{Identifier, Instance, WbemError};

/// `WBEM_E_INVALID_QUERY`
const INVALID_QUERY: u32 = 0x8004_1017;

/// True for a query of classes instead of instances.
pub(super) fn is_asked(select: &Select) -> bool {
    select.from.class.is("meta_class")
}

impl Site {
    /// The classes that a schema query asks for, in the order of their names.
    ///
    /// WMI looks at the class alone: its name, what it is derived from, and `__this`.
    pub(super) async fn class_objects(&self, select: &Select) -> Result<Rows> {
        let refuse = |cause: &str| {
            let error = Error::new(ErrorKind::Config, "query classes", cause);
            Err(error.with_context("class", "meta_class").with_source(WbemError::from_code(INVALID_QUERY)))
        };
        if select.columns != Columns::All || select.distinct {
            return refuse("a schema query selects *, nothing else");
        }
        if !select.joins.is_empty() || !select.order_by.is_empty() {
            return refuse("a schema query has neither joins nor an order");
        }
        let transport = self.open()?;
        if let Some(rows) = transport.class_objects(select).await? {
            return Ok(rows);
        }
        let is_a = |object: &Instance, class: &Identifier| object.is_a(class.as_str());
        let mut found = Vec::new();
        for class in transport.classes().await? {
            let object = Instance::of_class(Arc::new(class));
            let is_wanted = match &select.filter {
                Some(filter) => holds(filter, &object, &is_a)? == Some(true),
                None => true,
            };
            if is_wanted {
                found.push(object);
            }
        }
        Ok(Rows::of(found))
    }
}
