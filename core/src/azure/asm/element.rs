//! An XML document as a small tree, by local names, since prefixes differ from client to client.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

/// Deepest nesting of a document that is read.
const DEPTH_MAX: usize = 64;
/// Most elements of a document that is read.
const ELEMENTS_MAX: usize = 200_000;

/// An element: its local name, its text, its children in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub(crate) fn new(name: &str) -> Self {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// Adds an attribute.
    pub(crate) fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a child that holds a text.
    pub(crate) fn with(mut self, name: &str, text: &str) -> Self {
        self.children.push(Element { name: name.to_owned(), text: text.to_owned(), ..Element::default() });
        self
    }

    /// Adds a child that holds a text, where there is one.
    pub(crate) fn with_some(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.with(name, text),
            None => self,
        }
    }

    /// Adds a child.
    pub(crate) fn with_child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The local name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter()
    }

    /// Every child of this name.
    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Every child of this name in the list of that name: `<Certificates><Certificate/>…`.
    pub(crate) fn listed<'a>(&'a self, list: &'a str, item: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children(list).flat_map(move |list| list.children(item))
    }

    /// An attribute by its local name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The text, without the blanks around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text of a child; None where it is missing or `i:nil`.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        let child = self.child(name)?;
        (child.attribute("nil") != Some("true")).then(|| child.text())
    }

    /// Reads a document. The error is the cause alone.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut open: Vec<Element> = Vec::new();
        let (mut root, mut count) = (None, 0_usize);
        let close =
            |open: &mut Vec<Element>, root: &mut Option<Element>, element: Element| match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => *root = Some(element),
            };
        loop {
            let event = reader.read_event().map_err(|error| format!("it is not well-formed XML: {error}"))?;
            match &event {
                Event::Start(start) | Event::Empty(start) => {
                    count += 1;
                    if count > ELEMENTS_MAX || open.len() >= DEPTH_MAX || root.is_some() {
                        return Err("it is too large, too deep, or has two roots".into());
                    }
                    let mut element = Element::new(start.local_name().as_ref());
                    for attribute in start.attributes() {
                        let attribute =
                            attribute.map_err(|error| format!("it has a bad attribute: {error}"))?;
                        let value = quick_xml::escape::unescape(attribute.value.as_ref())
                            .map_err(|error| format!("it has a bad attribute: {error}"))?;
                        element
                            .attributes
                            .push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
                    }
                    match event {
                        Event::Start(_) => open.push(element),
                        _ => close(&mut open, &mut root, element),
                    }
                }
                Event::End(_) => {
                    let element = open.pop().ok_or("it is not well-formed XML")?;
                    close(&mut open, &mut root, element);
                }
                Event::Text(text) => push_text(&mut open, text.as_ref()),
                Event::CData(text) => push_text(&mut open, text.as_ref()),
                Event::GeneralRef(reference) => {
                    let text = format!("&{};", AsRef::<str>::as_ref(reference));
                    let text = quick_xml::escape::unescape(&text)
                        .map_err(|error| format!("it has a bad reference: {error}"))?;
                    push_text(&mut open, &text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        root.filter(|_| open.is_empty()).ok_or_else(|| "it is no whole XML document".to_owned())
    }

    /// The document as text, with its declaration.
    pub(crate) fn to_document(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        text.push('<');
        text.push_str(&self.name);
        for (name, value) in &self.attributes {
            text.push_str(&format!(" {name}=\"{}\"", escape(value.as_str())));
        }
        if self.text.is_empty() && self.children.is_empty() {
            return text.push_str(" />");
        }
        text.push('>');
        text.push_str(&escape(self.text.as_str()));
        for child in &self.children {
            child.write(text);
        }
        text.push_str(&format!("</{}>", self.name));
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_nil_and_references_do_not_matter() {
        let text = "\u{feff}<?xml version=\"1.0\"?><p:Error xmlns:p='x' xmlns:i='y'>\r\n <p:Code> A&amp;B </p:Code>\
                    <Message i:nil=\"true\"/><Empty/></p:Error>";
        let element = Element::parse(text).unwrap();
        assert_eq!(element.name(), "Error");
        assert_eq!(element.text_of("Code"), Some("A&B"));
        assert_eq!((element.text_of("Message"), element.text_of("Empty")), (None, Some("")));
        for bad in ["", "<a>", "<a></b>", "<a/><b/>", "text", "<a>&nope;</a>"] {
            assert!(Element::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let element = Element::new("A").with_attribute("x", "\"<").with("B", "1 < 2 & 3").with("C", "");
        assert_eq!(Element::parse(&element.to_document()).unwrap(), element);
    }
}
