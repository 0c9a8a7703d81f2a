//! The state of a gateway, as its site tells it.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::json;

/// `SMS_AzureService.State`; Microsoft's page gives no values.
///
/// 0, 4 and 6 come from two scripts that know nothing of each other; 1, 5 and 99 from one. Whoever waits takes every other
/// value for a state on the way.
///
/// ```
/// use cmgateway::gateway::GatewayState;
/// assert_eq!(GatewayState::of(6).to_string(), "Stopped");
/// assert_eq!(GatewayState::of(7).to_string(), "state 7 (not known)");
/// assert!(GatewayState::Ready.is_confirmed() && !GatewayState::Deleting.is_confirmed());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GatewayState {
    /// It serves.
    Ready,
    /// It is being made.
    Provisioning,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// It was stopped.
    Stopped,
    /// It is being deleted.
    Deleting,
    /// A value whose meaning nobody has told.
    Other(u32),
}

impl GatewayState {
    const KNOWN: [GatewayState; 6] = [
        GatewayState::Ready,
        GatewayState::Provisioning,
        GatewayState::Starting,
        GatewayState::Stopping,
        GatewayState::Stopped,
        GatewayState::Deleting,
    ];

    /// The state of a value.
    pub fn of(code: u32) -> Self {
        Self::KNOWN.into_iter().find(|known| known.code() == code).unwrap_or(GatewayState::Other(code))
    }

    /// Its value.
    pub fn code(self) -> u32 {
        match self {
            GatewayState::Ready => 0,
            GatewayState::Provisioning => 1,
            GatewayState::Starting => 4,
            GatewayState::Stopping => 5,
            GatewayState::Stopped => 6,
            GatewayState::Deleting => 99,
            GatewayState::Other(code) => code,
        }
    }

    /// True where two sources that know nothing of each other agree on the value.
    pub fn is_confirmed(self) -> bool {
        matches!(self, GatewayState::Ready | GatewayState::Starting | GatewayState::Stopped)
    }
}

impl fmt::Display for GatewayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GatewayState::Other(code) => write!(f, "state {code} (not known)"),
            known => write!(f, "{known:?}"),
        }
    }
}

impl Serialize for GatewayState {
    /// `code`, `name` and `is_confirmed`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({ "code": self.code(), "name": self.to_string(), "is_confirmed": self.is_confirmed() })
            .serialize(to)
    }
}
