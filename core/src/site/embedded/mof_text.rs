//! MOF texts compiled into a site file.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::catalog::Catalog;
use super::sqlite_error::sqlite_error;
use super::{define, write};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::MOF_TEXT_BYTES_MAX;
use crate::site::transport::PutMode;
use crate::wmi::Identifier;
use crate::wmi::mof::{self, Aliases, ClassDeclaration, Declaration, InstanceDeclaration};

/// What a MOF text brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MofCompiled {
    /// Classes that the text declares.
    pub classes: usize,
    /// Instances that the text declares.
    pub instances: usize,
}

/// Compiles a text, whole or not at all.
pub(super) fn compile(connection: &mut Connection, catalog: &Catalog, text: &str) -> Result<MofCompiled> {
    let declarations = mof::parse(text)?;
    let failed = |error| sqlite_error("compile MOF", error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let mut compiled = MofCompiled::default();
    let mut aliases = Aliases::new();
    for declaration in declarations {
        match declaration {
            // A site file is one namespace.
            Declaration::Namespace { .. } => {}
            Declaration::Class(ClassDeclaration { class, at }) => {
                define::define_or_extend(&transaction, catalog, class, false)
                    .map_err(|error| at.add_to(error))?;
                compiled.classes += 1;
            }
            Declaration::Instance(declared) => {
                put(&transaction, catalog, &declared, &mut aliases)?;
                compiled.instances += 1;
            }
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(compiled)
}

fn put(
    transaction: &rusqlite::Transaction<'_>,
    catalog: &Catalog,
    declared: &InstanceDeclaration,
    aliases: &mut Aliases,
) -> Result<()> {
    let classes = |name: &Identifier| catalog.class(transaction, name);
    let instance = mof::instance(declared, &classes, aliases)?;
    let path = write::put_in(transaction, catalog, &instance, PutMode::CreateOrUpdate)
        .map_err(|error| declared.at.add_to(error))?;
    if let Some(alias) = &declared.alias {
        aliases.insert(alias.clone(), path);
    }
    Ok(())
}

/// Reads a MOF file: UTF-8, or UTF-16 with its mark at the beginning, as Windows tools write it.
pub(super) fn read_file(path: &Path) -> Result<String> {
    let operation = format!("read MOF file {}", path.display());
    let refuse = |kind, cause: String| Error::new(kind, operation.as_str(), cause);
    let length = std::fs::metadata(path).map(|metadata| metadata.len());
    let bytes = match length {
        Ok(length) if length > MOF_TEXT_BYTES_MAX as u64 * 2 => {
            return Err(refuse(ErrorKind::Config, format!("it has {length} bytes, too many")));
        }
        _ => std::fs::read(path),
    };
    let bytes = bytes.map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Auth,
            _ => ErrorKind::Unavailable,
        };
        refuse(kind, error.to_string()).with_source(error)
    })?;
    let utf_16 = |from: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).skip(1).filter_map(|pair| Some(from(pair.try_into().ok()?)));
        String::from_utf16(&units.collect::<Vec<_>>()).ok()
    };
    let text = match bytes.as_slice() {
        [0xFF, 0xFE, ..] => utf_16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf_16(u16::from_be_bytes),
        _ => String::from_utf8(bytes.clone()).ok(),
    };
    text.ok_or_else(|| refuse(ErrorKind::Config, "it is neither UTF-8 nor UTF-16".to_owned()))
}
