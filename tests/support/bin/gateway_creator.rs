//! Creates a gateway and is killed on its way: `gateway-creator CLOUD URL FOLDER KILL_AT`.
//!
//! CLOUD is `resource-manager`, `classic` or `local`. At the progress event of that number the process ends at once, as by a
//! power cut; 0 is never.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cmgateway::Result;
use cmgateway::gateway::provision::{Cloud, Go, LocalCloud, LocalCloudOptions, LocalPorts};
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{ConnectOptions, Site};
use cmgateway_tests::gateway_files::NOW;
use cmgateway_tests::simulated_cloud::{classic, options, resource_manager};

fn cloud(name: &str, url: &str, folder: &Path) -> Result<Box<dyn Cloud>> {
    let options = options(url, TrustedRoots::File(folder.join("ca.pem")), &Arc::new(ManualTimer::new(NOW)));
    Ok(match name {
        "classic" => Box::new(classic(&options, folder)?),
        "local" => {
            let mut options = LocalCloudOptions::default();
            options.folder = Some(folder.join("gateways"));
            options.ports = LocalPorts::Free;
            Box::new(LocalCloud::new(options)?)
        }
        _ => Box::new(resource_manager(options)?),
    })
}

async fn create(name: &str, url: &str, folder: &Path, kill_at: usize) -> Result<()> {
    let cloud = cloud(name, url, folder)?;
    let spec = GatewaySpec::load(folder.join("gateway.toml")).await?;
    let address = format!("sqlite:{}", folder.join("site.db").display());
    let site = Site::connect(ConnectOptions::new(address)).await?;
    let plan = cloud.plan(&spec).await?;
    let count = AtomicUsize::new(0);
    let progress = |_: &_| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == kill_at {
            // No destructor runs.
            std::process::abort();
        }
        Go::On
    };
    cloud.apply(&site, &plan, &progress).await.map(drop)
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, url, folder, kill_at] = arguments.as_slice() else { return ExitCode::from(2) };
    match create(name, url, Path::new(folder), kill_at.parse().unwrap_or(0)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
