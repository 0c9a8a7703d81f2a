//! Long-running operations against Microsoft's own mock of the Resource Manager: `@azure-tools/azure-http-specs`, served by
//! `@typespec/spector`, both from npm.
//!
//! Nothing is downloaded here: `CMGATEWAY_AZURE_HTTP_SPECS` names a folder where `npm install @azure-tools/azure-http-specs
//! @typespec/spector` was run. Without it, or without node, the test says "skipped".

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use cmgateway::azure::{Operation, ResourceManager};
use cmgateway::net::{ManualTimer, Timer, TrustedRoots};
use cmgateway_tests::gateway_files::NOW;
use cmgateway_tests::simulated_cloud::{options, token};
use cmgateway_tests::skip::not_here;
use serde_json::json;

const VERSION: &str = "2023-12-01-preview";
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";
const TEMPLATES: &str = "providers/Azure.ResourceManager.OperationTemplates";
const PACKAGES: &str =
    "the npm packages @azure-tools/azure-http-specs and @typespec/spector (CMGATEWAY_AZURE_HTTP_SPECS)";

/// The mock at work; stops when it is dropped.
struct Spector {
    child: Child,
    url: String,
}

impl Drop for Spector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Spector {
    /// None where it is not here.
    fn start() -> Option<Self> {
        let folder = std::env::var_os("CMGATEWAY_AZURE_HTTP_SPECS")?;
        let modules = Path::new(&folder).join("node_modules");
        let specs = modules.join("@azure-tools/azure-http-specs/specs");
        if !specs.is_dir() || Command::new("node").arg("--version").output().is_err() {
            return None;
        }
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut child = Command::new("node")
            .arg(modules.join("@typespec/spector/cmd/cli.mjs"))
            .arg("serve")
            .arg(specs)
            .args(["--port", &port.to_string(), "--coverageFile"])
            // What it writes down is nobody's here.
            .arg(std::env::temp_dir().join(format!("spec-coverage-{port}.json")))
            // It wants to be inside a git work tree.
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Read to the end, or it would stand still with a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let spector = Spector { child, url: format!("http://localhost:{port}") };
        loop {
            let line = told.recv_timeout(Duration::from_secs(120)).unwrap();
            if line.contains("Started server") {
                return Some(spector);
            }
        }
    }
}

#[tokio::test]
async fn long_running_operations_of_the_mock_of_microsoft() {
    let Some(spector) = Spector::start() else { return not_here(PACKAGES) };
    let timer = Arc::new(ManualTimer::new(NOW));
    let given = options(&spector.url, TrustedRoots::System, &timer);
    let azure = ResourceManager::new(&given, SUBSCRIPTION, &token()).unwrap();
    let (all, group) = (format!("/subscriptions/{SUBSCRIPTION}"), "resourceGroups/test-rg");
    let order = format!("{all}/{group}/{TEMPLATES}/orders/order1");

    // PUT: 201 with Azure-AsyncOperation, then the resource itself. Stored on the way, as by a process that ends.
    let body = json!({ "location": "eastus", "properties": { "productId": "product1", "amount": 1 } });
    let begun = azure.begin("PUT", &order, VERSION, Some(&body), None).await.unwrap();
    assert!(!begun.is_over());
    let stored = serde_json::to_string(&begun).unwrap();
    let mut taken_up: Operation = serde_json::from_str(&stored).unwrap();
    let made = azure.finish(&mut taken_up).await.unwrap().unwrap();
    assert_eq!(
        made["properties"],
        json!({ "provisioningState": "Succeeded", "productId": "product1", "amount": 1 })
    );
    assert!(timer.elapsed() > Duration::ZERO, "it was waited for");

    // POST: 202 with both headers; the result is at Location.
    let format = json!({ "format": "csv" });
    let exported = azure.post(&format!("{order}/export"), VERSION, Some(&format)).await.unwrap();
    assert_eq!(exported, Some(json!({ "content": "order1,product1,1" })));
    // The same, whose result is an array, with Retry-After and a Location that comes anew.
    let exported =
        azure.post(&format!("{all}/{TEMPLATES}/exportArray"), VERSION, Some(&format)).await.unwrap();
    let expected = json!([{ "content": "order1,product1,1" }, { "content": "order2,product2,2" }]);
    assert_eq!(exported, Some(expected));

    // DELETE: 202 with Location alone.
    azure.delete(&order, VERSION).await.unwrap();

    // POST whose result has pages, by Location alone.
    let path = format!("{all}/{group}/{TEMPLATES}/products/default/postPagingLro");
    let page = azure.post(&path, VERSION, None).await.unwrap().unwrap();
    assert_eq!(page["value"][0]["name"], "product1");
    assert!(page["nextLink"].as_str().unwrap().contains("/nextPage?"));

    // Poll addresses of 6 KiB.
    let path =
        format!("{all}/{group}/providers/Azure.ResourceManager.LargeHeader/largeHeaders/header1/two6k");
    assert_eq!(azure.post(&path, VERSION, None).await.unwrap(), Some(json!({ "succeeded": true })));

    let objection = azure
        .post(
            &format!("{all}/{TEMPLATES}/checkNameAvailability"),
            VERSION,
            Some(&json!({ "name": "checkName", "type": "Microsoft.Web/site" })),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(objection["reason"], "AlreadyExists");
}
