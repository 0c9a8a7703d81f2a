//! Azure's management services on the wire: classic (ASM), Resource Manager (ARM), Key Vault, Entra tokens.
//!
//! No kept crate has these calls. Every request goes through one door (`door`), which adds the token and the request ids, tries
//! again after the rules of each service, and turns error documents into errors. What is written here was checked against
//! recorded exchanges; none of it has met a live subscription from this project.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `environment`, `options_reading` | [`AzureEnvironment`]: the clouds and their addresses; [`AzureOptions`]: other addresses, trust, time |
//! | `door`, `retry` | one request with its retries; [`RetryPolicy`] |
//! | `error_document` | what Azure says when it refuses |
//! | `operation` | [`Operation`]: long-running operations of ARM, to be polled, stored and taken up again |
//! | `credential`, `token` | [`Credential`]: who we are; tokens of Entra, of a managed identity, of the `az` program |
//! | `resource_manager`, `key_vault` | the calls of ARM and of a vault |
//! | `asm/` | the classic Service Management API, with its XML |

mod answer;
pub mod asm;
mod az_program;
mod client_assertion;
mod credential;
mod door;
mod environment;
mod error_document;
mod key_vault;
mod operation;
mod options_reading;
mod refusal;
mod resource_manager;
mod retry;
mod serialized;
mod token;

pub use answer::AzureAnswer;
pub use credential::Credential;
pub use environment::{AzureEnvironment, AzureOptions};
pub use key_vault::{KeyVault, VaultCertificate};
pub use operation::Operation;
pub use resource_manager::{ResourceManager, is_same_id, is_same_location};
pub use retry::RetryPolicy;
