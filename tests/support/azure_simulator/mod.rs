//! A simulator of the Resource Manager, of Key Vault, of Entra and of the classic API, behind one address, with faults at the
//! test's wish. Its shapes are those of the recordings, which `azure_simulator_shapes` compares.

mod classic;
mod fault;
mod key_vault;
mod long_running;
mod resource;
mod resource_group;
mod resource_manager;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use self::fault::{Fault, FaultSchedule};
use self::resource_manager::World;
use crate::test_pki::TestPki;
use crate::wire_server::{Reaction, WireRequest, WireServer};

/// The simulator; stops when it is dropped.
#[derive(Debug)]
pub struct AzureSimulator {
    server: WireServer,
    world: Arc<Mutex<World>>,
    /// The CA of its certificate, PEM.
    pub ca_pem: String,
}

/// An answer: status, headers, body.
#[derive(Clone, Debug)]
pub struct SimulatedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// JSON or XML; empty for no body.
    pub body: String,
    content_type: &'static str,
}

impl SimulatedAnswer {
    fn new(status: u16, body: Value) -> Self {
        SimulatedAnswer { body: body.to_string(), ..Self::empty(status) }
    }

    fn empty(status: u16) -> Self {
        let content_type = "application/json; charset=utf-8";
        SimulatedAnswer { status, headers: Vec::new(), body: String::new(), content_type }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, json!({ "error": { "code": code, "message": message } }))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn reaction(&self) -> Reaction {
        let mut lines = String::new();
        for (name, value) in &self.headers {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.body.as_str();
        if !body.is_empty() {
            lines.push_str(&format!("Content-Type: {}\r\n", self.content_type));
        }
        // The connection stays open: a handshake for each request would take most of a test's time.
        let head = format!("HTTP/1.1 {} Said\r\nContent-Length: {}\r\n{lines}\r\n", self.status, body.len());
        Reaction::BytesAndOn([head.as_bytes(), body.as_bytes()].concat())
    }
}

impl AzureSimulator {
    /// Starts an empty subscription.
    pub async fn start() -> Self {
        Self::with_faults(FaultSchedule::default()).await
    }

    /// Starts an empty subscription that misbehaves by a schedule.
    pub async fn with_faults(faults: FaultSchedule) -> Self {
        let pki = TestPki::new();
        let world = Arc::new(Mutex::new(World::new(faults)));
        let shared = Arc::clone(&world);
        let react = move |request: &WireRequest| react(&shared, request);
        let server = WireServer::start_asking(&pki.server(&["localhost"]), react).await;
        let simulator = AzureSimulator { server, world, ca_pem: pki.ca_pem().to_owned() };
        simulator.world().base = simulator.url();
        simulator
    }

