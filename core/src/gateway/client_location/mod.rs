//! Step 8: where a client is, and whom it then talks to.
//!
//! The decision is a pure function ([`decide`]) of what a [`LocationProber`] finds: a domain controller or a management
//! point inside means intranet, else the client is on the Internet and uses the gateway. [`ReferenceClient`] puts it
//! together: it gets files and moves over when the network changes.

mod always_on_internet;
mod candidate;
mod decision;
mod directory;
mod prober;
mod reference_client;
mod refresh;
mod settings;

pub use self::always_on_internet::{
    always_on_internet_here, group_policy_preferences, registry_file, set_always_on_internet_here,
};
pub use self::candidate::{CandidateKind, MpCandidate, PublishedRole, candidates_of};
pub use self::decision::{ClientLocation, LocationDecision, decide};
pub use self::prober::{LocationProbe, LocationProber, LocationProberOptions, ProbeOutcome};
pub use self::reference_client::{CandidateSource, Fetched, ReferenceClient, ReferenceClientOptions};
pub use self::refresh::LocationRefresh;
