//! Connecting as VBScript does: a locator, `ConnectServer`, monikers, and the way to the site's provider.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::CONNECT_MAX_WAIT;
use crate::net::AuthMethod;
use crate::secret::Secret;
use crate::site::{ConnectOptions, Site, SiteCode};
use crate::wmi::moniker::{checked_authority, checked_locale};
use crate::wmi::wql::{Parameters, Select};
use crate::wmi::{Moniker, ObjectPath, WbemError};

/// `WBEM_E_LOCAL_CREDENTIALS`
const LOCAL_CREDENTIALS: u32 = 0x8004_1064;
/// `WBEM_E_INVALID_PARAMETER`
const INVALID_PARAMETER: u32 = 0x8004_1008;
/// `WBEM_E_INVALID_NAMESPACE`
const INVALID_NAMESPACE: u32 = 0x8004_100E;
/// `wbemConnectFlagUseMaxWait`
const USE_MAX_WAIT: u32 = 128;

/// The arguments of `SWbemLocator.ConnectServer`.
#[derive(Clone, Debug, Default)]
pub struct ConnectServer {
    /// The machine; empty and `.` are this one.
    pub server: String,
    /// The namespace, with `\` or `/`; empty is `root\cimv2`.
    pub namespace: String,
    /// `DOMAIN\user` or `user@suffix`.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// `MS_409`; its form is checked, and it has no effect.
    pub locale: Option<String>,
    /// `kerberos:PRINCIPAL` or `ntlmdomain:DOMAIN`.
    pub authority: Option<String>,
    /// 0, or 128 to give up after two minutes at most.
    pub security_flags: u32,
}

/// What connects to WMI on any machine, as `SWbemLocator` does.
///
/// With [`Locator::rehearsing`] an embedded site stands for every machine: names of servers are read and lead
/// nowhere else, so that a script with a moniker of the real server cannot reach it. Otherwise a server is reached by
/// WinRM: `winrm:` on port 5985, sealed, whatever the authentication level asked for, which is never less than
/// `pktPrivacy`. This machine (`.`) is reached by COM, on Windows only.
///
/// Impersonation levels, privileges and the locale are checked and have no effect; `delegate` is refused.
#[derive(Clone, Debug)]
pub struct Locator {
    options: ConnectOptions,
    local: Option<String>,
}

impl Locator {
    /// A locator of real machines; the options hold for each of them, but for their address.
    ///
    /// An option address of `winrms:` chooses TLS on port 5986, `com:` chooses DCOM, an empty one `winrm:`.
    pub fn new(options: ConnectOptions) -> Self {
        Locator { options, local: None }
    }

    /// A locator for which an embedded site, `sqlite:FILE`, stands for every machine.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use cmgateway::site::{EmbeddedSite, Locator, SiteCode};
    /// # let file = std::env::temp_dir().join(format!("cmgateway-locator-{}.db", std::process::id()));
    /// # let _ = std::fs::remove_file(&file);
    /// EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
    /// let locator = Locator::rehearsing(format!("sqlite:{}", file.display()));
    /// let sms = locator.get_object(r"winmgmts:{impersonationLevel=impersonate}!\\cm1\root\sms").await?;
    /// assert_eq!(sms.code().await?.as_str(), "GF1");
    /// assert!(locator.get_object(r"winmgmts:!\\cm1\root\sms\site_XYZ").await.is_err());
    /// # std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), cmgateway::Error>(()) }).unwrap();
    /// ```
    pub fn rehearsing(address: impl Into<String>) -> Self {
        Locator { options: ConnectOptions::new(""), local: Some(address.into()) }
    }

    /// Connects to a namespace of a machine, as `SWbemLocator.ConnectServer` does.
    ///
    /// # Errors
    /// `config` for arguments that cannot be: a user for this machine (`WBEM_E_LOCAL_CREDENTIALS`), a domain both in
    /// the user and in the authority; `not_found` where an embedded site does not have the namespace; `unsupported`
    /// for this machine where it is not Windows; those of [`Site::connect`].
    pub async fn connect_server(&self, arguments: ConnectServer) -> Result<Site> {
        let operation = format!("connect to server {:?}", arguments.server);
        let refuse = |kind, code, cause: &str| {
            Err(Error::new(kind, operation.as_str(), cause).with_source(WbemError::from_code(code)))
        };
        let (server, is_local) =
            (arguments.server.trim_matches(['\\', '/']), is_this_machine(&arguments.server));
        let proves =
            arguments.user.is_some() || arguments.password.is_some() || arguments.authority.is_some();
        if is_local && proves {
            let cause = "a user, a password or an authority cannot be given for this machine";
            return refuse(ErrorKind::Config, LOCAL_CREDENTIALS, cause);
        }
        if ![0, USE_MAX_WAIT].contains(&arguments.security_flags) {
            return refuse(ErrorKind::Config, INVALID_PARAMETER, "security_flags is 0 or 128");
        }
        arguments.locale.as_deref().map(checked_locale).transpose()?;
        let mut options = self.options.clone();
        if let Some(authority) = arguments.authority.as_deref().map(checked_authority).transpose()? {
            let (word, name) = authority.split_once(':').unwrap_or_default();
            let is_kerberos = word.eq_ignore_ascii_case("kerberos");
            let has_domain = arguments.user.as_deref().is_some_and(|user| user.contains(['\\', '@']));
            if !is_kerberos && has_domain {
                let cause = "the domain stands both in the user and in the authority";
                return refuse(ErrorKind::Config, INVALID_PARAMETER, cause);
            }
            options.auth = Some(if is_kerberos { AuthMethod::Kerberos } else { AuthMethod::Ntlm });
            if !is_kerberos {
                options.realm = Some(name.trim().to_owned());
            }
        }
        let namespace = arguments.namespace.replace('/', "\\");
        let namespace = namespace.trim_matches('\\');
        if let Some(local) = &self.local {
            return rehearsal(local, namespace, &operation).await;
        }
        let namespace = if namespace.is_empty() { "root\\cimv2" } else { namespace };
        let chosen = options.url.split(':').next().unwrap_or_default();
        let chosen = ["winrms", "com"].into_iter().find(|known| known.eq_ignore_ascii_case(chosen));
        let (scheme, server) = if is_local { ("com", ".") } else { (chosen.unwrap_or("winrm"), server) };
        options.url = format!("{scheme}://{server}/{}", namespace.replace('\\', "/"));
        options.user = arguments.user.or(options.user);
        options.password = arguments.password.or(options.password);
        if arguments.security_flags == USE_MAX_WAIT {
            options.timeout = options.timeout.min(Duration::from_secs(CONNECT_MAX_WAIT));
        }
        Site::connect(options).await
    }

