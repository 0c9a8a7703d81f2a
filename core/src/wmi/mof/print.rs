//! Classes and instances as MOF text, as `GetObjectText_` writes them.

use std::fmt::Write as _;

use crate::wmi::{
    CimType, Class, Identifier, Instance, MethodDefinition, PropertyDefinition, Qualifier, Value,
};

/// The MOF text of a class: what it declares itself, not what it inherits.
///
/// ```
/// use cmgateway::wmi::mof;
/// let text = "class Lab : Base { [key] uint32 ID; [lazy] Rule Rules[]; [static] void Go([in] string To); };";
/// let mof::Declaration::Class(lab) = &mof::parse(text)?[0] else { unreachable!() };
/// let written = mof::class_text(&lab.class);
/// assert!(written.contains("\t[lazy] Rule Rules[];\n"), "{written}");
/// assert_eq!(mof::parse(&written)?.len(), 1);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn class_text(class: &Class) -> String {
    let mut text = String::new();
    if !class.qualifiers.is_empty() {
        text += &format!("{}\n", qualifiers(&class.qualifiers));
    }
    text += &format!("class {}", class.name);
    if let Some(base) = class.superclass() {
        text += &format!(" : {base}");
    }
    text += "\n{\n";
    for property in class.properties.iter().filter(|property| property.is_local) {
        text += &format!("\t{};\n", declared(property, property.is_key));
    }
    for method in class.methods.iter().filter(|method| method.is_local) {
        text += &format!("\t{};\n", method_text(method));
    }
    text + "};\n"
}

/// The MOF text of an instance; properties without a value are left out, as WMI does.
///
/// ```
/// use cmgateway::wmi::{Instance, mof};
/// let mut site = Instance::new("SMS_Site")?;
/// site.set("SiteCode", "GF1")?;
/// site.set("SiteName", "\"Granite\"")?;
/// let text = "instance of SMS_Site\n{\n\tSiteCode = \"GF1\";\n\tSiteName = \"\\\"Granite\\\"\";\n};\n";
/// assert_eq!(mof::instance_text(&site), text);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn instance_text(instance: &Instance) -> String {
    let mut text = String::new();
    write_instance(&mut text, instance, 0);
    text + ";\n"
}

fn write_instance(text: &mut String, instance: &Instance, depth: usize) {
    let indent = "\t".repeat(depth);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "instance of {}\n{indent}{{", instance.class_name());
    for property in instance.properties().iter().filter(|property| !property.value.is_null()) {
        let _ = write!(text, "{indent}\t{} = ", property.name);
        write_value(text, &property.value, depth + 1);
        text.push_str(";\n");
    }
    let _ = write!(text, "{indent}}}");
}

fn write_value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(instance) => write_instance(text, instance, depth),
        Value::Array(items) => {
            text.push('{');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write_value(text, item, depth);
            }
            text.push('}');
        }
        plain => text.push_str(&constant(plain)),
    }
}

fn constant(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        Value::Integer(number) => number.to_string(),
        // With a point, so that it reads as a real again.
        Value::Real(real) => format!("{real:?}"),
        Value::String(text) => quoted(text),
        Value::DateTime(datetime) => quoted(datetime.as_str()),
        Value::Reference(path) => quoted(&path.to_string()),
        Value::Array(items) => {
            format!("{{{}}}", items.iter().map(constant).collect::<Vec<_>>().join(", "))
        }
        Value::Object(instance) => {
            let mut text = String::new();
            write_instance(&mut text, instance, 0);
            text
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\\' | '"' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\x{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn qualifiers(qualifiers: &[Qualifier]) -> String {
    let written = qualifiers.iter().map(|qualifier| {
        let value = match &qualifier.value {
            Value::Boolean(true) => String::new(),
            array @ Value::Array(_) => constant(array),
            value => format!("({})", constant(value)),
        };
        let flavors: Vec<_> = qualifier.flavors.iter().map(Identifier::as_str).collect();
        let flavors = if flavors.is_empty() { String::new() } else { format!(" : {}", flavors.join(" ")) };
        format!("{}{value}{flavors}", qualifier.name)
    });
    format!("[{}]", written.collect::<Vec<_>>().join(", "))
}

/// `[…] type Name[] = default`; a key that has no such qualifier gets it.
fn declared(property: &PropertyDefinition, is_key: bool) -> String {
    let mut all = property.qualifiers.clone();
    if is_key
        && property.qualifier("key").is_none()
        && let Ok(name) = Identifier::new("key")
    {
        all.insert(0, Qualifier::new(name, true));
    }
    let before = if all.is_empty() { String::new() } else { format!("{} ", qualifiers(&all)) };
    let type_name = match (&property.class, property.cim_type) {
        (Some(class), CimType::Reference) => format!("{class} ref"),
        (None, CimType::Reference) => "object ref".to_owned(),
        (Some(class), _) => class.to_string(),
        (None, cim_type) => cim_type.to_string(),
    };
    let array = if property.is_array { "[]" } else { "" };
    let default = match &property.default {
        Value::Null => String::new(),
        value => format!(" = {}", constant(value)),
    };
    format!("{before}{type_name} {}{array}{default}", property.name)
}

fn method_text(method: &MethodDefinition) -> String {
    let before = match method.qualifiers.is_empty() {
        true => String::new(),
        false => format!("{} ", qualifiers(&method.qualifiers)),
    };
    let returns = method.returns.map_or("void", CimType::name);
    let parameters: Vec<_> =
        method.parameters.iter().map(|parameter| declared(&parameter.value, false)).collect();
    format!("{before}{returns} {}({})", method.name, parameters.join(", "))
}
