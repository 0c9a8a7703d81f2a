//! Values on the wire, both ways.

use cmgateway::wmi::{CimType, Class, DateTime, Instance, KeyValue, ObjectPath, PropertyDefinition, Value};
use roxmltree::Node;

use super::soap::{Fault, WMI, escaped};

/// The element of an instance.
pub(super) fn instance(instance: &Instance, class: Option<&Class>, namespace: &str) -> String {
    let name = instance.class_name();
    let mut xml = format!("<p:{name} xmlns:p=\"{WMI}{namespace}/{name}\" xsi:type=\"p:{name}_Type\">");
    for property in instance.properties() {
        let is_array =
            class.and_then(|class| class.property(property.name.as_str())).map(|known| known.is_array);
        value(&mut xml, "p:", property.name.as_str(), &property.value, is_array == Some(true), namespace);
    }
    xml.push_str(&format!("</p:{name}>"));
    xml
}

/// The fragment of a query with a list of properties: elements without a namespace.
pub(super) fn fragment(row: &Instance, namespace: &str) -> String {
    let mut xml = String::from("<w:XmlFragment>");
    for property in row.properties() {
        let is_array = property.is_array;
        value(&mut xml, "", property.name.as_str(), &property.value, is_array, namespace);
    }
    xml.push_str("</w:XmlFragment>");
    xml
}

/// Out-parameters.
pub(super) fn output(method: &str, resource: &str, out: &Instance, namespace: &str) -> String {
    let mut xml = format!("<p:{method}_OUTPUT xmlns:p=\"{resource}\">");
    for property in out.properties() {
        value(&mut xml, "p:", property.name.as_str(), &property.value, property.is_array, namespace);
    }
    xml.push_str(&format!("</p:{method}_OUTPUT>"));
    xml
}

fn value(xml: &mut String, prefix: &str, name: &str, value_there: &Value, is_array: bool, namespace: &str) {
    match value_there {
        // A null array does not travel.
        Value::Null if is_array => {}
        Value::Null => xml.push_str(&format!("<{prefix}{name} xsi:nil=\"true\"/>")),
        Value::Array(items) => {
            for item in items {
                value(xml, prefix, name, item, false, namespace);
            }
        }
        Value::Object(object) => {
            let class = object.class_name();
            xml.push_str(&format!(
                "<{prefix}{name} xmlns:o=\"{WMI}{namespace}/{class}\" xsi:type=\"o:{class}_Type\">"
            ));
            for property in object.properties() {
                // The fixed prefix is declared anew by each object within.
                let mut inner = String::new();
                value(
                    &mut inner,
                    "i:",
                    property.name.as_str(),
                    &property.value,
                    property.is_array,
                    namespace,
                );
                let declared = format!(" xmlns:i=\"{WMI}{namespace}/{class}\"");
                xml.push_str(
                    &inner.replace(
                        &format!("<i:{}", property.name),
                        &format!("<i:{}{declared}", property.name),
                    ),
                );
            }
            xml.push_str(&format!("</{prefix}{name}>"));
        }
        Value::DateTime(point) => {
            let bare = if prefix.is_empty() { "" } else { "cim:" };
            let inner = match (point.to_rfc3339(), point.is_interval()) {
                (Some(text), _) => format!("<{bare}Datetime>{text}</{bare}Datetime>"),
                (None, true) => {
                    let seconds = point.to_duration().unwrap_or_default().as_secs();
                    format!("<{bare}Interval>PT{seconds}S</{bare}Interval>")
                }
                (None, false) => format!("<{bare}CIM_DateTime>{point}</{bare}CIM_DateTime>"),
            };
            xml.push_str(&format!("<{prefix}{name}>{inner}</{prefix}{name}>"));
        }
        Value::Reference(path) => {
            xml.push_str(&format!("<{prefix}{name}>{}</{prefix}{name}>", reference(path, namespace)));
        }
        Value::String(text) => xml.push_str(&format!("<{prefix}{name}>{}</{prefix}{name}>", escaped(text))),
        Value::Boolean(flag) => xml.push_str(&format!("<{prefix}{name}>{flag}</{prefix}{name}>")),
        Value::Integer(number) => xml.push_str(&format!("<{prefix}{name}>{number}</{prefix}{name}>")),
        Value::Real(number) => xml.push_str(&format!("<{prefix}{name}>{number:?}</{prefix}{name}>")),
    }
}

