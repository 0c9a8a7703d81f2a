//! Monikers, the text that VBScript gives to `GetObject` (WMI SDK, "Constructing a Moniker String").

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{ObjectPath, WbemError};

/// `WBEM_E_INVALID_SYNTAX`
const INVALID_SYNTAX: u32 = 0x8004_1021;

const IMPERSONATION: [&str; 4] = ["anonymous", "identify", "impersonate", "delegate"];
const AUTHENTICATION: [&str; 7] = ["default", "none", "connect", "call", "pkt", "pktIntegrity", "pktPrivacy"];
const PRIVILEGES: [&str; 27] = [
    "CreateToken",
    "PrimaryToken",
    "LockMemory",
    "IncreaseQuota",
    "MachineAccount",
    "Tcb",
    "Security",
    "TakeOwnership",
    "LoadDriver",
    "SystemProfile",
    "Systemtime",
    "ProfileSingleProcess",
    "IncreaseBasePriority",
    "CreatePagefile",
    "CreatePermanent",
    "Backup",
    "Restore",
    "Shutdown",
    "Debug",
    "Audit",
    "SystemEnvironment",
    "ChangeNotify",
    "RemoteShutdown",
    "Undock",
    "SyncAgent",
    "EnableDelegation",
    "ManageVolume",
];

/// A moniker, taken apart: `winmgmts:{impersonationLevel=impersonate}!\\cm1\root\sms`.
///
/// What the parts do is the affair of who connects ([`Locator`](crate::site::Locator)).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moniker {
    /// `impersonationLevel`: `anonymous`, `identify`, `impersonate` or `delegate`.
    pub impersonation: Option<&'static str>,
    /// `authenticationLevel`: `default`, `none`, `connect`, `call`, `pkt`, `pktIntegrity` or `pktPrivacy`.
    pub authentication: Option<&'static str>,
    /// `authority`: `kerberos:PRINCIPAL` or `ntlmdomain:DOMAIN`.
    pub authority: Option<String>,
    /// The privileges, and whether each is switched on.
    pub privileges: Vec<(&'static str, bool)>,
    /// `[locale=ms_409]`, without the brackets.
    pub locale: Option<String>,
    /// Host, without backslashes; None for this machine, as is `.`.
    pub server: Option<String>,
    /// Namespace with backslashes; None for the machine's default.
    pub namespace: Option<String>,
    /// The class or instance behind the namespace.
    pub object: Option<ObjectPath>,
}

