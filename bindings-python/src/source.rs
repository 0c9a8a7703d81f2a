//! Where a script takes sub-CAs from.

use std::path::PathBuf;

use cmgateway::cert::load_cer;
use cmgateway::gateway::sub_ca::SubCaSource;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::cert::Certificate;
use crate::error::Result;
use crate::thumbprint::Thumbprint;

/// One item, or any number of them.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<Vec<SubCaSource>> {
    let mut sources = Vec::new();
    if !push(&mut sources, object)? {
        for item in object.try_iter()? {
            let item = item?;
            if !push(&mut sources, &item)? {
                // The type error names what can be a file name.
                sources.push(SubCaSource::File(item.extract::<PathBuf>()?));
            }
        }
    }
    Ok(sources)
}

/// Adds what one object stands for; false where it is no single item.
fn push(sources: &mut Vec<SubCaSource>, object: &Bound<'_, PyAny>) -> Result<bool> {
    if let Ok(certificate) = object.cast::<Certificate>() {
        sources.push(SubCaSource::Certificate(certificate.get().0.clone()));
    } else if let Ok(thumbprint) = object.cast::<Thumbprint>() {
        sources.push(SubCaSource::Thumbprint(thumbprint.get().0));
    } else if let Ok(text) = object.cast::<PyString>() {
        sources.push(SubCaSource::from_text(&text.to_cow()?)?);
    } else if let Ok(bytes) = object.cast::<PyBytes>() {
        sources.extend(load_cer(bytes.as_bytes())?.into_iter().map(SubCaSource::Certificate));
    } else if object.hasattr("__fspath__")? {
        sources.push(SubCaSource::File(object.extract::<PathBuf>()?));
    } else {
        return Ok(false);
    }
    Ok(true)
}