/// Address and parameters of an endpoint reference.
pub(super) fn reference(path: &ObjectPath, namespace: &str) -> String {
    let selectors: String = path
        .keys
        .iter()
        .filter_map(|(name, value)| {
            let text = match value {
                KeyValue::String(text) => escaped(text),
                KeyValue::Integer(number) => number.to_string(),
                KeyValue::Boolean(flag) => flag.to_string(),
                KeyValue::Singleton => return None,
            };
            Some(format!("<w:Selector Name=\"{}\">{text}</w:Selector>", name.as_ref()?))
        })
        .collect();
    format!(
        "<a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>\
         <a:ReferenceParameters><w:ResourceURI>{WMI}{namespace}/{}</w:ResourceURI><w:SelectorSet>\
         <w:Selector Name=\"__cimnamespace\">{namespace}</w:Selector>{selectors}</w:SelectorSet>\
         </a:ReferenceParameters>",
        path.class
    )
}

/// The path that selectors name.
pub(super) fn path(class: &Class, selectors: &[(String, String)]) -> Result<ObjectPath, Fault> {
    let unknown =
        |name: &str| Fault::Wsman("w:InvalidSelectors", format!("{name} is no key of {}", class.name));
    let mut keys: Vec<(&str, KeyValue)> = Vec::new();
    for (name, text) in selectors.iter().filter(|(name, _)| !name.starts_with("__")) {
        let key = class.keys().find(|key| key.name.is(name)).ok_or_else(|| unknown(name))?;
        let value = match Value::from(text.as_str()).coerced(key.cim_type, false) {
            Ok(Value::Integer(number)) => KeyValue::Integer(number),
            Ok(Value::Boolean(flag)) => KeyValue::Boolean(flag),
            Ok(_) => KeyValue::String(text.clone()),
            Err(_) => return Err(unknown(name)),
        };
        keys.push((key.name.as_str(), value));
    }
    Ok(ObjectPath::new(class.name.as_str(), keys)?)
}

/// Sets what stands in an element on an instance of the class.
pub(super) fn fill(instance: &mut Instance, node: Node<'_, '_>, class: &Class) -> Result<(), Fault> {
    let uri = node.tag_name().namespace();
    let mut names: Vec<&str> = Vec::new();
    for child in node.children().filter(Node::is_element) {
        if child.tag_name().namespace() != uri {
            let cause =
                format!("{} is in the namespace {:?}", child.tag_name().name(), child.tag_name().namespace());
            return Err(Fault::Wsman("w:SchemaValidationError", cause));
        }
        if !names.contains(&child.tag_name().name()) {
            names.push(child.tag_name().name());
        }
    }
    for name in names {
        let nodes = node.children().filter(|child| child.is_element() && child.tag_name().name() == name);
        instance.set(name, property(nodes.collect(), class.property(name))?)?;
    }
    Ok(())
}

/// The value of the elements of one property or parameter.
pub(super) fn property(nodes: Vec<Node<'_, '_>>, known: Option<&PropertyDefinition>) -> Result<Value, Fault> {
    let cim_type = known.map_or(CimType::String, |known| known.cim_type);
    let mut values = Vec::new();
    for node in nodes {
        values.push(scalar(node, cim_type)?);
    }
    let is_array = known.map_or(values.len() > 1, |known| known.is_array);
    match (is_array, values.as_slice()) {
        (true, [Value::Null]) => Ok(Value::Null),
        (true, _) => Ok(Value::Array(values)),
        (false, [single]) => Ok(single.clone()),
        _ => Err(Fault::Wsman("w:SchemaValidationError", "it comes more than once".to_owned())),
    }
}

fn scalar(node: Node<'_, '_>, cim_type: CimType) -> Result<Value, Fault> {
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    if node.attribute((xsi, "nil")).is_some_and(|flag| flag == "true") {
        return Ok(Value::Null);
    }
    let bad = |cause: String| {
        Fault::Wsman("w:SchemaValidationError", format!("{}: {cause}", node.tag_name().name()))
    };
    if let Some(typed) = node.attribute((xsi, "type")).filter(|name| name.ends_with("_Type")) {
        let (prefix, class) = typed.split_once(':').unwrap_or_default();
        let class = class.trim_end_matches("_Type");
        let uri = node.lookup_namespace_uri(Some(prefix)).unwrap_or_default();
        if !uri.ends_with(&format!("/{class}")) {
            return Err(bad(format!("the type {class} is in the namespace {uri:?}")));
        }
        let mut object = Instance::new(class)?;
        for child in node.children().filter(Node::is_element) {
            if child.tag_name().namespace() != Some(uri) {
                return Err(bad(format!("{} is not in the namespace of {class}", child.tag_name().name())));
            }
        }
        let mut names: Vec<&str> =
            node.children().filter(Node::is_element).map(|n| n.tag_name().name()).collect();
        names.dedup();
        for name in names {
            let nodes = node.children().filter(|child| child.is_element() && child.tag_name().name() == name);
            object.set(name, property(nodes.collect(), None)?)?;
        }
        return Ok(Value::Object(Box::new(object)));
    }
    if let Some(parameters) = node.children().find(|child| child.tag_name().name() == "ReferenceParameters") {
        return referred(parameters).ok_or_else(|| bad("it is no reference".to_owned()));
    }
    if let Some(inner) = node.children().find(Node::is_element) {
        let text = inner.text().unwrap_or_default();
        return match inner.tag_name().name() {
            "Datetime" => Ok(Value::DateTime(DateTime::from_rfc3339(text)?)),
            "CIM_DateTime" => Ok(Value::DateTime(DateTime::parse(text)?)),
            "Interval" => Ok(Value::DateTime(DateTime::from_duration(
                interval(text).ok_or_else(|| bad(text.to_owned()))?,
            )?)),
            other => Err(bad(format!("{other} is not understood"))),
        };
    }
    Value::from(node.text().unwrap_or_default()).coerced(cim_type, false).map_err(bad)
}