impl Moniker {
    /// True where a text is meant to be a moniker.
    pub fn is_one(text: &str) -> bool {
        text.trim_start().get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a moniker: settings, `!` and path may each be left out, and `/` does as well as `\`.
    ///
    /// # Errors
    /// `config` where it is none, with the part that is wrong.
    ///
    /// ```
    /// use cmgateway::wmi::Moniker;
    /// let text = r"winmgmts:{impersonationLevel=impersonate,(Security,!Debug)}[locale=ms_409]!//cm1/root/sms:SMS_Site='A'";
    /// let moniker = Moniker::parse(text)?;
    /// assert_eq!((moniker.server.as_deref(), moniker.namespace.as_deref()), (Some("cm1"), Some(r"root\sms")));
    /// assert_eq!(moniker.privileges, [("Security", true), ("Debug", false)]);
    /// assert_eq!(moniker.object.unwrap().to_string(), r#"SMS_Site="A""#);
    /// assert!(Moniker::parse("winmgmts:{impersonationLevel=maybe}").is_err());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if !Self::is_one(text) {
            return Err(refuse("it begins with winmgmts:"));
        }
        let mut moniker = Moniker::default();
        let mut rest = text[SCHEME.len()..].trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            let (settings, behind) =
                inside.split_once('}').ok_or_else(|| refuse("the settings have no closing brace"))?;
            moniker.settings(settings)?;
            rest = behind.trim_start();
        }
        if let Some(inside) = rest.strip_prefix('[') {
            let (locale, behind) =
                inside.split_once(']').ok_or_else(|| refuse("the locale has no closing bracket"))?;
            let (word, value) = locale.split_once('=').unwrap_or((locale, ""));
            if !word.trim().eq_ignore_ascii_case("locale") {
                return Err(refuse("in brackets stands [locale=ms_409] only"));
            }
            moniker.locale = Some(checked_locale(value)?);
            rest = behind.trim_start();
        }
        rest = rest.strip_prefix('!').unwrap_or(rest).trim();
        moniker.path(rest)?;
        Ok(moniker)
    }

    fn settings(&mut self, text: &str) -> Result<()> {
        for item in items(text)? {
            if let Some(names) = item.strip_prefix('(') {
                let names = names.strip_suffix(')').ok_or_else(|| refuse("the privileges have no end"))?;
                for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                    let (name, is_on) = name.strip_prefix('!').map_or((name, true), |name| (name, false));
                    self.privileges.push((one_of("privilege", name.trim(), &PRIVILEGES)?, is_on));
                }
                continue;
            }
            let (word, value) =
                item.split_once('=').map_or(("", item), |(word, value)| (word.trim(), value.trim()));
            match word.to_ascii_lowercase().as_str() {
                "" | "impersonationlevel" => {
                    self.impersonation = Some(one_of("impersonation level", value, &IMPERSONATION)?);
                }
                "authenticationlevel" => {
                    self.authentication = Some(one_of("authentication level", value, &AUTHENTICATION)?);
                }
                "authority" => self.authority = Some(checked_authority(value)?),
                _ => return Err(refuse(&format!("there is no setting {word:?}"))),
            }
        }
        Ok(())
    }

    fn path(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let (place, object) = match text.find([':', '"', '\'', '=']) {
            Some(at) if text[at..].starts_with(':') => (&text[..at], Some(&text[at + 1..])),
            // Without a namespace a path may be that of a class: `winmgmts:SMS_Site='ABC'`.
            Some(_) => ("", Some(text)),
            None => (text, None),
        };
        let place = place.replace('/', "\\");
        let namespace = match place.strip_prefix("\\\\") {
            None => place.trim_matches('\\').to_owned(),
            Some(rest) => {
                let (server, namespace) = rest.split_once('\\').unwrap_or((rest, ""));
                let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
                if server.is_empty() || !server.chars().all(is_host) {
                    return Err(refuse("the server is no name of a machine"));
                }
                self.server = Some(server.to_owned()).filter(|server| server != ".");
                namespace.trim_matches('\\').to_owned()
            }
        };
        let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric());
        if !namespace.is_empty() && !namespace.split('\\').all(is_part) {
            return Err(refuse("the namespace is no list of names between backslashes"));
        }
        if namespace.is_empty() && self.server.is_some() && object.is_some() {
            return Err(refuse("with a server and a class the namespace cannot be left out"));
        }
        self.namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        self.object = object.filter(|object| !object.is_empty()).map(ObjectPath::parse).transpose()?;
        Ok(())
    }
}

const SCHEME: &str = "winmgmts:";

