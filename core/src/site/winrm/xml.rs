//! XML as a tree, with namespaces resolved; of limited size and depth.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

use super::names::XSI;
use crate::limits::{XML_DEPTH_MAX, XML_ELEMENTS_MAX};

/// An element. Comments and processing instructions are not kept, and neither is white space between elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// The namespace; empty where it has none.
    pub(super) namespace: String,
    /// The name without its prefix.
    pub(super) name: String,
    /// Namespace, name and value of each attribute.
    attributes: Vec<(String, String, String)>,
    /// The namespace and the name that `xsi:type` gives.
    pub(super) type_name: Option<(String, String)>,
    pub(super) children: Vec<Element>,
    /// The text of an element; where it has children, what stands between them.
    pub(super) text: String,
}

impl Element {
    /// Reads a document. The error is the cause alone.
    pub(super) fn parse(bytes: &[u8]) -> Result<Element, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let mut tree = Tree::default();
        // Some servers begin with a byte order mark.
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        loop {
            let event = reader.read_event().map_err(|error| format!("it is not well-formed XML: {error}"))?;
            match event {
                Event::Start(start) => tree.open(&start)?,
                Event::Empty(start) => {
                    tree.open(&start)?;
                    tree.close()?;
                }
                Event::End(_) => tree.close()?,
                Event::Text(text) => tree.text(text.as_ref()),
                Event::CData(data) => tree.text(data.as_ref()),
                Event::GeneralRef(reference) => tree.text(&resolved(reference.as_ref())?),
                // A document type can define entities that grow without a limit; SOAP forbids it.
                Event::DocType(_) => return Err("it has a document type, which SOAP forbids".into()),
                Event::Eof => break,
                _ => {}
            }
        }
        match (tree.open.len(), tree.root) {
            (0, Some(root)) => Ok(root),
            _ => Err("it ends within an element".into()),
        }
    }

    /// The first child of this name, in any namespace.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child of this name and namespace.
    pub(super) fn child_in(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name && child.namespace == namespace)
    }

    /// The first element of this name below this one, in document order.
    pub(super) fn descendant(&self, name: &str) -> Option<&Element> {
        self.children
            .iter()
            .find_map(|child| if child.name == name { Some(child) } else { child.descendant(name) })
    }

    /// An attribute by its name, in any namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(_, known, _)| known == name).map(|(_, _, value)| value.as_str())
    }

    /// True for `xsi:nil="true"`.
    pub(super) fn is_nil(&self) -> bool {
        self.attributes.iter().any(|(namespace, name, value)| {
            namespace == XSI && name == "nil" && matches!(value.trim(), "true" | "1")
        })
    }
}

/// Text between tags and in attributes, escaped.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let plain = escape(text);
    // A reader turns a bare carriage return into a line feed.
    if plain.contains('\r') { plain.replace('\r', "&#13;").into() } else { plain }
}

/// True for characters that XML 1.0 cannot hold, not even escaped.
pub(super) fn is_no_xml(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn resolved(name: &str) -> Result<String, String> {
    if let Some(text) = resolve_predefined_entity(name) {
        return Ok(text.to_owned());
    }
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    let character = number.and_then(char::from_u32).ok_or_else(|| format!("&{name}; is no character"))?;
    Ok(character.to_string())
}

/// The tree while it grows.
#[derive(Default)]
struct Tree {
    root: Option<Element>,
    open: Vec<Element>,
    /// Prefix and namespace of each declaration, with the depth that it was made at.
    scope: Vec<(usize, String, String)>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX || self.open.len() >= XML_DEPTH_MAX {
            return Err(format!(
                "it has more than {XML_ELEMENTS_MAX} elements, or they are nested more than {XML_DEPTH_MAX} deep"
            ));
        }
        if self.root.is_some() {
            return Err("it has a second root element".into());
        }
        let mut plain = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| format!("it is not well-formed XML: {error}"))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| format!("it is not well-formed XML: {error}"))?
                .into_owned();
            let name: &str = attribute.key.as_ref();
            match name.strip_prefix("xmlns:") {
                Some(prefix) => self.scope.push((self.open.len(), prefix.to_owned(), value)),
                None if name == "xmlns" => self.scope.push((self.open.len(), String::new(), value)),
                None => plain.push((name.to_owned(), value)),
            }
        }
        let name = start.name();
        let (namespace, name) = self.resolve(name.as_ref(), true);
        let mut element = Element { namespace, name, ..Element::default() };
        for (name, value) in plain {
            let (namespace, name) = self.resolve(&name, false);
            if namespace == XSI && name == "type" {
                element.type_name = Some(self.resolve(value.trim(), true));
            }
            element.attributes.push((namespace, name, value));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let mut element = self.open.pop().ok_or("it closes what was not opened")?;
        let depth = self.open.len();
        self.scope.retain(|(at, _, _)| *at < depth);
        if !element.children.is_empty() && element.text.trim().is_empty() {
            element.text.clear();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    /// The namespace and the local part of a name; only elements and types are in the default namespace.
    fn resolve(&self, name: &str, has_default: bool) -> (String, String) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = match prefix {
            "" if !has_default => "",
            "xml" => super::names::XML,
            _ => self.scope.iter().rev().find(|(_, known, _)| known == prefix).map_or("", |(_, _, uri)| uri),
        };
        (namespace.to_owned(), local.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_and_text_is_whole() {
        let xml = "\u{feff}<?xml version='1.0'?><a:r xmlns:a='urn:a' xmlns='urn:d' \
            xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><!-- c --><x xsi:type='a:T' k=' v&amp;'>1 &lt; 2\
            <![CDATA[ & ]]>&#65;</x><y xmlns='' xsi:nil='true'/> <a:x/></a:r>";
        let root = Element::parse(xml.as_bytes()).unwrap();
        assert_eq!((root.namespace.as_str(), root.name.as_str(), root.text.as_str()), ("urn:a", "r", ""));
        let x = root.child("x").unwrap();
        assert_eq!((x.namespace.as_str(), x.text.as_str()), ("urn:d", "1 < 2 & A"));
        assert_eq!(x.type_name, Some(("urn:a".into(), "T".into())));
        assert_eq!(x.attribute("k"), Some(" v&"));
        assert!(root.child_in("", "y").unwrap().is_nil() && root.child_in("urn:a", "x").is_some());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(XML_DEPTH_MAX + 1), "</a>".repeat(XML_DEPTH_MAX + 1));
        for xml in [
            "",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a>&x;</a>",
        ] {
            assert!(Element::parse(xml.as_bytes()).is_err(), "{xml}");
        }
        assert!(Element::parse(deep.as_bytes()).is_err());
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }
}
