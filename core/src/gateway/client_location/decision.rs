//! Intranet or Internet; pure.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where a client considers itself to be, in the words of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientLocation {
    /// A domain controller or a management point inside answers.
    CurrentlyIntranet,
    /// Neither answers.
    CurrentlyInternet,
    /// It was told so, wherever it is.
    AlwaysInternet,
}

impl ClientLocation {
    /// The word that scripts use.
    pub fn as_str(self) -> &'static str {
        match self {
            ClientLocation::CurrentlyIntranet => "currently_intranet",
            ClientLocation::CurrentlyInternet => "currently_internet",
            ClientLocation::AlwaysInternet => "always_internet",
        }
    }

    /// True where the client uses the gateway.
    pub fn uses_gateway(self) -> bool {
        self != ClientLocation::CurrentlyIntranet
    }
}

impl fmt::Display for ClientLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ClientLocation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// A decision, and what it was made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LocationDecision {
    /// Where the client is.
    pub location: ClientLocation,
    /// Why, as a sentence.
    pub reason: String,
}

/// Decides where a client is: what it was told counts, then whether a domain controller or management point answers.
///
/// `ClientAlwaysOnInternet` beats everything, boundary groups as well.
///
/// ```
/// use cmgateway::gateway::client_location::{ClientLocation, decide};
/// assert_eq!(decide(false, true, false).location, ClientLocation::CurrentlyIntranet);
/// assert_eq!(decide(false, false, false).location, ClientLocation::CurrentlyInternet);
/// assert_eq!(decide(true, true, true).location, ClientLocation::AlwaysInternet);
/// ```
pub fn decide(
    always_on_internet: bool,
    domain_controller_answers: bool,
    management_point_answers: bool,
) -> LocationDecision {
    let (location, reason) = match (always_on_internet, domain_controller_answers, management_point_answers) {
        (true, _, _) => (ClientLocation::AlwaysInternet, "ClientAlwaysOnInternet is set"),
        (_, true, true) => {
            (ClientLocation::CurrentlyIntranet, "a domain controller and a management point answer")
        }
        (_, true, false) => (ClientLocation::CurrentlyIntranet, "a domain controller answers"),
        (_, false, true) => (ClientLocation::CurrentlyIntranet, "a management point answers"),
        (_, false, false) => {
            (ClientLocation::CurrentlyInternet, "neither a domain controller nor a management point answers")
        }
    };
    LocationDecision { location, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_eight_cases() {
        for bits in 0..8_u8 {
            let (forced, controller, point) = (bits & 4 != 0, bits & 2 != 0, bits & 1 != 0);
            let decision = decide(forced, controller, point);
            let expected = match () {
                () if forced => ClientLocation::AlwaysInternet,
                () if controller || point => ClientLocation::CurrentlyIntranet,
                () => ClientLocation::CurrentlyInternet,
            };
            assert_eq!(decision.location, expected, "{bits:03b}");
            assert_eq!(decision.location.uses_gateway(), forced || !(controller || point));
        }
    }
}
