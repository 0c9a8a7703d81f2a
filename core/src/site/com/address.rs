//! Addresses of WMI over COM.

use crate::error::{Error, ErrorKind, Result};

/// A namespace of a machine: `com://HOST/root/sms/site_GF1`, `com://./root/sms` for this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComAddress {
    /// The machine; `.` is this one.
    pub(crate) server: String,
    /// The namespace, with `\`.
    pub(crate) namespace: String,
    /// The address as errors show it.
    pub(crate) shown: String,
}

impl ComAddress {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, format!("connect to {url}"), cause));
        let rest = url.split_once(':').map_or("", |(_, rest)| rest);
        let Some(rest) = rest.strip_prefix("//") else { return refuse("it is not com://HOST/NAMESPACE") };
        let (server, namespace) = rest.split_once('/').unwrap_or((rest, ""));
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if server.is_empty() || !server.chars().all(is_host) {
            return refuse("the host is missing or no name; . is this machine");
        }
        let namespace = namespace.trim_matches('/');
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-.{}".contains(c))
        };
        if !namespace.split('/').all(is_part) {
            return refuse(
                "the namespace is missing or has characters that none can have, as in root/sms/site_GF1",
            );
        }
        let namespace = namespace.replace('/', "\\");
        Ok(ComAddress { server: server.to_owned(), namespace, shown: url.to_owned() })
    }

    /// True for this machine.
    pub(crate) fn is_local(&self) -> bool {
        [".", "localhost", "127.0.0.1"].iter().any(|own| own.eq_ignore_ascii_case(&self.server))
    }

    /// What `IWbemLocator::ConnectServer` takes.
    #[cfg_attr(not(windows), expect(dead_code, reason = "COM is there on Windows only"))]
    pub(crate) fn network_resource(&self) -> String {
        let server = if self.is_local() { "." } else { self.server.as_str() };
        format!(r"\\{server}\{}", self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_and_a_namespace() {
        let own = ComAddress::parse("com://./root/sms/site_GF1/").unwrap();
        assert!(own.is_local());
        assert_eq!(own.namespace, r"root\sms\site_GF1");
        let other = ComAddress::parse("COM://cm1.contoso.com/root/sms").unwrap();
        assert!(!other.is_local());
        for wrong in [
            "com:",
            "com://",
            "com://cm1",
            "com:///root",
            "com://cm1/root//sms",
            r"com://cm1\x/root",
            "com://cm1/ro ot",
        ] {
            assert_eq!(ComAddress::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }
}
