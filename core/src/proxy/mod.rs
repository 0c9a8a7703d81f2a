//! The gateway itself: clients from the Internet at one end, management points inside at the other.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mapping/` | [`ExternalPath`], [`MappingTable`], [`InternalAddress`]: which path leads where; pure |

mod mapping;

pub use mapping::{
    ADMIN_SERVICE_ENDPOINTS, Authentication, ExternalPath, ExternalTarget, InternalAddress,
    MANAGEMENT_POINT_ENDPOINTS, Mapping, MappingTable, PathRefusal, Published, RoleId,
};
