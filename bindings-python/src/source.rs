//! Where a script takes sub-CAs from.

use std::path::PathBuf;

use cmgateway::cert;
use cmgateway::gateway::sub_ca::SubCaSource;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::cert::Certificate;
use crate::error::{Failure, Result, wrong_type};
use crate::file_source;
use crate::pki::IssuedCertificate;
use crate::thumbprint::Thumbprint;

/// One item, or any number of them.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<Vec<SubCaSource>> {
    let mut sources = Vec::new();
    if !push(&mut sources, object)? {
        // Iterating these gives something: keys, lines, but no sub-CAs.
        let is_several = !object.is_instance_of::<PyDict>() && !object.hasattr("read")?;
        let Some(items) = object.try_iter().ok().filter(|_| is_several) else { return Err(refused(object)) };
        for item in items {
            let item = item?;
            if !push(&mut sources, &item)? {
                return Err(refused(&item));
            }
        }
    }
    Ok(sources)
}

fn refused(object: &Bound<'_, PyAny>) -> Failure {
    let expected = "a sub-CA is a Certificate, an IssuedCertificate, a Thumbprint, text, a path or bytes, one or several";
    wrong_type(expected, object)
}

/// Adds what one object stands for; false where it is no single item.
fn push(sources: &mut Vec<SubCaSource>, object: &Bound<'_, PyAny>) -> Result<bool> {
    if let Ok(certificate) = object.cast::<Certificate>() {
        sources.push(SubCaSource::Certificate(certificate.get().0.clone()));
    } else if let Ok(thumbprint) = object.cast::<Thumbprint>() {
        sources.push(SubCaSource::Thumbprint(thumbprint.get().0));
    } else if let Ok(text) = object.cast::<PyString>() {
        sources.push(SubCaSource::from_text(&text.to_cow()?)?);
    } else if let Ok(issued) = object.cast::<IssuedCertificate>() {
        sources.push(SubCaSource::Certificate(issued.get().0.certificate().clone()));
    } else if let Some(certificates) = file_source::from_bytes(object, cert::load_cer)? {
        sources.extend(certificates.into_iter().map(SubCaSource::Certificate));
    } else if object.hasattr("__fspath__")? {
        sources.push(SubCaSource::File(object.extract::<PathBuf>()?));
    } else {
        return Ok(false);
    }
    Ok(true)
}