/// The path in the parameters of an endpoint reference.
fn referred(parameters: Node<'_, '_>) -> Option<Value> {
    let text = |name: &str| parameters.children().find(|child| child.tag_name().name() == name);
    let class = text("ResourceURI")?.text()?.rsplit('/').next()?;
    let selectors = text("SelectorSet")?.children().filter(Node::is_element);
    let keys: Vec<(&str, KeyValue)> = selectors
        .map(|selector| {
            Some((selector.attribute("Name")?, KeyValue::from(selector.text().unwrap_or_default())))
        })
        .collect::<Option<_>>()?;
    ObjectPath::new(class, keys).ok().map(Value::Reference)
}

/// `PnDTnHnMnS`, all parts but the seconds whole.
fn interval(text: &str) -> Option<std::time::Duration> {
    let mut seconds = 0.0;
    let mut number = String::new();
    for character in text.strip_prefix('P')?.chars() {
        let unit = match character {
            'D' => 86_400.0,
            'H' => 3_600.0,
            'M' => 60.0,
            'S' => 1.0,
            'T' => continue,
            digit => {
                number.push(digit);
                continue;
            }
        };
        seconds += std::mem::take(&mut number).parse::<f64>().ok()? * unit;
    }
    std::time::Duration::try_from_secs_f64(seconds).ok()
}

/// A class as CIM-XML tells it.
pub(super) fn cim_xml(class: &Class) -> String {
    let qualifier =
        |name: &str| format!("<QUALIFIER NAME=\"{name}\" TYPE=\"boolean\"><VALUE>true</VALUE></QUALIFIER>");
    let value = |kind: &str, known: &PropertyDefinition, words: String| {
        let (type_name, mut words) = (known.cim_type.name(), words);
        let type_name = match known.cim_type {
            CimType::Object => {
                let class = known.class.as_ref().map(|class| format!(":{class}")).unwrap_or_default();
                words.push_str(&format!(
                    "<QUALIFIER NAME=\"CIMTYPE\" TYPE=\"string\"><VALUE>object{class}</VALUE></QUALIFIER>"
                ));
                "string"
            }
            _ => type_name,
        };
        let form = match (known.cim_type, known.is_array) {
            (CimType::Reference, _) => format!("{kind}.REFERENCE"),
            (_, true) => format!("{kind}.ARRAY"),
            (_, false) => kind.to_owned(),
        };
        format!("<{form} NAME=\"{}\" TYPE=\"{type_name}\">{words}</{form}>", known.name)
    };
    let mut xml = format!("<CLASS NAME=\"{}\"", class.name);
    if let Some(base) = class.superclass() {
        xml.push_str(&format!(" SUPERCLASS=\"{base}\""));
    }
    xml.push('>');
    for known in &class.properties {
        let mut words = if known.is_key { qualifier("key") } else { String::new() };
        if known.is_lazy() {
            words.push_str(&qualifier("lazy"));
        }
        xml.push_str(&value("PROPERTY", known, words));
    }
    for method in &class.methods {
        let returns =
            method.returns.map(|cim_type| format!(" TYPE=\"{}\"", cim_type.name())).unwrap_or_default();
        xml.push_str(&format!("<METHOD NAME=\"{}\"{returns}>", method.name));
        for parameter in &method.parameters {
            let mut words = if parameter.is_in { qualifier("In") } else { String::new() };
            if parameter.is_out {
                words.push_str(&qualifier("Out"));
            }
            xml.push_str(&value("PARAMETER", &parameter.value, words));
        }
        xml.push_str("</METHOD>");
    }
    xml.push_str("</CLASS>");
    xml
}
