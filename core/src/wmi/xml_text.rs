//! Instances as XML text, as `SWbemObjectEx.GetText_(2)` gives them: WMI's extension of the CIM DTD 2.0 (DSP0203), which
//! has elements for embedded objects.

use std::fmt::Write as _;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Instance, Property, Value};

/// The instance as XML text, in WMI's form of the CIM DTD 2.0.
///
/// It is `<INSTANCE CLASSNAME="…">` with a `PROPERTY` for each property. A property without a value is an element without content. System properties are not written.
///
/// # Errors
/// `config` where a text has a character that XML 1.0 cannot hold.
///
/// ```
/// use cmgateway::wmi::{Instance, instance_xml};
/// let mut site = Instance::new("SMS_Site")?;
/// site.set("SiteCode", "A<B")?;
/// assert_eq!(
///     instance_xml(&site)?,
///     "<INSTANCE CLASSNAME=\"SMS_Site\">\n\t<PROPERTY NAME=\"SiteCode\" TYPE=\"string\">\
///      <VALUE>A&lt;B</VALUE></PROPERTY>\n</INSTANCE>\n"
/// );
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn instance_xml(instance: &Instance) -> Result<String> {
    let mut text = String::new();
    write_instance(&mut text, instance, 0)?;
    text.push('\n');
    Ok(text)
}

fn write_instance(text: &mut String, instance: &Instance, depth: usize) -> Result<()> {
    let indent = "\t".repeat(depth);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "<INSTANCE CLASSNAME=\"{}\">", instance.class_name());
    for property in instance.properties() {
        let _ = write!(text, "{indent}\t");
        write_property(text, property, depth + 1)?;
        text.push('\n');
    }
    let _ = write!(text, "{indent}</INSTANCE>");
    Ok(())
}

fn write_property(text: &mut String, property: &Property, depth: usize) -> Result<()> {
    let natural = property.value.natural_type();
    let cim_type = property.cim_type.or(natural.map(|(cim_type, _)| cim_type)).unwrap_or(CimType::String);
    let is_array = property.is_array || matches!(property.value, Value::Array(_));
    let element = match (cim_type, is_array) {
        (CimType::Object, false) => "PROPERTY.OBJECT",
        (CimType::Object, true) => "PROPERTY.OBJECTARRAY",
        (CimType::Reference, false) => "PROPERTY.REFERENCE",
        (_, true) => "PROPERTY.ARRAY",
        (_, false) => "PROPERTY",
    };
    let _ = write!(text, "<{element} NAME=\"{}\"", property.name);
    if !matches!(cim_type, CimType::Object | CimType::Reference) {
        let _ = write!(text, " TYPE=\"{}\"", cim_type.name());
    }
    text.push('>');
    match &property.value {
        Value::Null => {}
        Value::Array(items) => {
            let list = if cim_type == CimType::Object { "VALUE.OBJECTARRAY" } else { "VALUE.ARRAY" };
            let _ = write!(text, "<{list}>");
            for item in items {
                write_value(text, item, depth)?;
            }
            let _ = write!(text, "</{list}>");
        }
        value => write_value(text, value, depth)?,
    }
    let _ = write!(text, "</{element}>");
    Ok(())
}

fn write_value(text: &mut String, value: &Value, depth: usize) -> Result<()> {
    let plain = match value {
        Value::Object(instance) => {
            text.push_str("<VALUE.OBJECT>");
            write_instance(text, instance, depth)?;
            text.push_str("</VALUE.OBJECT>");
            return Ok(());
        }
        Value::Boolean(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(real) => format!("{real:?}"),
        Value::String(text) => text.clone(),
        Value::DateTime(datetime) => datetime.to_string(),
        Value::Reference(path) => path.to_string(),
        Value::Null | Value::Array(_) => String::new(),
    };
    let element = if matches!(value, Value::Reference(_)) { "VALUE.REFERENCE" } else { "VALUE" };
    let _ = write!(text, "<{element}>{}</{element}>", escaped(&plain)?);
    Ok(())
}

fn escaped(text: &str) -> Result<String> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A reader turns a bare carriage return into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let cause = format!("a text has U+{:04X}, which XML cannot hold", u32::from(c));
                return Err(Error::new(ErrorKind::Config, "write instance as XML", cause));
            }
            c => escaped.push(c),
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wmi::ObjectPath;

    #[test]
    fn every_kind_of_value_has_its_element() {
        let mut part = Instance::new("Part").unwrap();
        part.set("Text", "a\r").unwrap();
        let mut thing = Instance::new("Thing").unwrap();
        thing.set("On", true).unwrap();
        thing.set("None", Value::Null).unwrap();
        thing.set("List", Value::Array(vec![1.into(), 2.into()])).unwrap();
        thing.set("Parts", Value::Array(vec![Value::Object(Box::new(part))])).unwrap();
        thing.set("Home", Value::Reference(ObjectPath::parse("A='<'").unwrap())).unwrap();
        let text = instance_xml(&thing).unwrap();
        for expected in [
            "<PROPERTY NAME=\"On\" TYPE=\"boolean\"><VALUE>TRUE</VALUE></PROPERTY>",
            "<PROPERTY NAME=\"None\" TYPE=\"string\"></PROPERTY>",
            "<VALUE.ARRAY><VALUE>1</VALUE><VALUE>2</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>",
            "<PROPERTY.OBJECTARRAY NAME=\"Parts\"><VALUE.OBJECTARRAY><VALUE.OBJECT><INSTANCE CLASSNAME=\"Part\">",
            "<VALUE>a&#13;</VALUE>",
            "<VALUE.REFERENCE>A=\"&lt;\"</VALUE.REFERENCE></PROPERTY.REFERENCE>",
        ] {
            assert!(text.contains(expected), "{expected} is not in {text}");
        }
        thing.set("Bad", "\u{1}").unwrap();
        assert_eq!(instance_xml(&thing).unwrap_err().kind(), ErrorKind::Config);
    }
}
