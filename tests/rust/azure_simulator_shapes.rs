//! The simulators are asked what was recorded, and answer in the same shape: status, headers, elements, keys, codes.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cmgateway_tests::azure_simulator::{AzureSimulator, SimulatedAnswer};
use cmgateway_tests::recording::{Exchange, folder, stories};
use cmgateway_tests::skip::not_here;
use cmgateway_tests::wire_server::WireRequest;
use roxmltree::{Document, Node};
use serde_json::Value;

/// Headers that say how to go on, and those that every answer has.
const HEADERS: [&str; 5] =
    ["location", "retry-after", "azure-asyncoperation", "x-ms-request-id", "content-type"];

fn request(method: &str, target: &str, body: &str) -> WireRequest {
    let head = "authorization: Bearer a.b.c\r\nx-ms-version: 2015-04-01\r\n".to_owned();
    let (method, target, body) = (method.to_owned(), target.to_owned(), body.to_owned());
    WireRequest { method, target, head, body, client_certificate: None }
}

fn headers<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.map(|name| name.to_ascii_lowercase()).filter(|name| HEADERS.contains(&name.as_str())).collect()
}

/// Where the polls of a recorded operation lead in the simulator.
#[derive(Default)]
struct Polls(BTreeMap<String, String>);

impl Polls {
    fn target(&self, recorded: &str) -> String {
        self.0.get(recorded).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    /// What the classic API is asked by: the request id.
    fn learn_id(&mut self, exchange: &Exchange, answer: &SimulatedAnswer) {
        let place = |headers: &[(String, String)]| {
            let id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-ms-request-id")).unwrap();
            format!("{}/operations/{}", &exchange.target[..37], id.1)
        };
        self.0.insert(place(&exchange.headers), place(&answer.headers));
    }

    fn learn_addresses(&mut self, exchange: &Exchange, answer: &SimulatedAnswer) {
        for name in ["azure-asyncoperation", "location"] {
            let path = |headers: &[(String, String)]| {
                let (_, url) = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?;
                let rest = url.split_once("://")?.1;
                Some(rest[rest.find('/')?..].to_owned())
            };
            if let (Some(recorded), Some(given)) = (path(&exchange.headers), path(&answer.headers)) {
                self.0.insert(recorded, given);
            }
        }
    }
}

/// The paths of the elements, with the names of their attributes; lists count once.
fn elements(text: &str) -> BTreeSet<String> {
    fn walk(node: Node<'_, '_>, path: &str, found: &mut BTreeSet<String>) {
        let attributes: String = node.attributes().map(|one| format!("@{}", one.name())).collect();
        let path = format!("{path}/{}{attributes}", node.tag_name().name());
        for child in node.children().filter(Node::is_element) {
            walk(child, &path, found);
        }
        found.insert(path);
    }
    let mut found = BTreeSet::new();
    if !text.is_empty() {
        let document = Document::parse(text).unwrap();
        assert_eq!(
            document.root_element().tag_name().namespace(),
            Some("http://schemas.microsoft.com/windowsazure")
        );
        walk(document.root_element(), "", &mut found);
    }
    found
}

fn text_of(text: &str, name: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let node = document.descendants().find(|node| node.tag_name().name() == name)?;
    node.text().map(str::to_owned)
}

/// What the simulators do not have, and why.
fn is_outside(exchange: &Exchange) -> bool {
    let target = exchange.target.to_ascii_lowercase();
    // Other services; refusals that the service gives for reasons that a simulator does not know.
    let is_other =
        ["/storageservices/", "sqlserver", "publisherextensions"].iter().any(|one| target.contains(one));
    // Deployments of single virtual machines.
    let machines = ["clitestvm", "testcloudservice2321/deployments"].iter().any(|one| target.contains(one));
    is_other
        || machines
        || exchange.body.contains("Port 22 is already in use")
        || exchange.body.contains("PersistentVMRole</RoleType")
}

/// The body of a request, where the recorder has masked it.
fn body_of(exchange: &Exchange, certificate: &str) -> String {
    let name = exchange.target.rsplit('/').next().unwrap_or_default();
    let space = "xmlns=\"http://schemas.microsoft.com/windowsazure\"";
    match (&exchange.request_body, exchange.method.as_str(), name) {
        (Some(body), _, _) if body != "*" => body.clone(),
        (_, "POST", "certificates") => format!(
            "<CertificateFile {space}><Data>{certificate}</Data><CertificateFormat>cer</CertificateFormat></CertificateFile>"
        ),
        (_, "POST", "hostedservices") => {
            let location =
                exchange.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location")).unwrap();
            let service = location.1.rsplit('/').next().unwrap();
            let label = STANDARD.encode(service);
            format!(
                "<CreateHostedService {space}><ServiceName>{service}</ServiceName><Label>{label}</Label>\
                 <Location>West US</Location></CreateHostedService>"
            )
        }
        _ => String::new(),
    }
}

#[tokio::test]
async fn classic_answers_have_the_recorded_shape() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    let (mut compared, mut outside) = (0, 0);
    for (name, exchanges) in stories("asm-") {
        let simulator = AzureSimulator::start().await;
        let mut polls = Polls::default();
        let certificate =
            exchanges.iter().find_map(|exchange| text_of(&exchange.body, "Data")).unwrap_or_default();
        for exchange in exchanges {
            if is_outside(&exchange)
                || (name.starts_with("asm-05") && exchange.target.contains("ClitestVmVnet"))
            {
                outside += 1;
                continue;
            }
            let target = polls.target(&exchange.target);
            if target == exchange.target && target.contains("/operations/") {
                // The poll of something that is outside.
                outside += 1;
                continue;
            }
            let asked = request(&exchange.method, &target, &body_of(&exchange, &certificate));
            let mut answer = simulator.ask(&asked);
            let status = text_of(&exchange.body, "Status");
            if target.contains("/operations/") {
                // So many polls as it takes: nobody counts them.
                for _ in 0..4 {
                    if text_of(&answer.body, "Status") == status {
                        break;
                    }
                    answer = simulator.ask(&asked);
                }
                assert!(
                    status.as_deref() == Some("InProgress") || text_of(&answer.body, "Status") == status,
                    "{}",
                    exchange.id
                );
                if text_of(&answer.body, "Status") != status {
                    outside += 1;
                    continue;
                }
            }
            if exchange.status == 202 {
                polls.learn_id(&exchange, &answer);
            }
            assert_eq!(answer.status, exchange.status, "{}: {}", exchange.id, answer.body);
            let (said, recorded) = (
                headers(answer.headers.iter().map(|(name, _)| name)),
                headers(exchange.headers.iter().map(|(name, _)| name)),
            );
            let without_type: BTreeSet<_> =
                recorded.into_iter().filter(|name| name != "content-type").collect();
            assert_eq!(said, without_type, "{}", exchange.id);
            assert_same_elements(&exchange, &answer);
            compared += 1;
        }
    }
    eprintln!("{compared} exchanges compared, {outside} are outside of what is simulated");
    assert!(compared >= 36, "{compared}");
}

