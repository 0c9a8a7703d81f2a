//! Keys in addresses: `Class(1)`, `Class('x')`, `Class(A=1,B='x')`.

use super::filter_text::quoted;
use super::percent;
use crate::limits::OBJECT_PATH_BYTES_MAX;
use crate::wmi::{CimType, Class, Identifier, KeyValue, ObjectPath};

/// The path of an object as an address under the route of the classes, encoded.
///
/// Where the class is known, a key has the form of its type: scripts quote numeric keys, which WMI takes and
/// OData does not. The form with several keys is OData's own; no public example shows it with an AdminService.
/// The error is the cause alone.
pub(crate) fn address(path: &ObjectPath, class: Option<&Class>) -> Result<String, String> {
    if path.keys.is_empty() {
        return Err("the path has no key".into());
    }
    let mut predicate = String::new();
    for (at, (name, value)) in path.keys.iter().enumerate() {
        let definition = class.and_then(|class| match name {
            Some(name) => class.property(name.as_str()),
            None => class.keys().next(),
        });
        if at > 0 {
            predicate.push(',');
        }
        match name {
            Some(name) if path.keys.len() > 1 => predicate.push_str(&format!("{name}=")),
            None if path.keys.len() > 1 => {
                return Err("the path has several keys, but not all their names".into());
            }
            _ => {}
        }
        predicate.push_str(&key_literal(value, definition.map(|definition| definition.cim_type))?);
    }
    let mut address = format!("{}(", path.class);
    // `=` and `'` stay as they are; the rest of a value is encoded.
    for (at, part) in predicate.split('=').enumerate() {
        if at > 0 {
            address.push('=');
        }
        percent::encode_into(&mut address, part);
    }
    address.push(')');
    Ok(address)
}

fn key_literal(value: &KeyValue, cim_type: Option<CimType>) -> Result<String, String> {
    let is_integer = cim_type.is_some_and(|cim_type| cim_type.integer_range().is_some());
    Ok(match value {
        KeyValue::String(text) if is_integer => match text.trim().parse::<i128>() {
            Ok(number) => number.to_string(),
            Err(_) => quoted(text),
        },
        KeyValue::String(text) => quoted(text),
        KeyValue::Integer(number) if cim_type == Some(CimType::String) => quoted(&number.to_string()),
        KeyValue::Integer(number) => number.to_string(),
        KeyValue::Boolean(flag) => flag.to_string(),
        KeyValue::Singleton => {
            return Err("OData has no key for the only instance of a class (Class=@)".into());
        }
    })
}

/// Reads `Class(key)` or `Class`, decoded; the second part is empty where there is no key.
///
/// The error is the cause alone.
pub(crate) fn parse(text: &str) -> Result<ObjectPath, String> {
    if text.len() > OBJECT_PATH_BYTES_MAX {
        return Err(format!("the address has more than {OBJECT_PATH_BYTES_MAX} bytes"));
    }
    let (class, predicate) = match text.split_once('(') {
        Some((class, rest)) => {
            let inner = rest.strip_suffix(')').ok_or("the key has no closing parenthesis at its end")?;
            (class, Some(inner))
        }
        None => (text, None),
    };
    let class = Identifier::new(class).map_err(|error| error.cause().to_owned())?;
    let mut keys = Vec::new();
    if let Some(predicate) = predicate {
        let parts = split_outside_quotes(predicate)?;
        for part in &parts {
            let (name, value) = match part.find(['=', '\'']) {
                Some(at) if part[at..].starts_with('=') => {
                    let name =
                        Identifier::new(part[..at].trim()).map_err(|error| error.cause().to_owned())?;
                    (Some(name), &part[at + 1..])
                }
                _ => (None, *part),
            };
            if name.is_none() && parts.len() > 1 {
                return Err("several keys need their names: Class(A=1,B='x')".into());
            }
            keys.push((name, key_value(value.trim())?));
        }
    }
    Ok(ObjectPath { server: None, namespace: None, class, keys })
}

fn key_value(text: &str) -> Result<KeyValue, String> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        if inner.replace("''", "").contains('\'') {
            return Err(format!("the text {text} has a single quote that is not doubled"));
        }
        return Ok(KeyValue::String(inner.replace("''", "'")));
    }
    match text {
        "true" => Ok(KeyValue::Boolean(true)),
        "false" => Ok(KeyValue::Boolean(false)),
        "" => Err("the key is empty".into()),
        _ => match text.parse() {
            Ok(number) => Ok(KeyValue::Integer(number)),
            Err(_) => Err(format!("the key {text:?} is neither a number nor a text in single quotes")),
        },
    }
}

fn split_outside_quotes(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err("a text in single quotes does not end".into());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_were_written() {
        for (text, encoded) in [
            ("SMS_R_System(16777219)", "SMS_R_System(16777219)"),
            ("SMS_Collection('SMS00001')", "SMS_Collection('SMS00001')"),
            ("C(A=1,B='x=''y,(')", "C(A=1,B='x=''y,(')"),
            ("C('a b')", "C('a%20b')"),
            ("C(true)", "C(true)"),
        ] {
            let path = parse(text).unwrap();
            assert_eq!(address(&path, None).unwrap(), encoded);
            assert_eq!(percent::decode(encoded, false).unwrap(), text);
        }
        assert!(parse("SMS_Site").unwrap().keys.is_empty());
        for wrong in ["C(", "C()", "C('a)", "C(1,2)", "C(x)", "C(1)x", "C('a'b')", "1C(1)", "C(A=)"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