    /// Its address, for every service.
    pub fn url(&self) -> String {
        self.server.url().trim_end_matches("/AdminService").to_owned()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<WireRequest> {
        self.server.requests()
    }

    /// How many resources of a type there are, such as `publicIPAddresses`.
    pub fn count(&self, resource_type: &str) -> usize {
        let wanted = format!("/{}/", resource_type.to_ascii_lowercase());
        self.world().resources.keys().filter(|path| path.contains(&wanted)).count()
    }

    /// Every resource with its body, the vault's certificates among them, without what changes from run to run.
    pub fn state(&self) -> Vec<(String, Value)> {
        let world = self.world();
        let resources = world.resources.iter().map(|(path, resource)| (path.clone(), resource.body.clone()));
        let certificates = world.vault.versions().into_iter().map(|(name, count)| (name, json!(count)));
        resources.chain(certificates).chain(world.classic.state()).collect()
    }

    /// How many versions the vault has of each certificate.
    pub fn certificate_versions(&self) -> Vec<(String, usize)> {
        self.world().vault.versions()
    }

    /// Puts the group into the state of being deleted; it is gone after so many looks.
    pub fn begin_deletion(&self, group_path: &str, looks: u32) {
        self.world().begin_deletion(group_path, looks);
    }

    /// Answers a request that does not come over the wire.
    pub fn ask(&self, request: &WireRequest) -> SimulatedAnswer {
        answer(&mut self.world(), request)
    }

    /// Gives a name of the classic API to somebody else.
    pub fn take_name(&self, name: &str) {
        self.world().classic.taken.push(name.to_ascii_lowercase());
    }

    /// Refuses the first requests of every management certificate that is added from now on: the service knows it at once, and
    /// lets it in a moment later.
    pub fn refuse_fresh_certificates(&self, requests: u32) {
        self.world().classic.fresh_refusals = requests;
    }

    /// Somebody else begins to suspend a deployment of the classic API, or to delete it.
    pub fn interfere_with(&self, service: &str, deletes: bool) {
        self.world().classic.interfere(&service.to_ascii_lowercase(), deletes);
    }

    /// Loses one answer, of the next request of this method whose target ends so: the service acts, and nobody hears of it.
    pub fn lose_answer_of(&self, method: &str, end: &str) {
        self.world().lost = Some((method.to_owned(), end.to_owned()));
    }

    /// Says from now on what goes wrong.
    pub fn set_faults(&self, faults: FaultSchedule) {
        self.world().faults = faults;
    }

    /// Is the government's cloud from now on: operations are asked about at its address.
    pub fn be_the_governments(&self) {
        self.world().usual = "https://management.usgovcloudapi.net";
    }

    /// Registers the providers, as most subscriptions have them.
    pub fn register_providers(&self) {
        self.world().register_all();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that tells who we are, as Entra's do; nobody checks its signature here.
pub const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJ0aWQiOiIxMTExMTExMS0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDEiLCJvaWQiOiIyMjIyMjIyMi0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDEifQ.c2ln";

fn react(world: &Mutex<World>, request: &WireRequest) -> Reaction {
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let is_lost = |(method, end): &mut (String, String)| {
        request.method == *method && request.target.ends_with(end.as_str())
    };
    let fault = match world.lost.take_if(is_lost) {
        Some(_) => Some(Fault::LostAnswer),
        None => world.faults.next(),
    };
    let is_classic = classic::is_classic(&request.target);
    if fault == Some(Fault::Broken) {
        return Reaction::Bytes(Vec::new());
    }
    if let Some(refused) = fault.and_then(|fault| refused_by(fault, is_classic)) {
        return refused.reaction();
    }
    let answer = answer(&mut world, request);
    match fault {
        // The service acted, and nobody hears of it.
        Some(Fault::LostAnswer) => Reaction::Bytes(Vec::new()),
        _ => answer.reaction(),
    }
}

/// What a service says that does not act; the classic one throttles by 503 and names no time.
fn refused_by(fault: Fault, is_classic: bool) -> Option<SimulatedAnswer> {
    match (fault, is_classic) {
        (Fault::Throttled { .. }, true) => {
            let message = "Too many requests received. Retry after some time.";
            Some(classic::answer::error(503, "TooManyRequests", message))
        }
        (Fault::Unavailable, true) => Some(classic::answer::error(503, "ServerBusy", "The server is busy.")),
        (Fault::Throttled { seconds }, false) => {
            let answer = SimulatedAnswer::error(429, "TooManyRequests", "The request was throttled.");
            Some(match seconds {
                Some(seconds) => answer.with("Retry-After", &seconds.to_string()),
                None => answer,
            })
        }
        (Fault::Unavailable, false) => Some(SimulatedAnswer::error(503, "ServerBusy", "The server is busy.")),
        (Fault::Broken | Fault::LostAnswer, _) => None,
    }
}

fn answer(world: &mut World, request: &WireRequest) -> SimulatedAnswer {
    if classic::is_classic(&request.target) {
        return world.classic.answer(request);
    }
    world.requests += 1;
    let id = format!("00000000-0000-0000-0000-{:012}", world.requests);
    let is_vault =
        ["/certificates", "/deletedcertificates"].iter().any(|path| request.target.starts_with(path));
    let answer = if is_vault {
        let is_let_in = request.head.to_ascii_lowercase().contains("authorization: bearer ");
        world.vault.answer(request, is_let_in)
    } else if request.target.ends_with("/oauth2/v2.0/token") {
        let token = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN });
        SimulatedAnswer::new(200, token)
    } else {
        world.answer(request)
    };
    answer.with("x-ms-request-id", &id)
}
