//! A process that writes to a site file and reports each put once it is done; tests kill it.

use std::io::Write;
use std::process::ExitCode;

use cmgateway::Result;
use cmgateway::blocking::Runtime;
use cmgateway::site::{ConnectOptions, PutMode, Site};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, first, count] = arguments.as_slice() else {
        eprintln!("usage: site-writer URL FIRST COUNT");
        return ExitCode::FAILURE;
    };
    let (Ok(first), Ok(count)) = (first.parse(), count.parse()) else { return ExitCode::FAILURE };
    let written = Runtime::shared().and_then(|runtime| runtime.wait(write(url, first, count), || Ok(())));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn write(url: &str, first: u32, count: u32) -> Result<()> {
    let site = Site::connect(ConnectOptions::new(url)).await?;
    for number in first..first.saturating_add(count) {
        let mut service = site.new_instance("SMS_AzureService").await?;
        service.set("AzureServiceID", number)?;
        // Two properties that belong together: a half-written put would show.
        service.set("Name", format!("service{number}"))?;
        service.set("Description", "x".repeat(2000) + &number.to_string())?;
        site.put(&mut service, PutMode::CreateOnly).await?;
        println!("{number}");
        let _ = std::io::stdout().flush();
    }
    Ok(())
}
