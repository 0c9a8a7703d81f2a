//! What is associated with an instance.

use cmgateway::wmi::wql::{AssociationKind, AssociationQuery};
use cmgateway::wmi::{Identifier, ObjectPath};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::rows::Rows;
use crate::runtime::Connection;

/// The rows of an association query; the conditions are its words, as `result_class` is for `ResultClass`.
pub(crate) fn run(
    py: Python<'_>,
    connection: &Connection,
    kind: AssociationKind,
    path: ObjectPath,
    conditions: Option<&Bound<'_, PyDict>>,
) -> Result<Rows> {
    let mut query = AssociationQuery::of(kind, path);
    query.schema_only = query.path.is_class();
    for (name, value) in conditions.into_iter().flatten() {
        let name: String = name.extract()?;
        if let Some(flag) = query.flag_mut(&name) {
            *flag = value.extract()?;
        } else if let Some(slot) = query.name_mut(&name) {
            *slot = value.extract::<Option<String>>()?.map(|name| Identifier::new(&name)).transpose()?;
        } else {
            let cause = format!("got an unexpected keyword argument {name:?}");
            return Err(PyTypeError::new_err(cause).into());
        }
    }
    let rows = connection.handle.block(py, connection.site.associations(&query))?;
    Ok(Rows::new(rows, connection.clone()))
}