/// The items between commas; those of the privileges are one.
fn items(text: &str) -> Result<Vec<&str>> {
    let (mut items, mut from, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(|| refuse("a parenthesis was never opened"))?,
            ',' if depth == 0 => {
                items.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(text[from..].trim());
    items.retain(|item| !item.is_empty());
    Ok(items)
}

fn one_of(what: &str, value: &str, known: &[&'static str]) -> Result<&'static str> {
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(value));
    found.copied().ok_or_else(|| refuse(&format!("{value:?} is no {what}")))
}

/// A locale as WMI writes it, `MS_409`.
///
/// # Errors
/// `config` where it is none.
pub(crate) fn checked_locale(text: &str) -> Result<String> {
    let text = text.trim();
    let digits = text.get(..3).filter(|start| start.eq_ignore_ascii_case("ms_")).map(|_| &text[3..]);
    let is_one = digits.is_some_and(|digits| {
        (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    if is_one { Ok(text.to_owned()) } else { Err(refuse(&format!("{text:?} is no locale such as ms_409"))) }
}

/// An authority: `kerberos:PRINCIPAL` or `ntlmdomain:DOMAIN`.
///
/// # Errors
/// `config` where it is none.
pub(crate) fn checked_authority(text: &str) -> Result<String> {
    let (word, name) = text.split_once(':').unwrap_or((text, ""));
    let is_known = ["kerberos", "ntlmdomain"].iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
    if is_known && !name.trim().is_empty() {
        return Ok(text.trim().to_owned());
    }
    Err(refuse(&format!("authority {text:?} is neither kerberos:PRINCIPAL nor ntlmdomain:DOMAIN")))
}

fn refuse(cause: &str) -> Error {
    Error::new(ErrorKind::Config, "read moniker", cause).with_source(WbemError::from_code(INVALID_SYNTAX))
}

/// The canonical form, with backslashes and `!`.
impl fmt::Display for Moniker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = Vec::new();
        settings.extend(self.impersonation.map(|level| format!("impersonationLevel={level}")));
        settings.extend(self.authentication.map(|level| format!("authenticationLevel={level}")));
        settings.extend(self.authority.as_ref().map(|authority| format!("authority={authority}")));
        if !self.privileges.is_empty() {
            let sign = |is_on: &bool| if *is_on { "" } else { "!" };
            let names: Vec<_> =
                self.privileges.iter().map(|(name, is_on)| format!("{}{name}", sign(is_on))).collect();
            settings.push(format!("({})", names.join(",")));
        }
        f.write_str(SCHEME)?;
        if !settings.is_empty() {
            write!(f, "{{{}}}", settings.join(","))?;
        }
        if let Some(locale) = &self.locale {
            write!(f, "[locale={locale}]")?;
        }
        if self.server.is_none() && self.namespace.is_none() && self.object.is_none() {
            return Ok(());
        }
        f.write_str("!")?;
        if self.server.is_some() || self.namespace.is_some() {
            write!(f, "\\\\{}", self.server.as_deref().unwrap_or("."))?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, "\\{namespace}")?;
        }
        match &self.object {
            Some(object) if self.namespace.is_some() => write!(f, ":{object}"),
            Some(object) => object.fmt(f),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_published_scripts_is_read_and_printed_back() {
        for (text, canonical) in [
            ("winmgmts:", "winmgmts:"),
            (r"WinMgmts:!\\.\root\sms", r"winmgmts:!\\.\root\sms"),
            ("winmgmts://cm1/root/ccm:SMS_Client", r"winmgmts:!\\cm1\root\ccm:SMS_Client"),
            (r"winmgmts:\\cm1\root\sms\site_ABC", r"winmgmts:!\\cm1\root\sms\site_ABC"),
            (
                r#"winmgmts:{impersonationLevel=impersonate, authenticationLevel=PktPrivacy,(Security, !Debug)}!\\cm1\root\sms\site_ABC:SMS_Collection.CollectionID="ABC00001""#,
                r#"winmgmts:{impersonationLevel=impersonate,authenticationLevel=pktPrivacy,(Security,!Debug)}!\\cm1\root\sms\site_ABC:SMS_Collection.CollectionID="ABC00001""#,
            ),
            (
                r"winmgmts:{impersonate}!root/cimv2",
                r"winmgmts:{impersonationLevel=impersonate}!\\.\root\cimv2",
            ),
            ("winmgmts:[locale=MS_409]!root", r"winmgmts:[locale=MS_409]!\\.\root"),
            (
                r"winmgmts:{authority=kerberos:contoso\cm1$}!\\cm1",
                r"winmgmts:{authority=kerberos:contoso\cm1$}!\\cm1",
            ),
            ("winmgmts:SMS_Site='ABC'", "winmgmts:!SMS_Site=\"ABC\""),
            (r"winmgmts:!\\.\root\sms:SMS_Site=@", r"winmgmts:!\\.\root\sms:SMS_Site=@"),
        ] {
            let moniker = Moniker::parse(text).unwrap();
            assert_eq!(moniker.to_string(), canonical, "{text}");
            assert_eq!(Moniker::parse(canonical).unwrap(), moniker, "{canonical}");
        }
        for wrong in [
            "winmgmt:",
            "winmgmts:{impersonate",
            "winmgmts:{level=impersonate}",
            "winmgmts:{(Everything)}",
            "winmgmts:{)}",
            "winmgmts:[locale=english]",
            "winmgmts:[language=ms_409]",
            "winmgmts:{authority=somebody}",
            r"winmgmts:\\a b\root",
            r"winmgmts:\\cm1:SMS_Site='A'",
            r"winmgmts:\\cm1\ro ot",
            r"winmgmts:root\sms:SMS_Site=",
        ] {
            assert_eq!(Moniker::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }
}
