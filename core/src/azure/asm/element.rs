//! An XML document as a small tree, by local names, since prefixes differ from client to client.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

/// Deepest nesting of a document that is read.
const DEPTH_MAX: usize = 64;
/// Most elements of a document that is read.
const ELEMENTS_MAX: usize = 200_000;

/// An element: its name, its text, its children in order. Prefixes are kept, and looked at by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    prefix: String,
    name: String,
    /// With their prefixes, declarations of name spaces among them.
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub(crate) fn new(name: &str) -> Self {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// One of a name with or without a prefix.
    fn of_qualified(name: &str) -> Self {
        let (prefix, name) = name.split_once(':').unwrap_or(("", name));
        Element { prefix: prefix.to_owned(), ..Element::new(name) }
    }

    /// An empty element of the same name space.
    pub(crate) fn new_child(&self, name: &str) -> Self {
        Element { prefix: self.prefix.clone(), ..Element::new(name) }
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
        self.attributes.iter().find(|(key, _)| local(key) == Some(name)).map(|(_, value)| value.as_str())
    }

    /// Gives an attribute another value; adds it where it is missing.
    pub(crate) fn set_attribute(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(key, _)| local(key) == Some(name)) {
            Some((_, old)) => value.clone_into(old),
            None => self.attributes.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Takes an attribute away.
    pub(crate) fn remove_attribute(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| local(key) != Some(name));
    }

    /// Every child of this name, to be changed.
    pub(crate) fn children_mut<'a>(&'a mut self, name: &'a str) -> impl Iterator<Item = &'a mut Element> {
        self.children.iter_mut().filter(move |child| child.name == name)
    }

    /// Takes away the children that are not wanted.
    pub(crate) fn retain(&mut self, is_wanted: impl FnMut(&Element) -> bool) {
        self.children.retain(is_wanted);
    }

    /// Adds a child behind all others.
    pub(crate) fn push(&mut self, child: Element) {
        self.children.push(child);
    }

    /// Adds a child before all others.
    pub(crate) fn insert_first(&mut self, child: Element) {
        self.children.insert(0, child);
    }

    /// Adds a child behind the last of this name; before all others where there is none.
    pub(crate) fn insert_behind(&mut self, name: &str, child: Element) {
        let at = self.children.iter().rposition(|other| other.name == name).map_or(0, |last| last + 1);
        self.children.insert(at, child);
    }

    /// The same without the blanks between elements.
    pub(crate) fn without_blanks(mut self) -> Self {
        if !self.children.is_empty() && self.text.trim().is_empty() {
            self.text.clear();
        }
        self.children = self.children.into_iter().map(Element::without_blanks).collect();
        self
    }

    /// The same text for the same meaning: no prefixes, attributes in order, without elements that say nothing.
    pub(crate) fn canonical(&self) -> String {
        let inner: String = self.children.iter().map(Element::canonical).collect();
        let mut attributes: Vec<_> =
            self.attributes.iter().filter_map(|(key, value)| Some((local(key)?, value))).collect();
        attributes.sort();
        if inner.is_empty() && attributes.is_empty() && self.text().is_empty() {
            return String::new();
        }
        format!("<{} {attributes:?} {:?}>{inner}</>", self.name, self.text())
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
                    let mut element = Element::of_qualified(start.name().as_ref());
                    for attribute in start.attributes() {
                        let attribute =
                            attribute.map_err(|error| format!("it has a bad attribute: {error}"))?;
                        let value = quick_xml::escape::unescape(attribute.value.as_ref())
                            .map_err(|error| format!("it has a bad attribute: {error}"))?;
                        let name: &str = attribute.key.as_ref();
                        element.attributes.push((name.to_owned(), value.into_owned()));
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
        let name = match self.prefix.as_str() {
            "" => self.name.clone(),
            prefix => format!("{prefix}:{}", self.name),
        };
        text.push('<');
        text.push_str(&name);
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
        text.push_str(&format!("</{name}>"));
    }

    /// Qualified names, attributes and texts in order, for tests.
    #[cfg(test)]
    pub(crate) fn list(&self, place: &str, facts: &mut Vec<String>) {
        let place = format!("{place}/{}:{}", self.prefix, self.name);
        let mut attributes = self.attributes.clone();
        attributes.sort();
        facts.push(format!("{place} {attributes:?} {:?}", self.text));
        self.children.iter().for_each(|child| child.list(&place, facts));
    }
}

/// The name of an attribute without its prefix; None for the declaration of a name space.
fn local(key: &str) -> Option<&str> {
    match key.split_once(':') {
        Some(("xmlns", _)) => None,
        Some((_, name)) => Some(name),
        None => (key != "xmlns").then_some(key),
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
