//! MOF texts compiled into a site file.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::catalog::Catalog;
use super::sqlite_error::sqlite_error;
use super::{define, write};
use crate::error::Result;
use crate::limits::MOF_TEXT_BYTES_MAX;
use crate::site::transport::PutMode;
use crate::text_file;
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
    // UTF-16 has two bytes for a letter.
    let bytes_max = MOF_TEXT_BYTES_MAX.saturating_mul(2);
    text_file::read(path, bytes_max, &format!("read MOF file {}", path.display()))
}
