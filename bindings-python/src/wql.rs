//! WQL text, and the values for its placeholders.

use cmgateway::wmi::wql::{self, Parameters};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::Result;
use crate::value;

/// `query(wql, 1, 2)` fills `?`, `query(wql, a=1)` fills `:a`.
pub(crate) fn parameters(
    positional: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> Result<Parameters> {
    match (positional.is_empty(), named) {
        (true, None) => Ok(Parameters::None),
        (false, None) => {
            let operation = "fill the placeholders of a query";
            let values = positional.iter().map(|value| value::from_python(&value, operation));
            Ok(Parameters::Positional(values.collect::<Result<_>>()?))
        }
        (true, Some(named)) => {
            let mut values = Vec::with_capacity(named.len());
            for (name, value) in named {
                let name: String = name.extract()?;
                let value = value::from_python(&value, &format!("fill :{name} of a query"))?;
                values.push((name, value));
            }
            Ok(Parameters::Named(values))
        }
        (false, Some(_)) => Err(PyTypeError::new_err("give values by position or by name, not both").into()),
    }
}

/// Fills the placeholders of a WQL text and gives it back in canonical form.
#[pyfunction]
#[pyo3(signature = (wql, /, *args, **named))]
pub(crate) fn format_query(
    wql: &str,
    args: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> Result<String> {
    Ok(wql::format(wql, &parameters(args, named)?)?)
}

/// A text as a WQL string literal, in double quotes.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn quote(text: &str) -> Result<String> {
    Ok(wql::quote(text)?)
}

/// A text with its `LIKE` wildcards bracketed, so that it matches only itself.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn like_literal(text: &str) -> String {
    wql::like_literal(text)
}
