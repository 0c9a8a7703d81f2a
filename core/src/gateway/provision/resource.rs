//! A resource that a gateway is made of.

use serde_json::Value;

/// What has to be done for a resource, beyond putting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Registered, not created.
    Provider,
    /// A resource group; `existing` must be there already.
    Group { existing: bool },
    /// Put, by its path.
    Put,
    /// A vault: a deleted one of the same name is recovered.
    Vault,
    /// A certificate in the vault.
    VaultCertificate,
    /// Nothing is put: waits until the instances run.
    Instances,
    /// A folder of this machine.
    Folder,
    /// Certificate and key, as files of this machine.
    CertificateFiles,
    /// The settings file of an instance.
    Settings,
    /// Shall not be there.
    Removal,
    /// A certificate that the classic API lets in.
    ManagementCertificate,
    /// A cloud service of the classic API.
    CloudService,
    /// A certificate of a cloud service: the server's with its key, or a sub-CA's.
    ServiceCertificate,
    /// What runs in a cloud service.
    Deployment,
    /// A row that ConfigMgr goes by.
    Row,
    /// What ConfigMgr is told to do.
    Task,
}

/// A resource: where it is and what it shall be.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// Its short name, by which others refer to what is known of it: `${identity:/properties/principalId}`.
    pub(super) key: String,
    /// For people.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) how: How,
    pub(super) path: String,
    pub(super) api_version: &'static str,
    pub(super) body: Value,
}
