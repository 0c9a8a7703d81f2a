//! A small client that gets files from a management point, directly or through the gateway.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;

use super::candidate::{CandidateKind, MpCandidate, PublishedRole, candidates_of};
use super::decision::{ClientLocation, LocationDecision};
use super::prober::{LocationProbe, LocationProber, LocationProberOptions, get, http_client};
use super::refresh::LocationRefresh;
use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::site_roles::{RoleKind, SiteRoles};
use crate::limits::{LOCATION_DOWNLOAD_TIMEOUT, LOCATION_REFRESH_INTERVAL};
use crate::net::http::{HttpAnswer, Url};
use crate::net::{SystemTimer, Timer};
use crate::site::Site;

/// Where a client has its list of management points from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CandidateSource {
    /// A list that stays.
    List(Vec<MpCandidate>),
    /// The roles of a site, read again with each refresh, and what the gateway publishes of them.
    Site {
        /// The site.
        site: Site,
        /// The gateway's service name.
        service_name: String,
        /// The numbers of the published roles.
        published: Vec<PublishedRole>,
    },
}

/// What a client needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReferenceClientOptions {
    /// Where it has its list of management points from.
    pub candidates: CandidateSource,
    /// How it finds out where it is. Its roots and certificate are those of its own requests too; a file has
    /// [`LOCATION_DOWNLOAD_TIMEOUT`], where that is longer than its timeout.
    pub prober: LocationProberOptions,
    /// True where it is to use the gateway wherever it is.
    pub always_on_internet: bool,
    /// How often it asks anew where it is, at the latest.
    pub refresh_interval: Duration,
    /// Its clock.
    pub timer: Arc<dyn Timer>,
}

impl ReferenceClientOptions {
    /// Options with the usual interval of 24 hours.
    pub fn new(candidates: CandidateSource, prober: LocationProberOptions) -> Self {
        ReferenceClientOptions {
            candidates,
            prober,
            always_on_internet: false,
            refresh_interval: LOCATION_REFRESH_INTERVAL,
            timer: Arc::new(SystemTimer::new()),
        }
    }
}

/// A file that a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The status of the answer.
    pub status: u16,
    /// The content.
    pub body: Bytes,
    /// The candidate that gave it.
    pub mp: String,
    /// Where the client was.
    pub location: ClientLocation,
}

/// What the client knows of its place.
#[derive(Debug)]
struct Place {
    refresh: LocationRefresh,
    decision: Option<LocationDecision>,
    candidates: Vec<MpCandidate>,
}

/// A client that gets files from a management point: directly on the intranet, through the gateway on the Internet.
///
/// It decides where it is with the first request, then every 24 hours, when it is told of a change of the network, and when
/// nobody of its candidates can be reached any more. For tests of gateways and for scripts; it is no agent, and the private
/// protocol of Microsoft's is not spoken.
///
/// ```no_run
/// # async fn example() -> cmgateway::Result<()> {
/// use cmgateway::gateway::client_location::{
///     CandidateSource, LocationProberOptions, MpCandidate, ReferenceClient, ReferenceClientOptions,
/// };
/// let candidates = vec![
///     MpCandidate::inside("MP1.contoso.com", true)?,
///     MpCandidate::through_gateway("GraniteFalls.contoso.com", 72057594037937981)?,
/// ];
/// let mut prober = LocationProberOptions::default();
/// prober.management_points = vec!["MP1.contoso.com".into()];
/// let options = ReferenceClientOptions::new(CandidateSource::List(candidates), prober);
/// let client = ReferenceClient::new(options).await?;
/// let file = client.get("SMS_MP/.sms_aut?mplist").await?;
/// println!("{} bytes from {} ({})", file.body.len(), file.mp, file.location);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ReferenceClient {
    options: ReferenceClientOptions,
    prober: LocationProber,
    place: Mutex<Place>,
}

impl ReferenceClient {
    /// Reads the files of roots and of the client's certificate; asks nobody yet.
    ///
    /// # Errors
    /// Those of [`LocationProber::new`].
    pub async fn new(options: ReferenceClientOptions) -> Result<Self> {
        let prober = LocationProber::new(options.prober.clone()).await?;
        let refresh = LocationRefresh::every(options.refresh_interval);
        let place = Mutex::new(Place { refresh, decision: None, candidates: Vec::new() });
        Ok(ReferenceClient { options, prober, place })
    }

    /// Asks whether a domain controller and a management point answer, whatever was decided.
    pub async fn probe(&self) -> LocationProbe {
        self.prober.probe().await
    }

