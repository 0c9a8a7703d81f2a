//! The trust decision: paths from a certificate to an anchor, and whether one of them is valid.
//!
//! `chain` says what belongs together and what is missing; `verifier` decides. It finds paths by `path_search` through a
//! `store`, checks each by `path_validation` with `certificate_rules`, `strict_profile`, `name_constraints` and `policy`,
//! asks the lists (`crl`, `revocation`) and compares the name (`host_name`). `signature` checks one signature. `refusal`
//! says why not, which certificate, and which chain.

#[cfg(test)]
mod bounded_work;
mod certificate_rules;
mod chain;
mod constraints;
mod crl;
mod crl_layout;
mod dsa;
mod extension;
mod host_name;
pub(super) mod name_comparison;
mod name_constraints;
mod path_search;
mod path_validation;
mod policy;
mod refusal;
mod revocation;
mod revocation_reason;
pub(super) mod signature;
mod store;
mod strict_leaf;
mod strict_profile;
mod verifier;

pub use chain::{Chain, build_chain};
pub use crl::{Crl, load_crl, load_crl_file};
pub use refusal::{MissingIssuer, Refusal, RefusalReason};
pub use revocation_reason::{Revocation, RevocationReason};
pub use verifier::{
    AnchorChecks, Profile, Purpose, RevocationMode, VerifiedChain, Verifier, VerifierOptions,
};
