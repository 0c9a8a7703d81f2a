//! What the site says about the gateway, looked at again and again.

use std::collections::HashSet;
use std::time::Duration;

use crate::cert::{Certificate, Thumbprint};
use crate::error::Result;
use crate::gateway::Gateway;
use crate::site::{ConnectOptions, Site};

/// A site to ask, and how often.
#[derive(Clone, Debug)]
pub(super) struct SiteSource {
    pub(super) connect: ConnectOptions,
    pub(super) service_name: String,
    pub(super) interval: Duration,
}

/// An open site with the gateway it is asked about.
pub(super) struct SiteWatch {
    site: Site,
    source: SiteSource,
}

impl SiteWatch {
    pub(super) async fn open(source: SiteSource) -> Result<Self> {
        let site = Site::connect(source.connect.clone()).await?;
        Ok(SiteWatch { site, source })
    }

    pub(super) fn interval(&self) -> Duration {
        self.source.interval
    }

    /// Those of the uploaded sub-CAs whose thumbprints the site lists.
    pub(super) async fn listed(&self, uploaded: &[Certificate]) -> Result<Vec<Certificate>> {
        let gateway = Gateway::find(&self.site, &self.source.service_name).await?;
        let list = gateway.sub_ca().list().await?;
        let listed: HashSet<Thumbprint> = list.thumbprints().collect();
        let known: HashSet<Thumbprint> = uploaded.iter().map(Certificate::thumbprint).collect();
        for missing in listed.difference(&known) {
            tracing::debug!(thumbprint = %missing, "the site lists a sub-CA that was not uploaded");
        }
        Ok(uploaded.iter().filter(|each| listed.contains(&each.thumbprint())).cloned().collect())
    }
}