fn assert_same_elements(exchange: &Exchange, answer: &SimulatedAnswer) {
    let (said, recorded) = (elements(&answer.body), elements(&exchange.body));
    let is_open = |path: &&String| {
        // Present for a moment, or where somebody has given some.
        ["UpgradeStatus", "ExtendedProperty", "InternalDnsSuffix"].iter().any(|name| path.contains(name))
    };
    let missing: Vec<_> = recorded.difference(&said).filter(|path| !is_open(path)).collect();
    let more: Vec<_> = said.difference(&recorded).filter(|path| !is_open(path)).collect();
    assert!(missing.is_empty() && more.is_empty(), "{}: missing {missing:?}, more {more:?}", exchange.id);
    for name in ["Code", "Message"] {
        assert_eq!(text_of(&answer.body, name), text_of(&exchange.body, name), "{}", exchange.id);
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn state(body: &Value) -> Option<&str> {
    body.pointer("/properties/provisioningState")?.as_str()
}

/// Refusals whose reasons a simulator does not know, and calls that no gateway makes.
fn is_outside_of_arm(exchange: &Exchange) -> bool {
    let target = exchange.target.to_ascii_lowercase();
    let calls = [
        "checkdnsnameavailability",
        "/virtualmachines/",
        "instanceview",
        "/certificates/",
        "/deletedcertificates/",
    ];
    exchange.status == 400
        || exchange.body.contains("AnotherOperationInProgress")
        || calls.iter().any(|one| target.contains(one))
}

#[tokio::test]
async fn resource_manager_answers_have_the_recorded_shape() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    let (mut compared, mut outside) = (0, 0);
    for (_, exchanges) in stories("arm-") {
        let simulator = AzureSimulator::start().await;
        let mut polls = Polls::default();
        for exchange in exchanges {
            if is_outside_of_arm(&exchange) {
                outside += 1;
                continue;
            }
            prepare(&simulator, &exchange);
            let target = polls.target(&exchange.target);
            let is_poll = target.to_ascii_lowercase().contains("/operation");
            if is_poll && target == exchange.target {
                outside += 1;
                continue;
            }
            let asked =
                request(&exchange.method, &target, exchange.request_body.as_deref().unwrap_or_default());
            let mut answer = simulator.ask(&asked);
            let recorded = json(&exchange.body);
            for _ in 0..4 {
                let said = json(&answer.body);
                let is_same = answer.status == exchange.status
                    && said.get("status") == recorded.get("status")
                    && state(&said) == state(&recorded);
                if exchange.method != "GET" || is_same {
                    break;
                }
                answer = simulator.ask(&asked);
            }
            if exchange.status < 300 && exchange.method != "GET" {
                polls.learn_addresses(&exchange, &answer);
            }
            assert_same_json(&exchange, &answer, is_poll);
            compared += 1;
        }
    }
    eprintln!("{compared} exchanges compared, {outside} are outside of what is simulated");
    assert!(compared >= 50, "{compared}");
}

/// Makes what a story begins with: its group, and what was there before its first line.
fn prepare(simulator: &AzureSimulator, exchange: &Exchange) {
    let parts: Vec<&str> = exchange.target.split(['/', '?']).collect();
    let ["", "subscriptions", subscription, groups, group, "providers", ..] = parts.as_slice() else {
        return;
    };
    let path = format!("/subscriptions/{subscription}/{groups}/{group}?api-version=2021-04-01");
    if simulator.ask(&request("GET", &path, "")).status == 404 {
        simulator.ask(&request("PUT", &path, "{\"location\":\"westus2\"}"));
    }
    for id in referred(&json(exchange.request_body.as_deref().unwrap_or_default())) {
        let is_there = simulator.state().iter().any(|(path, _)| {
            id.to_ascii_lowercase().starts_with(path.as_str()) && path.contains("/providers/")
        });
        let is_own = id
            .to_ascii_lowercase()
            .starts_with(&exchange.target.split('?').next().unwrap().to_ascii_lowercase());
        if !is_there && !is_own {
            let target = format!("{id}?api-version=2021-04-01");
            simulator.ask(&request("PUT", &target, "{\"location\":\"westus2\"}"));
            // Ready, so that nothing waits for it.
            (0..3).for_each(|_| drop(simulator.ask(&request("GET", &target, ""))));
        }
    }
    if exchange.method == "PATCH" {
        let body = "{\"location\":\"westus2\",\"tags\":{},\"sku\":{\"capacity\":1},\"properties\":{}}";
        simulator.ask(&request("PUT", &exchange.target, body));
    }
}

/// The ids in a body.
fn referred(body: &Value) -> Vec<String> {
    match body {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("id", Value::String(id)) => vec![id.clone()],
                _ => referred(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(referred).collect(),
        _ => Vec::new(),
    }
}

fn assert_same_json(exchange: &Exchange, answer: &SimulatedAnswer, is_poll: bool) {
    let (said, recorded) = (json(&answer.body), json(&exchange.body));
    assert_eq!(answer.status, exchange.status, "{}: {}", exchange.id, answer.body);
    let names = |given: &[(String, String)]| {
        let mut names = headers(given.iter().map(|(name, _)| name));
        names.retain(|name| !["x-ms-request-id", "content-type"].contains(&name.as_str()));
        // Polls give a time or none, as they like.
        names.retain(|name| !is_poll || name != "retry-after");
        names
    };
    assert_eq!(names(&answer.headers), names(&exchange.headers), "{}", exchange.id);
    assert_eq!(state(&said), state(&recorded), "{}", exchange.id);
    // Providers have two words for it, from version to version.
    let code = |body: &Value| {
        let code = body.pointer("/error/code").and_then(Value::as_str);
        code.map(|code| if code == "ResourceNotFound" { "NotFound" } else { code }.to_owned())
    };
    assert_eq!(code(&said), code(&recorded), "{}", exchange.id);
    let keys = |body: &Value| -> BTreeSet<String> {
        body.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
    };
    let sent = keys(&json(exchange.request_body.as_deref().unwrap_or_default()));
    let more: Vec<_> =
        keys(&said).difference(&keys(&recorded)).filter(|key| !sent.contains(*key)).cloned().collect();
    assert!(more.is_empty(), "{}: more keys {more:?}", exchange.id);
    let needed =
        ["id", "name", "type", "location", "properties", "status", "startTime", "endTime", "error", "value"];
    let missing: Vec<_> = keys(&recorded)
        .difference(&keys(&said))
        .filter(|key| needed.contains(&key.as_str()))
        .cloned()
        .collect();
    assert!(missing.is_empty(), "{}: missing keys {missing:?}", exchange.id);
}
