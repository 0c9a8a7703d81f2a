//! Which role lives where.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Result;
use crate::proxy::mapping::{ExternalPath, Mapping, MappingTable, Published};

/// The mappings in force.
pub(super) struct Routes {
    table: MappingTable,
    mappings: HashMap<u64, Arc<Mapping>>,
}

impl Routes {
    pub(super) fn new(mappings: &[Mapping]) -> Result<Self> {
        let table = MappingTable::new(published(mappings))?;
        let by_id = |mapping: &Mapping| (mapping.published.id, Arc::new(mapping.clone()));
        Ok(Routes { table, mappings: mappings.iter().map(by_id).collect() })
    }

    /// Where a path leads, and the endpoint as it is published.
    pub(super) fn find<'a>(&'a self, path: &ExternalPath<'_>) -> Option<(&'a Arc<Mapping>, &'a str)> {
        let (role, endpoint) = self.table.find(path)?;
        Some((self.mappings.get(&role.id)?, endpoint))
    }
}

/// What instances are told of the mappings.
pub(super) fn published(mappings: &[Mapping]) -> Vec<Published> {
    mappings.iter().map(|mapping| mapping.published.clone()).collect()
}
