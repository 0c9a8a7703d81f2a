//! Every recorded exchange with Azure is sent through the clients and understood.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::field_reassign_with_default)]

use std::sync::Arc;

use cmgateway::azure::asm::ServiceManagement;
use cmgateway::azure::{AzureOptions, Credential, KeyVault, Operation, ResourceManager};
use cmgateway::cert::Thumbprint;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::{Error, ErrorKind, Secret};
use cmgateway_tests::recording::{Exchange, ReplayServer, folder, stories};
use cmgateway_tests::skip::not_here;
use time::macros::datetime;

fn options(server: &ReplayServer) -> AzureOptions {
    let mut options = AzureOptions::default();
    options.resource_manager_url = Some(server.url());
    options.service_management_url = Some(server.url());
    options.key_vault_url = Some(server.url());
    options.trusted_roots = TrustedRoots::Pem(server.ca_pem.clone().into_bytes());
    options.timer = Arc::new(ManualTimer::new(datetime!(2026-01-01 00:00 UTC)));
    options
}

fn token() -> Credential {
    Credential::Token(Secret::new("a.b.c"))
}

/// Path and version of a recorded address of ARM.
fn parts(target: &str) -> (String, String) {
    let (path, query) = target.split_once('?').unwrap();
    let mut version = String::new();
    let others: Vec<&str> = query
        .split('&')
        .filter(|part| match part.strip_prefix("api-version=") {
            Some(given) => {
                version = given.to_owned();
                false
            }
            None => true,
        })
        .collect();
    let path = if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
    (path, version)
}

/// The recorded status, or what the server says when a request is sent again and nothing more was recorded for it.
fn tells(error: &Error, status: u16) -> bool {
    let passes = [409, 429, 503].contains(&status) && error.cause().contains("NotRecorded");
    passes || error.cause().starts_with(&status.to_string())
}

fn is_poll(exchange: &Exchange) -> bool {
    exchange.method == "GET" && exchange.target.to_ascii_lowercase().contains("/operation")
}

/// Sends a recorded change and polls it with the recorded polls.
async fn change(
    server: &ReplayServer,
    azure: &ResourceManager,
    exchange: &Exchange,
) -> Result<Option<Operation>, Error> {
    let (path, version) = parts(&exchange.target);
    let body = exchange.request_body.as_ref().map(|body| serde_json::from_str(body).unwrap());
    let mut operation = azure.begin(&exchange.method, &path, &version, body.as_ref(), None).await?;
    while !operation.is_over() {
        // What was recorded ends here and there before the operation does.
        if !server.next().is_some_and(|next| is_poll(&next)) {
            return Ok(Some(operation));
        }
        // A stored operation is as good as the one that was begun.
        operation = serde_json::from_str(&serde_json::to_string(&operation).unwrap()).unwrap();
        azure.poll(&mut operation).await?;
    }
    Ok(Some(operation))
}

#[tokio::test]
async fn resource_manager_stories() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    let mut count = 0;
    for (name, exchanges) in stories("arm-") {
        // The vault's own calls have a test of their own.
        let exchanges: Vec<_> =
            exchanges.into_iter().filter(|exchange| exchange.target.starts_with("/subscriptions/")).collect();
        let server = ReplayServer::start(&exchanges).await;
        while let Some(exchange) = server.next() {
            let subscription = exchange.target.split('/').nth(2).unwrap();
            let azure = ResourceManager::new(&options(&server), subscription, &token()).unwrap();
            let result = match exchange.method.as_str() {
                "GET" => {
                    // As it stands: a poll's query must keep its order.
                    azure.get(&exchange.target, "").await.map(|found| {
                        assert_eq!(found.is_some(), exchange.status == 200, "{}", exchange.id);
                    })
                }
                _ => change(&server, &azure, &exchange).await.map(drop),
            };
            let next = server.next().map(|next| next.id).unwrap_or_default();
            assert_ne!(next, exchange.id, "{name}: the recorded request was not sent: {result:?}");
            if let Err(error) = result {
                assert!(exchange.status >= 400, "{}: {error:?}", exchange.id);
                assert!(tells(&error, exchange.status), "{}: {error}", exchange.id);
            }
        }
        count += exchanges.len();
        for request in server.requests() {
            assert!(request.head.contains("authorization: Bearer a.b.c"), "{}", request.head);
            assert!(request.head.contains("x-ms-client-request-id: "), "{}", request.head);
        }
    }
    assert!(count >= 70, "{count} exchanges were answered");
}

#[tokio::test]
async fn refusals_say_what_azure_said() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    for (_, exchanges) in stories("arm-08") {
        for exchange in exchanges.into_iter().filter(|exchange| exchange.method != "GET") {
            let server = ReplayServer::start(std::slice::from_ref(&exchange)).await;
            let subscription = exchange.target.split('/').nth(2).unwrap();
            let azure = ResourceManager::new(&options(&server), subscription, &token()).unwrap();
            let result = change(&server, &azure, &exchange).await;
            if exchange.status < 400 {
                result.unwrap();
                continue;
            }
            let error = result.unwrap_err();
            let context = |name: &str| {
                error.context().iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()).unwrap()
            };
            let body: serde_json::Value = serde_json::from_str(&exchange.body).unwrap();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert_eq!(body["error"]["code"], context("code").as_str());
            let id = exchange
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("x-ms-request-id"))
                .unwrap();
            assert!(error.to_string().contains(&id.1), "{error}");
        }
    }
}

