//! Recorded exchanges with Azure, and a server that answers with them.
//!
//! The recordings lie beside the project and are no part of it; where they are missing, tests say so and are skipped.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::test_pki::TestPki;
use crate::wire_server::{Reaction, WireRequest, WireServer};

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// File name and running number.
    pub id: String,
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The request's body, where one was recorded.
    pub request_body: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    pub body: String,
}

impl Exchange {
    fn read(line: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(line).ok()?;
        let (request, response) = (json.get("request")?, json.get("response")?);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let headers = response.get("headers")?.as_object()?;
        Some(Exchange {
            id: text(&json, "id")?,
            method: text(request, "method")?,
            target: text(request, "path_and_query")?,
            request_body: text(request, "body"),
            status: u16::try_from(response.get("status")?.as_u64()?).ok()?,
            headers: headers
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            body: text(response, "body").unwrap_or_default(),
        })
    }

    fn reaction(&self) -> Reaction {
        let mut lines = String::new();
        for (name, value) in &self.headers {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.method.as_str() {
            "HEAD" => Reaction::with_headers(self.status, &lines, ""),
            _ => Reaction::with_headers(self.status, &lines, &self.body),
        }
    }
}

/// The folder of the recordings, where it is there.
pub fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/azure-recordings");
    folder.is_dir().then_some(folder)
}

/// The stories whose file names begin so, each with its exchanges in order.
///
/// # Panics
/// Where a file cannot be read: a recording that is there must be whole.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn stories(prefix: &str) -> Vec<(String, Vec<Exchange>)> {
    let Some(folder) = folder() else { return Vec::new() };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    let name = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    files
        .iter()
        .filter(|file| name(file).starts_with(prefix))
        .map(|file| {
            let text = std::fs::read_to_string(file).expect("a story");
            let exchanges = text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| Exchange::read(line).expect("an exchange"));
            (name(file), exchanges.collect())
        })
        .collect()
}

/// A server that gives each recorded answer once, to the request that it was recorded for.
#[derive(Debug)]
pub struct ReplayServer {
    server: WireServer,
    story: Arc<Mutex<Vec<(Exchange, bool)>>>,
    /// The CA of its certificate, PEM.
    pub ca_pem: String,
}

impl ReplayServer {
    /// Starts with a story.
    pub async fn start(exchanges: &[Exchange]) -> Self {
        let pki = TestPki::new();
        let story: Vec<_> = exchanges.iter().map(|exchange| (exchange.clone(), false)).collect();
        let story = Arc::new(Mutex::new(story));
        let told = Arc::clone(&story);
        let react = move |request: &WireRequest| react(&told, request);
        let server = WireServer::start(&pki.server(&["localhost"]), react).await;
        ReplayServer { server, story, ca_pem: pki.ca_pem().to_owned() }
    }

    /// The base address.
    pub fn url(&self) -> String {
        self.server.url().trim_end_matches("/AdminService").to_owned()
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<WireRequest> {
        self.server.requests()
    }

    /// The first exchange that was not asked for yet.
    pub fn next(&self) -> Option<Exchange> {
        let story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        story.iter().find(|(_, is_used)| !is_used).map(|(exchange, _)| exchange.clone())
    }
}

fn react(story: &Mutex<Vec<(Exchange, bool)>>, request: &WireRequest) -> Reaction {
    let mut story = story.lock().unwrap_or_else(PoisonError::into_inner);
    let found = story.iter_mut().find(|(exchange, is_used)| {
        !is_used && exchange.method == request.method && exchange.target == request.target
    });
    match found {
        Some((exchange, is_used)) => {
            *is_used = true;
            exchange.reaction()
        }
        None => {
            Reaction::json(404, r#"{"error":{"code":"NotRecorded","message":"no such exchange is left"}}"#)
        }
    }
}
