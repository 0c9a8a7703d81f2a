//! How many connection points a gateway needs; pure.

use std::fmt;

use serde::Serialize;

/// Instances of a gateway that one connection point serves.
const INSTANCES_PER_CONNECTION_POINT: u32 = 4;
/// Connection points of which one may fail.
const FOR_AVAILABILITY: u32 = 2;

/// How many connection points a gateway needs, and why.
///
/// Microsoft's sizes: one for every 4 instances, two of them so that one may fail.
///
/// ```
/// use cmgateway::gateway::connection_point_role::ConnectionPointAdvice;
/// let advice = ConnectionPointAdvice::new(16, 1);
/// assert_eq!((advice.for_load, advice.recommended, advice.missing), (4, 4, 3));
/// assert_eq!(ConnectionPointAdvice::new(1, 1).recommended, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionPointAdvice {
    /// The instances of the gateway.
    pub instances: u32,
    /// How many the load needs.
    pub for_load: u32,
    /// How many are recommended: what the load needs, and two at least.
    pub recommended: u32,
    /// How many there are.
    pub existing: u32,
    /// How many are missing.
    pub missing: u32,
}

impl ConnectionPointAdvice {
    /// Advises for a gateway with so many instances that has so many connection points.
    pub fn new(instances: u32, existing: u32) -> Self {
        let for_load = instances.div_ceil(INSTANCES_PER_CONNECTION_POINT).max(1);
        let recommended = for_load.max(FOR_AVAILABILITY);
        let missing = recommended.saturating_sub(existing);
        ConnectionPointAdvice { instances, for_load, recommended, existing, missing }
    }
}

impl fmt::Display for ConnectionPointAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConnectionPointAdvice { instances, for_load, recommended, existing, missing } = self;
        write!(f, "{instances} instances need {for_load} for the load; {recommended} are recommended")?;
        match (missing, existing < for_load) {
            (0, _) => write!(f, ", {existing} are there"),
            (_, true) => write!(f, ", {existing} are there: add {missing}, the load needs them"),
            (_, false) => write!(f, ", {existing} are there: add {missing}, so that one may fail"),
        }
    }
}
