//! `$metadata` and the service document.

use serde_json::{Value as Json, json};

use super::reply::push;
use crate::site::odata::edm_type::{CIM_ANNOTATION, CIM_ANNOTATION_NAMESPACE, TYPE_NAMESPACE, edm_name};
use crate::wmi::Class;

/// The EDMX document of the classes. An annotation of our own tells the exact CIM type of a property, for OData has
/// no unsigned types above 8 bits; clients that do not know it read the OData type.
pub(super) fn metadata(classes: &[Class]) -> String {
    let mut xml = String::from(r#"<?xml version="1.0" encoding="utf-8"?>"#);
    push(
        &mut xml,
        format_args!(
            "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
             <edmx:DataServices><Schema Namespace=\"{TYPE_NAMESPACE}\" \
             xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" xmlns:cim=\"{CIM_ANNOTATION_NAMESPACE}\">"
        ),
    );
    // Names are identifiers, so nothing needs escaping.
    for class in classes {
        push(&mut xml, format_args!("<EntityType Name=\"{}\" OpenType=\"true\"><Key>", class.name));
        for key in class.keys() {
            push(&mut xml, format_args!("<PropertyRef Name=\"{}\"/>", key.name));
        }
        xml.push_str("</Key>");
        for property in &class.properties {
            let edm = edm_name(property.cim_type);
            let (open, close) = if property.is_array { ("Collection(", ")") } else { ("", "") };
            push(
                &mut xml,
                format_args!(
                    "<Property Name=\"{}\" Type=\"{open}{edm}{close}\" {CIM_ANNOTATION}=\"{}\"/>",
                    property.name, property.cim_type
                ),
            );
        }
        xml.push_str("</EntityType>");
    }
    xml.push_str("<EntityContainer Name=\"Container\">");
    for class in classes {
        let name = &class.name;
        push(&mut xml, format_args!("<EntitySet Name=\"{name}\" EntityType=\"{TYPE_NAMESPACE}.{name}\"/>"));
    }
    xml.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    xml
}

/// The list of the classes.
pub(super) fn service_document(context: &str, classes: &[Class]) -> Json {
    let sets: Vec<_> = classes
        .iter()
        .map(|class| json!({ "name": class.name.as_str(), "kind": "EntitySet", "url": class.name.as_str() }))
        .collect();
    json!({ "@odata.context": context, "value": sets })
}
