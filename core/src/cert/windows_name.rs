//! Distinguished names as Windows prints them: .NET's `X509Certificate2.Subject`, `CertNameToStr`.

use super::der::{Element, Hex, Oid};
use super::name;

/// The name as text, last part first, with `, ` between parts and quotes where a value needs them.
pub(super) fn text(content: &[u8]) -> String {
    let parts = name::parts(content).into_iter().rev();
    let parts = parts.map(|part| part.into_iter().map(attribute).collect::<Vec<_>>().join(" + "));
    parts.collect::<Vec<_>>().join(", ")
}

fn attribute((kind, value): (Oid<'_>, Element<'_>)) -> String {
    let word = keyword(kind).map_or_else(|| format!("OID.{kind}"), str::to_owned);
    match name::decode(value) {
        Some(text) => format!("{word}={}", quoted(&text)),
        None => format!("{word}=#{}", Hex(value.whole)),
    }
}

/// `CERT_X500_NAME_STR`: quotes around a value with blanks at an end or with one of these characters.
fn quoted(text: &str) -> String {
    let special = |c: char| matches!(c, ',' | '+' | '=' | '"' | '\n' | '<' | '>' | '#' | ';');
    if text.is_empty() || text.contains(special) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The word of Windows for a kind of attribute.
fn keyword(kind: Oid<'_>) -> Option<&'static str> {
    Some(match kind.0 {
        [0x55, 4, last] => match last {
            3 => "CN",
            4 => "SN",
            5 => "SERIALNUMBER",
            6 => "C",
            7 => "L",
            8 => "S",
            9 => "STREET",
            10 => "O",
            11 => "OU",
            12 => "T",
            13 => "Description",
            17 => "PostalCode",
            18 => "POBox",
            20 => "Phone",
            42 => "G",
            43 => "I",
            46 => "dnQualifier",
            _ => return None,
        },
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "E",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::distinguished_name::DistinguishedName;

    #[test]
    fn writes_as_windows_does() {
        let windows = |rfc4514: &str| text(DistinguishedName::parse(rfc4514).unwrap().content());
        assert_eq!(
            windows("CN=gw.contoso.com,OU=IT,O=Contoso,ST=WA,C=US"),
            "CN=gw.contoso.com, OU=IT, O=Contoso, S=WA, C=US"
        );
        assert_eq!(windows(r"CN=a,O=Contoso\, Ltd."), "CN=a, O=\"Contoso, Ltd.\"");
        assert_eq!(windows(r#"CN=say \"hi\""#), "CN=\"say \"\"hi\"\"\"");
        assert_eq!(
            windows("emailAddress=a@b.c+CN=x,DC=contoso,DC=com"),
            "CN=x + E=a@b.c, DC=contoso, DC=com"
        );
        assert_eq!(windows("1.2.3.4=#0C0178"), "OID.1.2.3.4=x");
    }
}