    /// Connects to what a moniker names: the namespace of a machine.
    ///
    /// # Errors
    /// `config` where the text is no moniker, and where it names a class or an instance, which is then read by
    /// [`Site::get`]; `unsupported` for the impersonation level `delegate`; those of [`Locator::connect_server`].
    pub async fn get_object(&self, moniker: &str) -> Result<Site> {
        let moniker = Moniker::parse(moniker)?;
        let refuse = |kind, cause: String| Err(Error::new(kind, format!("connect to {moniker}"), cause));
        if let Some(object) = &moniker.object {
            let cause = format!("it names an object; connect to its namespace, then get {object}");
            return refuse(ErrorKind::Config, cause);
        }
        if moniker.impersonation == Some("delegate") {
            let cause = "delegation is not supported: the provider could not act for you on a third machine";
            return refuse(ErrorKind::Unsupported, cause.to_owned());
        }
        self.connect_server(ConnectServer {
            server: moniker.server.unwrap_or_default(),
            namespace: moniker.namespace.unwrap_or_default(),
            locale: moniker.locale,
            authority: moniker.authority,
            ..ConnectServer::default()
        })
        .await
    }

    /// Finds the provider of a machine's site and connects to its namespace.
    ///
    /// It asks `root\sms` for `SMS_ProviderLocation WHERE ProviderForLocalSite = TRUE` and goes to the machine and the
    /// namespace that stand there, as the samples of the SDK do. With `stays`, or where the provider is on the machine
    /// that was asked, it goes to that machine, as older scripts do.
    ///
    /// # Errors
    /// `not_found` where no provider says it is the local site's; `conflict` where two sites do; those of
    /// [`Locator::connect_server`].
    pub async fn site(&self, arguments: ConnectServer, stays: bool) -> Result<Site> {
        let asked = ConnectServer { namespace: "root\\sms".to_owned(), ..arguments.clone() };
        let sms = self.connect_server(asked).await?;
        let (code, machine) = provider(&sms).await?;
        let namespace = format!("root\\sms\\site_{code}");
        let stays = stays || is_this_machine(&machine);
        let server = if stays { arguments.server.clone() } else { machine };
        self.connect_server(ConnectServer { server, namespace, ..arguments }).await
    }
}

/// The site's code and the machine of its provider, from `SMS_ProviderLocation`.
async fn provider(sms: &Site) -> Result<(SiteCode, String)> {
    let code = sms.code().await?;
    let wql = "SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = TRUE AND SiteCode = ?";
    let select = Select::parse_with(wql, &Parameters::positional([code.as_str()]))?;
    let rows = sms.run(&select).await?.all().await?;
    let location = rows.first();
    // The path of the namespace says the same; some versions leave Machine empty.
    let by_path = location
        .and_then(|row| row.text("NamespacePath"))
        .and_then(|path| ObjectPath::parse(&format!("{path}:SMS_Site")).ok().and_then(|path| path.server));
    let machine = location.and_then(|row| row.text("Machine")).filter(|machine| !machine.is_empty());
    Ok((code, machine.map(str::to_owned).or(by_path).unwrap_or_default()))
}

fn is_this_machine(server: &str) -> bool {
    let server = server.trim_matches(['\\', '/']);
    ["", ".", "localhost", "127.0.0.1", "::1"].iter().any(|own| own.eq_ignore_ascii_case(server))
}

async fn rehearsal(address: &str, namespace: &str, operation: &str) -> Result<Site> {
    let site = Site::connect(ConnectOptions::new(address)).await?;
    site.embedded()?;
    let code = site.code().await?;
    let known = ["root\\sms".to_owned(), format!("root\\sms\\site_{code}")];
    if known.iter().any(|known| known.eq_ignore_ascii_case(namespace)) {
        return Ok(site);
    }
    let cause = format!("the embedded site has the namespaces root\\sms and root\\sms\\site_{code} only");
    Err(Error::new(ErrorKind::NotFound, operation, cause)
        .with_source(WbemError::from_code(INVALID_NAMESPACE)))
}
