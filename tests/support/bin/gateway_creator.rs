//! Creates a gateway and is killed on its way: `gateway-creator URL CA_FILE SITE SPEC KILL_AT`.
//!
//! At the progress event of that number the process ends at once, as by a power cut; 0 is never.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cmgateway::azure::{AzureOptions, Credential};
use cmgateway::gateway::provision::{Go, ResourceManagerCloud};
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{ConnectOptions, Site};
use cmgateway::{Result, Secret};
use cmgateway_tests::azure_simulator::TOKEN;
use cmgateway_tests::gateway_files::NOW;

#[expect(clippy::field_reassign_with_default, reason = "the options grow")]
async fn create(url: &str, ca_file: &str, site: &str, spec: &str, kill_at: usize) -> Result<()> {
    let mut options = AzureOptions::default();
    options.resource_manager_url = Some(url.to_owned());
    options.key_vault_url = Some(url.to_owned());
    options.trusted_roots = TrustedRoots::File(ca_file.into());
    options.timer = Arc::new(ManualTimer::new(NOW));
    let spec = GatewaySpec::load(spec).await?;
    let cloud =
        ResourceManagerCloud::new(options, &spec.subscription_id, Credential::Token(Secret::new(TOKEN)))?;
    let site = Site::connect(ConnectOptions::new(format!("sqlite:{site}"))).await?;
    let plan = cloud.plan(&spec).await?;
    let count = AtomicUsize::new(0);
    cloud
        .apply(&site, &plan, &move |_| {
            if count.fetch_add(1, Ordering::Relaxed) + 1 == kill_at {
                // No destructor runs.
                std::process::abort();
            }
            Go::On
        })
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, ca_file, site, spec, kill_at] = arguments.as_slice() else { return ExitCode::from(2) };
    match create(url, ca_file, site, spec, kill_at.parse().unwrap_or(0)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
