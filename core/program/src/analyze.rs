//! The subcommand `analyze`: what is wrong with a gateway.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cmgateway::cert::{load_cer_file, load_crl_file};
use cmgateway::gateway::analyzer::{AnalysisReport, AnalyzeOptions, analyze, checks_page};
use cmgateway::gateway::server_certificate::DeploymentName;
use cmgateway::net::{PemSource, TrustedRoots};
use cmgateway::site::{ConnectOptions, Site};
use cmgateway::{Error, ErrorKind, Result, Secret};

use crate::{DONE, FAILED};

/// There is no report.
const NO_REPORT: u8 = 2;

#[derive(Args)]
pub(crate) struct Arguments {
    /// What clients call the gateway.
    #[arg(long, required_unless_present = "list_checks")]
    service_name: Option<String>,
    /// Prints the page that describes every check, and ends.
    #[arg(long)]
    list_checks: bool,
    /// How the report looks.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// The site, such as https://cm1.contoso.com/AdminService.
    #[arg(long)]
    site: Option<String>,
    /// A file with a bearer token for the site.
    #[arg(long)]
    site_token_file: Option<PathBuf>,
    /// Who certifies the site's server, PEM.
    #[arg(long)]
    site_roots: Option<PathBuf>,
    /// The settings of a connection point, TOML: they tell instances, trust and mappings.
    #[arg(long)]
    connection_point: Option<PathBuf>,
    /// Asks the servers inside too: for the connection point's own machine.
    #[arg(long)]
    asks_inside: bool,
    /// Where clients connect, host:port, once for each instance.
    #[arg(long)]
    address: Vec<String>,
    /// Where instances tell metrics and health, host:port.
    #[arg(long)]
    admin_address: Vec<String>,
    /// The name server that is asked, address:port; the system's own where it is not given.
    #[arg(long)]
    name_server: Option<SocketAddr>,
    /// The name in Azure that the service name must lead to.
    #[arg(long)]
    deployment_name: Option<String>,
    /// Who certifies the gateway, PEM; the system's roots where it is not given.
    #[arg(long)]
    roots: Option<PathBuf>,
    /// The server certificate that the gateway is meant to show.
    #[arg(long)]
    server_certificate: Option<PathBuf>,
    /// Trusted roots of clients; they go before those of the connection point's settings.
    #[arg(long)]
    client_root: Vec<PathBuf>,
    /// Sub-CAs that were uploaded.
    #[arg(long)]
    sub_ca: Vec<PathBuf>,
    /// Revocation lists that the gateway goes by.
    #[arg(long)]
    crl: Vec<PathBuf>,
    /// A client's certificate, PEM.
    #[arg(long, requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// Its key, PEM, not encrypted.
    #[arg(long, requires = "client_certificate")]
    client_key: Option<PathBuf>,
    /// A file with a client's bearer token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The number of a role that must be published.
    #[arg(long)]
    role: Vec<u64>,
    /// Certificates with fewer days left are warned about.
    #[arg(long, default_value_t = 30)]
    warn_days: u32,
    /// The longest wait of one step, in seconds.
    #[arg(long, default_value_t = 5.0)]
    timeout: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// A page to send around.
    Html,
}

/// Prints the report; ends with 0 where nothing failed, 1 where a check failed, 2 where there is no report.
pub(crate) async fn run(arguments: Arguments) -> u8 {
    if arguments.list_checks {
        print!("{}", checks_page());
        return DONE;
    }
    match report(&arguments).await {
        Ok(report) => {
            match arguments.format {
                Format::Table => println!("{report}"),
                Format::Json => println!("{}", report.to_json()),
                Format::Html => print!("{}", report.to_html()),
            }
            if report.is_healthy() { DONE } else { FAILED }
        }
        Err(error) => {
            eprintln!("cmgateway: {error}");
            NO_REPORT
        }
    }
}

async fn report(arguments: &Arguments) -> Result<AnalysisReport> {
    let mut options = AnalyzeOptions::new(arguments.service_name.clone().unwrap_or_default());
    if let Some(file) = &arguments.connection_point {
        options.take_connection_point_file(file)?;
    }
    options.asks_inside = arguments.asks_inside;
    options.addresses.clone_from(&arguments.address);
    options.admin_addresses.clone_from(&arguments.admin_address);
    options.roles.clone_from(&arguments.role);
    options.deployment_name = arguments.deployment_name.as_deref().map(DeploymentName::parse).transpose()?;
    options.name_server = arguments.name_server;
    options.warn_days = arguments.warn_days.into();
    options.timeout = Duration::try_from_secs_f64(arguments.timeout)
        .map_err(|error| Error::new(ErrorKind::Config, "analyze gateway", format!("timeout: {error}")))?;
    certificates(arguments, &mut options)?;
    if let Some(address) = &arguments.site {
        let mut connect = ConnectOptions::new(address.clone());
        connect.token = arguments.site_token_file.as_deref().map(secret).transpose()?;
        connect.ca_file.clone_from(&arguments.site_roots);
        options.site = Some(Site::connect(connect).await?);
    }
    analyze(options).await
}

fn certificates(arguments: &Arguments, options: &mut AnalyzeOptions) -> Result<()> {
    if let Some(file) = &arguments.roots {
        options.trusted_roots = TrustedRoots::File(file.clone());
    }
    if let Some(file) = &arguments.server_certificate {
        options.server_certificate = load_cer_file(file)?.into_iter().next();
    }
    for (files, to) in
        [(&arguments.client_root, &mut options.roots), (&arguments.sub_ca, &mut options.sub_cas)]
    {
        if !files.is_empty() {
            to.clear();
        }
        for file in files {
            to.extend(load_cer_file(file)?);
        }
    }
    for file in &arguments.crl {
        options.crls.extend(load_crl_file(file)?);
    }
    if let (Some(chain), Some(key)) = (&arguments.client_certificate, &arguments.client_key) {
        options.client_identity = Some((PemSource::File(chain.clone()), PemSource::File(key.clone())));
    }
    options.token = arguments.token_file.as_deref().map(secret).transpose()?;
    Ok(())
}

/// A file that holds a token and nothing else.
fn secret(file: &std::path::Path) -> Result<Secret> {
    let operation = format!("read {}", file.display());
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::new(ErrorKind::NotFound, operation, error.to_string()))?;
    Ok(Secret::new(text.trim()))
}
