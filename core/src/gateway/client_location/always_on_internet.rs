//! A client that is to consider itself on the Internet wherever it is: `ClientAlwaysOnInternet`.

use crate::error::Result;

/// The key below `HKEY_LOCAL_MACHINE`.
const KEY: &str = r"SOFTWARE\Microsoft\CCM\Security";
/// The value; Microsoft's page gives no type, a DWORD is what everybody writes.
const VALUE: &str = "ClientAlwaysOnInternet";

/// The text of a `.reg` file that makes a client always use the gateway, or decide by itself again.
///
/// Windows reads it with `reg import FILE`; the agent (`ccmexec`) is restarted then. Lines end as Windows has them.
///
/// ```
/// use cmgateway::gateway::client_location::registry_file;
/// let text = registry_file(true);
/// assert!(text.contains("\"ClientAlwaysOnInternet\"=dword:00000001"));
/// ```
pub fn registry_file(always: bool) -> String {
    let number = u32::from(always);
    format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\{KEY}]\r\n\"{VALUE}\"=dword:{number:08x}\r\n"
    )
}

/// The `Registry.xml` of Group Policy Preferences that does the same to all computers of a policy.
///
/// It belongs in `Machine\Preferences\Registry` of the policy's folder; the class ids are those of Microsoft's protocol
/// document MS-GPPREF. Not tried with a domain.
///
/// ```
/// use cmgateway::gateway::client_location::group_policy_preferences;
/// assert!(group_policy_preferences(false).contains(r#"value="00000000""#));
/// ```
pub fn group_policy_preferences(always: bool) -> String {
    let number = u32::from(always);
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<RegistrySettings clsid="{{A3CCFC41-DFDB-43a5-8D26-0FE8B954DA51}}">
  <Registry clsid="{{9CD4B2F4-923D-47f5-A062-E897DD1DAD50}}" name="{VALUE}" status="{VALUE}" image="12" changed="2026-01-01 00:00:00" uid="{{5C1D7E0A-3B52-4E0B-9C7B-6A1F0C2E8D31}}">
    <Properties action="U" displayDecimal="1" default="0" hive="HKEY_LOCAL_MACHINE" key="{KEY}" name="{VALUE}" type="REG_DWORD" value="{number:08X}"/>
  </Registry>
</RegistrySettings>
"#
    )
}

/// Whether this computer is to consider itself on the Internet wherever it is; false where nothing is said.
///
/// # Errors
/// `auth` where the registry may not be read; `unsupported` on other systems than Windows. Compiled only: no Windows was at hand.
pub fn always_on_internet_here() -> Result<bool> {
    this_computer::read()
}

/// Makes this computer always use the gateway, or decide by itself again; the agent is to be restarted then.
///
/// # Errors
/// `auth` where the registry may not be written; `unsupported` on other systems than Windows. Compiled only: no Windows was at
/// hand.
pub fn set_always_on_internet_here(always: bool) -> Result<()> {
    this_computer::write(always)
}

#[cfg(windows)]
mod this_computer {
    use windows_registry::LOCAL_MACHINE;

    use super::{KEY, VALUE};
    use crate::error::{Error, ErrorKind, Result};

    /// The codes of a key or value that is not there, and of denied access.
    const NOT_THERE: u32 = 0x8007_0002;
    const DENIED: u32 = 0x8007_0005;

    pub(super) fn read() -> Result<bool> {
        let stored = LOCAL_MACHINE.open(KEY).and_then(|key| key.get_u32(VALUE));
        match stored {
            Ok(number) => Ok(number != 0),
            Err(error) if error.code().0 as u32 == NOT_THERE => Ok(false),
            Err(error) => Err(failure("read", error.code().0 as u32, error.message())),
        }
    }

    pub(super) fn write(always: bool) -> Result<()> {
        let written = LOCAL_MACHINE.create(KEY).and_then(|key| key.set_u32(VALUE, always.into()));
        written.map_err(|error| failure("write", error.code().0 as u32, error.message()))
    }

    fn failure(verb: &str, code: u32, message: String) -> Error {
        let kind = if code == DENIED { ErrorKind::Auth } else { ErrorKind::Unavailable };
        Error::new(kind, format!("{verb} HKEY_LOCAL_MACHINE\\{KEY}\\{VALUE}"), message)
    }
}

#[cfg(not(windows))]
mod this_computer {
    use super::VALUE;
    use crate::error::{Error, ErrorKind, Result};

    pub(super) fn read() -> Result<bool> {
        Err(refusal("read"))
    }

    pub(super) fn write(_always: bool) -> Result<()> {
        Err(refusal("write"))
    }

    fn refusal(verb: &str) -> Error {
        let cause = "only Windows has a registry; take the .reg file or the Group Policy Preferences";
        Error::new(ErrorKind::Unsupported, format!("{verb} {VALUE}"), cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_what_windows_reads() {
        let expected = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\CCM\\Security]\r\n\
             \"ClientAlwaysOnInternet\"=dword:00000000\r\n";
        assert_eq!(registry_file(false), expected);
        // Well-formed, with the place and the value in attributes.
        let xml = group_policy_preferences(true);
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut found = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Empty(one) => {
                    for attribute in one.attributes() {
                        let attribute = attribute.unwrap();
                        found.push(attribute.value.into_owned());
                    }
                }
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        for part in ["HKEY_LOCAL_MACHINE", KEY, VALUE, "REG_DWORD", "00000001"] {
            assert!(found.iter().any(|value| value == part), "{part}: {found:?}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn other_systems_say_what_to_do_instead() {
        let error = set_always_on_internet_here(true).unwrap_err();
        assert!(error.cause().contains(".reg file"), "{error}");
        assert!(always_on_internet_here().is_err());
    }
}
