//! Sub-CA certificates in the cloud service and their thumbprints in the site, made to agree.

use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::source::{Candidate, resolve};
use super::{ChangeKind, SubCa, SubCaPlan, SubCaSource};
use crate::azure::asm::ServiceManagement;
use crate::cert::{Certificate, Thumbprint};
use crate::error::{Error, ErrorKind, Result};

/// What making the cloud service and the site agree on sub-CAs would do.
///
/// It prints as a table and serialises to JSON.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubCaSyncPlan {
    /// The cloud service that the certificates go to.
    pub cloud_service: String,
    /// The certificates that it lacks.
    pub uploads: Vec<Certificate>,
    /// The thumbprints that it has.
    pub kept: Vec<Thumbprint>,
    /// What happens to the list in the site.
    pub site: SubCaPlan,
}

impl SubCaSyncPlan {
    /// False where cloud service and site agree already.
    pub fn is_change(&self) -> bool {
        !self.uploads.is_empty() || self.site.is_change()
    }
}

impl fmt::Display for SubCaSyncPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Cloud service {}", self.cloud_service)?;
        for one in &self.uploads {
            writeln!(f, "  upload  {}  {}", one.thumbprint(), one.subject())?;
        }
        for thumbprint in &self.kept {
            writeln!(f, "  keep    {thumbprint}")?;
        }
        write!(f, "{}", self.site)
    }
}

impl Serialize for SubCaSyncPlan {
    /// The fields, thumbprints in place of certificates, and `is_change` and `text` with them.
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let uploads: Vec<_> = self.uploads.iter().map(|one| one.thumbprint().to_string()).collect();
        let kept: Vec<_> = self.kept.iter().map(ToString::to_string).collect();
        json!({
            "cloud_service": self.cloud_service, "uploads": uploads, "kept": kept, "site": self.site,
            "is_change": self.is_change(), "text": self.to_string(),
        })
        .serialize(to)
    }
}

impl SubCa {
    /// Says what making the cloud service and the site agree on these sub-CAs would do; nothing is changed.
    ///
    /// The cloud service is that of the classic API, by the gateway's `Name`. Each source must hold a certificate.
    ///
    /// # Errors
    /// `config` for a thumbprint without its certificate; those of [`SubCa::plan`] and of the classic API.
    pub async fn plan_sync(
        &self,
        classic: &ServiceManagement,
        sources: &[SubCaSource],
    ) -> Result<SubCaSyncPlan> {
        let candidates = resolve(sources).await?;
        let operation = format!("synchronise the sub-CAs of {}", self.gateway.service_name());
        let cloud_service = self.cloud_service(&operation).await?;
        let there = uploaded(classic, &cloud_service).await?;
        let (mut uploads, mut kept): (Vec<Certificate>, Vec<Thumbprint>) = (Vec::new(), Vec::new());
        for Candidate { thumbprint, certificate } in &candidates {
            match certificate {
                _ if there.contains(thumbprint) => kept.push(*thumbprint),
                Some(one) if !uploads.contains(one) => uploads.push(one.clone()),
                Some(_) => {}
                None => {
                    let cause = format!(
                        "the cloud service does not have {thumbprint}, and only a thumbprint is given; give the certificate"
                    );
                    return Err(Error::new(ErrorKind::Config, operation, cause));
                }
            }
        }
        let site = self.plan_for(ChangeKind::Set, &candidates).await?;
        Ok(SubCaSyncPlan { cloud_service, uploads, kept, site })
    }

    /// Uploads sub-CAs to the cloud service, writes their thumbprints to the site, and checks that all agree.
    ///
    /// The site's list becomes exactly these. What is there already is not sent again, so it is safe to call twice; where it
    /// stops half-way, the next call goes on. The classic API was switched off: checked against scripted answers only.
    ///
    /// # Errors
    /// Those of [`SubCa::plan_sync`] and [`SubCa::apply`]; `conflict` where cloud service and site do not agree afterwards.
    pub async fn sync(&self, classic: &ServiceManagement, sources: &[SubCaSource]) -> Result<SubCaSyncPlan> {
        let plan = self.plan_sync(classic, sources).await?;
        // The certificates first: the site must not name one that the gateway does not have.
        for certificate in &plan.uploads {
            let operation = classic.add_service_certificate(&plan.cloud_service, certificate).await?;
            classic.finish(&operation).await?;
        }
        let list = self.apply(&plan.site).await?;
        let there = uploaded(classic, &plan.cloud_service).await?;
        let missing: Vec<_> =
            list.thumbprints().filter(|one| !there.contains(one)).map(|one| one.to_string()).collect();
        if missing.is_empty() {
            return Ok(plan);
        }
        let cause = format!("the site lists what the cloud service does not have: {}", missing.join(", "));
        let operation = format!("synchronise the sub-CAs of {}", self.gateway.service_name());
        Err(Error::new(ErrorKind::Conflict, operation, cause))
    }

    async fn cloud_service(&self, operation: &str) -> Result<String> {
        let row = self.gateway.instance().await?;
        let name = row.text("Name").unwrap_or_default().to_owned();
        if name.is_empty() {
            let cause = "the site does not tell its cloud service (Name)";
            return Err(Error::new(ErrorKind::NotFound, operation, cause));
        }
        Ok(name)
    }
}

async fn uploaded(classic: &ServiceManagement, service: &str) -> Result<Vec<Thumbprint>> {
    let all = classic.service_certificates(service).await?;
    Ok(all.iter().filter_map(|one| one.thumbprint).collect())
}