    /// Where the client is; decided anew where that is due.
    ///
    /// # Errors
    /// Those of the site that the candidates come from.
    pub async fn location(&self) -> Result<LocationDecision> {
        let mut place = self.place.lock().await;
        self.decided(&mut place).await
    }

    /// The management points that the client may talk to; read anew where that is due.
    ///
    /// # Errors
    /// Those of the site that they come from.
    pub async fn candidates(&self) -> Result<Vec<MpCandidate>> {
        let mut place = self.place.lock().await;
        self.decided(&mut place).await?;
        Ok(place.candidates.clone())
    }

    /// Tells the client that the network has changed: the next request decides anew.
    pub async fn network_changed(&self) {
        self.place.lock().await.refresh.trigger();
    }

    /// Asks at once where the client is and whom it may talk to, as restarting the agent does.
    ///
    /// # Errors
    /// Those of [`ReferenceClient::location`].
    pub async fn refresh(&self) -> Result<LocationDecision> {
        let mut place = self.place.lock().await;
        place.refresh.trigger();
        self.decided(&mut place).await
    }

    /// Gets a file from a management point; where none can be reached, the client looks once more where it is.
    ///
    /// An answer of any status is one; what it says is the caller's.
    ///
    /// # Errors
    /// `not_found` where the list has nobody for this location; `unavailable`, `timed_out`, `auth` where nobody of it answers.
    pub async fn get(&self, path: &str) -> Result<Fetched> {
        match self.try_get(path).await {
            Err(error) if is_unreachable(&error) => {
                self.network_changed().await;
                self.try_get(path).await
            }
            done => done,
        }
    }

    async fn try_get(&self, path: &str) -> Result<Fetched> {
        let operation = format!("get {path}");
        let (location, candidates) = {
            let mut place = self.place.lock().await;
            let decision = self.decided(&mut place).await?;
            (decision.location, place.candidates.clone())
        };
        let kind = match location.uses_gateway() {
            true => CandidateKind::Internet,
            false => CandidateKind::Assigned,
        };
        let mut last = None;
        for one in candidates.iter().filter(|one| one.kind == kind) {
            match self.fetch(&operation, &one.url(path)).await {
                Ok(answer) => {
                    let HttpAnswer { status, body, .. } = answer;
                    return Ok(Fetched { status, body, mp: one.mp.clone(), location });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            let cause = format!("the client is {location}, and its list has no management point for that");
            Error::new(ErrorKind::NotFound, operation, cause)
        }))
    }

    async fn fetch(&self, operation: &str, address: &str) -> Result<HttpAnswer> {
        let url = Url::parse(address).map_err(|error| {
            Error::new(ErrorKind::Config, operation, format!("{address:?} is no address: {error}"))
        })?;
        let (server, mut options) = (url.clone(), self.options.prober.clone());
        // Finding out who is there takes seconds, a large file does not come in them.
        options.timeout = options.timeout.max(LOCATION_DOWNLOAD_TIMEOUT);
        // A client of its own each time: an open connection would outlive the network it was made in.
        let client = background::run(operation, move || http_client(&server, &options)).await?;
        client.send(get(operation, &url)).await
    }

    async fn decided(&self, place: &mut Place) -> Result<LocationDecision> {
        let now = self.options.timer.elapsed();
        if let Some(decision) = place.decision.as_ref().filter(|_| !place.refresh.is_due(now)) {
            return Ok(decision.clone());
        }
        let decision = match self.options.always_on_internet {
            true => super::decision::decide(true, false, false),
            false => self.prober.probe().await.decide(false),
        };
        match self.read_candidates().await {
            Ok(candidates) => place.candidates = candidates,
            // On the Internet nobody reaches the site; the last list stays, as with Microsoft's client.
            Err(error) if place.candidates.is_empty() => return Err(error),
            Err(error) => tracing::debug!(%error, "the list of management points stays as it was"),
        }
        place.refresh.done(now);
        place.decision = Some(decision.clone());
        Ok(decision)
    }

    async fn read_candidates(&self) -> Result<Vec<MpCandidate>> {
        match &self.options.candidates {
            CandidateSource::List(list) => Ok(list.clone()),
            CandidateSource::Site { site, service_name, published } => {
                let roles = SiteRoles::of(site).list(Some(RoleKind::ManagementPoint)).await?;
                candidates_of(&roles, service_name, published)
            }
        }
    }
}

/// A foreign network may not only be silent: a sign-in page answers with a certificate of its own, or breaks off.
fn is_unreachable(error: &Error) -> bool {
    use ErrorKind::{Certificate, NotFound, Protocol, TimedOut, Unavailable};
    matches!(error.kind(), Unavailable | TimedOut | NotFound | Certificate | Protocol)
}