#[tokio::test]
async fn throttling_and_busy_are_waited_for() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    // The retry that works is the same request: it is answered by the next recorded exchange.
    for (_, exchanges) in stories("arm-07") {
        let refused: Vec<_> =
            exchanges.iter().filter(|exchange| [409, 429].contains(&exchange.status)).collect();
        assert_eq!(refused.len(), 2);
        for refused in refused {
            let again = exchanges.iter().find(|other| {
                other.target == refused.target && other.method == refused.method && other.status < 400
            });
            let pair = [refused.clone(), again.unwrap().clone()];
            let server = ReplayServer::start(&pair).await;
            let subscription = refused.target.split('/').nth(2).unwrap();
            let azure = ResourceManager::new(&options(&server), subscription, &token()).unwrap();
            let (path, version) = parts(&refused.target);
            let body = refused.request_body.as_ref().map(|body| serde_json::from_str(body).unwrap());
            azure.begin(&refused.method, &path, &version, body.as_ref(), None).await.unwrap();
            let ids: Vec<_> = server
                .requests()
                .iter()
                .map(|request| {
                    let line = request.head.lines().find(|line| line.starts_with("x-ms-client-request-id"));
                    line.unwrap().to_owned()
                })
                .collect();
            assert!(ids.len() == 2 && ids[0] != ids[1], "each try has an id of its own: {ids:?}");
        }
    }
}

#[tokio::test]
async fn key_vault_story() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    let all = stories("arm-06");
    let mut exchanges: Vec<_> =
        all[0].1.iter().filter(|exchange| !exchange.target.starts_with("/subscriptions/")).cloned().collect();
    for exchange in &mut exchanges {
        // Recorded with a double slash and with older versions of the same calls.
        let (path, _) = exchange.target.split_once('?').unwrap();
        exchange.target = format!("/{}?api-version=7.4", path.trim_start_matches('/').replace("//", "/"));
    }
    let server = ReplayServer::start(&exchanges).await;
    let vault = KeyVault::new(&options(&server), "scrubbedvault", &token()).unwrap();
    // 401 with a challenge for this very audience, then 200.
    let first = vault.import_certificate("2073620120", b"SCRUBBED-PFX", None, 2048).await.unwrap();
    assert!(first.secret_id.ends_with("/secrets/2073620120/53c5fcdf418a4c4782ccc0be40d49171"));
    let password = Secret::new("SCRUBBED-PASSWORD");
    let imported =
        vault.import_certificate("importCert01", b"SCRUBBED-PFX", Some(&password), 2048).await.unwrap();
    let recorded: serde_json::Value =
        serde_json::from_str(exchanges[2].request_body.as_deref().unwrap()).unwrap();
    let sent: serde_json::Value = serde_json::from_str(&server.requests()[2].body).unwrap();
    assert_eq!(sent, recorded, "the import is sent as the SDK sends it");
    assert_eq!(imported.thumbprint.unwrap().to_string(), "7CB8B7539D87BA7215357B9B9049DFF2D3FA59BA");
    assert_eq!(imported.thumbprint, Some(Thumbprint::of_der(&imported.der)));
    assert_eq!(vault.certificate("importCert01").await.unwrap(), Some(imported));
    assert!(vault.delete_certificate("importCert01").await.unwrap());
    assert!(!vault.is_certificate_recoverable("importCert01").await.unwrap());
    assert!(vault.is_certificate_recoverable("importCert01").await.unwrap());
    assert!(server.next().is_none());
}

#[tokio::test]
async fn classic_stories() {
    if folder().is_none() {
        return not_here("the recordings");
    }
    let mut count = 0;
    for (name, exchanges) in stories("asm-") {
        let server = ReplayServer::start(&exchanges).await;
        while let Some(exchange) = server.next() {
            let (subscription, path) = exchange.target[1..].split_at(36);
            let azure =
                ServiceManagement::with_credential(&options(&server), subscription, &token()).unwrap();
            let result = azure.call(&exchange.method, path, exchange.request_body.as_deref()).await;
            let next = server.next().map(|next| next.id).unwrap_or_default();
            assert_ne!(next, exchange.id, "{name}: the recorded request was not sent: {result:?}");
            match result {
                Ok(answer) => {
                    assert_eq!(
                        (answer.status, answer.body.as_str()),
                        (exchange.status, exchange.body.as_str())
                    );
                }
                Err(error) => {
                    assert!(exchange.status >= 400, "{}: {error:?}", exchange.id);
                    assert!(tells(&error, exchange.status), "{}: {error}", exchange.id);
                }
            }
        }
        count += exchanges.len();
        for request in server.requests() {
            assert!(request.head.contains("x-ms-version: 2015-04-01"), "{}", request.head);
        }
    }
    assert_eq!(count, 54);
}
