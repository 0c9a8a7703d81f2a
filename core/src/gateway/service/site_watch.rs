//! What the site says about the gateway, looked at again and again.

use std::collections::HashSet;
use std::time::Duration;

use crate::cert::{Certificate, Thumbprint};
use crate::error::Result;
use crate::gateway::{Gateway, GatewayState};
use crate::proxy::Configuration;
use crate::site::{ConnectOptions, Site};

/// A site to ask, and how often.
#[derive(Clone, Debug)]
pub(super) struct SiteSource {
    pub(super) connect: ConnectOptions,
    pub(super) service_name: String,
    pub(super) interval: Duration,
}

/// What instances go by of what the site says.
pub(super) struct SaidBySite {
    sub_cas: Vec<Certificate>,
    is_stopped: bool,
}

impl SaidBySite {
    pub(super) fn put_into(self, configuration: &mut Configuration) {
        configuration.sub_cas = self.sub_cas;
        configuration.is_stopped = self.is_stopped;
    }
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

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// What the site says, given the sub-CAs that were uploaded.
    pub(super) async fn look(&self, uploaded: &[Certificate]) -> Result<SaidBySite> {
        let gateway = Gateway::find(&self.site, &self.source.service_name).await?;
        let sub_cas = self.listed(&gateway, uploaded).await?;
        // What the numbers of a real site mean is not confirmed, and there the product stops the instances.
        let is_ours = self.site.embedded().is_ok();
        let is_stopped = is_ours && gateway.state().await? == Some(GatewayState::Stopped);
        Ok(SaidBySite { sub_cas, is_stopped })
    }

    /// Those of the uploaded sub-CAs whose thumbprints the site lists.
    async fn listed(&self, gateway: &Gateway, uploaded: &[Certificate]) -> Result<Vec<Certificate>> {
        let list = gateway.sub_ca().list().await?;
        let listed: HashSet<Thumbprint> = list.thumbprints().collect();
        let known: HashSet<Thumbprint> = uploaded.iter().map(Certificate::thumbprint).collect();
        for missing in listed.difference(&known) {
            tracing::debug!(thumbprint = %missing, "the site lists a sub-CA that was not uploaded");
        }
        Ok(uploaded.iter().filter(|each| listed.contains(&each.thumbprint())).cloned().collect())
    }
}
