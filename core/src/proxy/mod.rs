//! The gateway itself: clients from the Internet at one end, management points inside at the other.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mapping/` | [`ExternalPath`], [`MappingTable`], [`InternalAddress`]: which path leads where; pure |
//! | `configuration` | [`Configuration`]: whom instances trust and what they publish, with a version |
//! | `tunnel/` | streams with the roles turned round: credit, pings, the control stream |
//! | `instance/` | [`Instance`]: the front that clients connect to |
//! | `connection_point/` | [`ConnectionPoint`]: dials the instances, asks the servers inside |
//! | `headers`, `traffic` | which headers pass; what went through |
//! | `workers`, `times` | the threads that serve; bounds of times that are set |
//! | `socket_settings` | how much the kernel keeps for a peer that does not read |

mod configuration;
mod connection_point;
mod headers;
mod instance;
mod mapping;
mod socket_settings;
mod times;
mod traffic;
mod tunnel;
mod workers;

pub use configuration::{Configuration, EntraTenant, TokenRules};
pub(crate) use connection_point::usual_connections;
pub use connection_point::{
    ConnectionPoint, ConnectionPointOptions, ConnectionPointStatus, InstanceAddress, InstanceStatus,
    TunnelProxy,
};
pub use instance::{Instance, InstanceLimits, InstanceOptions, InstanceState};
pub use mapping::{
    ADMIN_SERVICE_ENDPOINTS, Authentication, ExternalPath, ExternalTarget, InternalAddress,
    MANAGEMENT_POINT_ENDPOINTS, Mapping, MappingTable, PathRefusal, Published, RoleId,
};
pub use traffic::EndpointTraffic;
pub use tunnel::message::InstanceCounts;
pub use tunnel::pin::Pin;
