//! The quick start: the thumbprint update end to end, from Python and from Lua.
//!
//! Without arguments it makes an enterprise PKI and an embedded site with the gateway GraniteFalls, serves the
//! site as an AdminService on loopback, adds one sub-CA with the Python script on the file and the other with the
//! Lua script through HTTPS. With `--site URL --cname NAME FILE.cer…` it does the same on a site of yours.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cmgateway::blocking::Runtime;
use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions};
use cmgateway::net::PemSource;
use cmgateway::site::{AdminServiceServer, EmbeddedSite, PutMode, ServerOptions, SiteCode};
use cmgateway::wmi::Instance;
use cmgateway::{Error, Secret};
use cmgateway_examples::checkout::{root, shown, target, without_our_variables};
use cmgateway_examples::python_environment::PythonEnvironment;
use cmgateway_examples::{lua_host, rehearsal_folder};

const USAGE: &str = "usage: cargo quickstart
       cargo quickstart -- --site URL --cname NAME [--ca-file FILE] [--plan] FILE.cer…
The token of an AdminService comes from the environment variable CMGATEWAY_TOKEN.";

/// Runs the Lua host in a process of its own, so that the script's `os.exit` ends only that.
const RUN_LUA: &str = "run-lua";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let first = arguments.first().map(|word| word.to_string_lossy());
    let done = match first.as_deref() {
        Some(RUN_LUA) => return lua_host::main(&arguments[1..]),
        Some("--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        None => rehearse(),
        Some(_) => parse(&arguments).and_then(|wish| on_own_site(&wish)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// What the caller wants done on a site of their own.
struct Wish {
    site: OsString,
    service_name: OsString,
    ca_file: Option<OsString>,
    plan_only: bool,
    certificates: Vec<OsString>,
}

fn parse(arguments: &[OsString]) -> Result<Wish, String> {
    let (mut site, mut service_name, mut ca_file) = (None, None, None);
    let (mut plan_only, mut certificates) = (false, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let shown = word.to_string_lossy();
        let mut value = || words.next().cloned().ok_or_else(|| format!("{shown} needs a value\n{USAGE}"));
        match &*shown {
            "--site" => site = Some(value()?),
            "--cname" => service_name = Some(value()?),
            "--ca-file" => ca_file = Some(value()?),
            "--plan" => plan_only = true,
            option if option.starts_with('-') => return Err(format!("unknown option {option}\n{USAGE}")),
            _ => certificates.push(word.clone()),
        }
    }
    match (site, service_name) {
        (Some(site), Some(service_name)) if !certificates.is_empty() => {
            Ok(Wish { site, service_name, ca_file, plan_only, certificates })
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn on_own_site(wish: &Wish) -> Result<(), String> {
    let python = prepare_python()?;
    let with = |options: &[&str], files: &[OsString]| {
        let mut words = vec![OsString::from("--site"), wish.site.clone(), wish.service_name.clone()];
        if let Some(file) = &wish.ca_file {
            words.extend([OsString::from("--ca-file"), file.clone()]);
        }
        words.extend(options.iter().map(OsString::from));
        words.extend_from_slice(files);
        words
    };
    let list = with(&["--list"], &[]);
    let plan = with(&["--plan", "--add"], &wish.certificates);
    heading("Python: the list before, and what would change");
    run_python(&python, &list, Environment::AsItIs)?;
    run_python(&python, &plan, Environment::AsItIs)?;
    if wish.plan_only {
        return Ok(());
    }
    heading("Lua: the change, and the list after");
    run_lua(&with(&["--add"], &wish.certificates), Environment::AsItIs)?;
    run_lua(&list, Environment::AsItIs)
}

fn rehearse() -> Result<(), String> {
    let python = prepare_python()?;
    let folder = rehearsal_folder::make(&target().join("quickstart"))?;
    let said = |error: Error| error.to_string();
    let runtime = Runtime::shared().map_err(said)?;
    let token = "quickstart";
    let (site, server) = runtime.wait(set_the_stage(&folder, token), || Ok(())).map_err(said)?;
    let file = format!("sqlite:{}", site.file().display());
    let name = "GraniteFalls.contoso.com";
    let certificate = |name: &str| folder.join(name).display().to_string();

    let (first, second, root) =
        (certificate("subca1.cer"), certificate("subca2.cer"), certificate("root.cer"));
    heading("Python, on the site file: the list before, the plan, the change");
    run_python(&python, &["--site", &file, name, "--list"], Environment::Clean(None))?;
    run_python(&python, &["--site", &file, name, "--add", &first, "--plan"], Environment::Clean(None))?;
    run_python(&python, &["--site", &file, name, "--add", &first], Environment::Clean(None))?;
    heading(&format!("Lua, through HTTPS at {}: the change, twice, and the list after", server.url()));
    let url = server.url();
    let site = ["--site", &url, "--ca-file", &root, name];
    let add = [&site[..], &["--add", &second]].concat();
    run_lua(&add, Environment::Clean(Some(token)))?;
    run_lua(&add, Environment::Clean(Some(token)))?;
    run_lua(&[&site[..], &["--list"]].concat(), Environment::Clean(Some(token)))?;

    let stopped = async {
        server.stop().await;
        Ok(())
    };
    runtime.wait(stopped, || Ok(())).map_err(said)?;
    let mut command = Command::new(python.python());
    command.arg(script("python", "py")).args(["--site", &file, name, "--list"]);
    println!("\nThe site is {file}, its certificates lie beside it. Try it yourself:");
    println!("  {}", shown(&command));
    println!("The next quick start makes these files anew; it leaves your own files in the folder alone.");
    Ok(())
}

/// A PKI, a site with one gateway, and the AdminService that serves it.
async fn set_the_stage(folder: &Path, token: &str) -> Result<(EmbeddedSite, AdminServiceServer), Error> {
    heading("An enterprise PKI: a root, two sub-CAs, a server and a client");
    let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(time::OffsetDateTime::now_utc()))?;
    pki.write_to(folder)?;
    for sub_ca in pki.sub_cas() {
        println!("  {}  {}", sub_ca.certificate().thumbprint(), sub_ca.certificate().subject());
    }
    heading("A site file with the gateway GraniteFalls");
    let site = EmbeddedSite::create(folder.join("site.db"), &SiteCode::new("GF1")?).await?;
    let mut service = Instance::new("SMS_AzureService")?;
    service.set("Name", "GraniteFalls")?;
    service.set("ServiceCName", "GraniteFalls.contoso.com")?;
    service.set("ServiceType", "CloudProxyService")?;
    service.set("SiteCode", "GF1")?;
    service.set("NumberOfInstances", 1)?;
    let path = site.put(&service, PutMode::CreateOnly).await?;
    println!("  {path}: no sub-CA thumbprints yet");
    let options = ServerOptions {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        certificate_chain_pem: PemSource::bytes(pki.server().chain_pem()),
        key_pem: PemSource::bytes(pki.server().private_key_pem().expose()),
        token: Secret::new(token),
    };
    let server = AdminServiceServer::start(site.clone(), options).await?;
    Ok((site, server))
}

fn prepare_python() -> Result<PythonEnvironment, String> {
    heading("Python: a virtual environment with the bindings (the first time takes some minutes)");
    let python = PythonEnvironment::prepare()?;
    python.install_bindings()?;
    Ok(python)
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn script(language: &str, ending: &str) -> PathBuf {
    root().join("examples").join(language).join(format!("update_subca_thumbprints.{ending}"))
}

/// Which of the variables CMGATEWAY_* a script sees.
#[derive(Clone, Copy)]
enum Environment<'a> {
    /// All of them: they tell about a site of the caller's own.
    AsItIs,
    /// None but the token given here, if one is.
    Clean(Option<&'a str>),
}

fn run_python(
    python: &PythonEnvironment,
    options: &[impl AsRef<OsStr>],
    environment: Environment<'_>,
) -> Result<(), String> {
    let mut command = Command::new(python.python());
    command.arg(script("python", "py"));
    run_script(command, options, environment)
}

fn run_lua(options: &[impl AsRef<OsStr>], environment: Environment<'_>) -> Result<(), String> {
    let host = std::env::current_exe().map_err(|error| format!("could not find this program: {error}"))?;
    let mut command = Command::new(host);
    command.arg(RUN_LUA).arg(script("lua", "lua"));
    run_script(command, options, environment)
}

fn run_script(
    mut command: Command,
    options: &[impl AsRef<OsStr>],
    environment: Environment<'_>,
) -> Result<(), String> {
    let words: Vec<_> = options.iter().map(|word| word.as_ref().to_string_lossy()).collect();
    println!("$ update_subca_thumbprints {}", words.join(" "));
    if let Environment::Clean(token) = environment {
        without_our_variables(&mut command);
        command.envs(token.map(|token| ("CMGATEWAY_TOKEN", token)));
    }
    match command.args(options).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the script ended with {status}")),
        Err(error) => Err(format!("could not start the script: {error}")),
    }
}
