//! From external to internal addresses: pure, without sockets.
//!
//! The shapes are Microsoft's: `/CCM_Proxy_MutualAuth/<id>/<endpoint>/…`, `/CCM_Proxy_ServerAuth/<id>/<endpoint>/…` and
//! the two questions without an id. Path parts match without case; ids are unsigned 64-bit numbers. Only what is
//! published passes, and nothing in a path can lead out of it.

mod external_path;
mod internal_address;
mod table;

pub use external_path::{Authentication, ExternalPath, ExternalTarget, PathRefusal, RoleId};
pub use internal_address::InternalAddress;
pub use table::{ADMIN_SERVICE_ENDPOINTS, MANAGEMENT_POINT_ENDPOINTS, Mapping, MappingTable, Published};
