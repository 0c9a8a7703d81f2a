//! The calls of the classic API about the subscription and its management certificates.

use reqwest::Method;

use super::client::{ServiceManagement, was_there};
use super::request;
use super::subscription::{Location, ManagementCertificateEntry, Subscription};
use crate::cert::{Certificate, Thumbprint};
use crate::error::Result;

impl ServiceManagement {
    /// What the service tells about the subscription.
    ///
    /// # Errors
    /// `auth` where the certificate is unknown to the subscription; `unavailable`, `timed_out`, `protocol`.
    pub async fn subscription(&self) -> Result<Subscription> {
        Ok(Subscription::read(&self.read("read the subscription", "").await?))
    }

    /// The regions that there are.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn locations(&self) -> Result<Vec<Location>> {
        let root = self.read("list locations", "/locations").await?;
        Ok(root.children("Location").map(Location::read).collect())
    }

    /// The management certificates that the subscription knows.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn management_certificates(&self) -> Result<Vec<ManagementCertificateEntry>> {
        let root = self.read("list management certificates", "/certificates").await?;
        Ok(root.children("SubscriptionCertificate").map(ManagementCertificateEntry::read).collect())
    }

    /// Adds a management certificate; its key stays here.
    ///
    /// # Errors
    /// `conflict` where it is there already; those of [`ServiceManagement::subscription`].
    pub async fn add_management_certificate(&self, certificate: &Certificate) -> Result<()> {
        let body = request::subscription_certificate(certificate);
        self.change("add a management certificate", Method::POST, "/certificates", Some(body.to_document()))
            .await
            .map(drop)
    }

    /// Deletes a management certificate. False where there was none.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn delete_management_certificate(&self, thumbprint: Thumbprint) -> Result<bool> {
        let path = format!("/certificates/{thumbprint}");
        was_there(self.change("delete a management certificate", Method::DELETE, &path, None).await)
    }
}
