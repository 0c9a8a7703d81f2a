//! What the service does with each action.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cmgateway::site::{MethodInput, PutMode, Site};
use cmgateway::wmi::wql::{Columns, Parameters, Query};
use cmgateway::wmi::{CallContext, Class, Instance, Value};
use roxmltree::{Document, Node};

use super::WsmanOptions;
use super::soap::{
    CIM_SCHEMA, ENUMERATION, Fault, Header, SOAP, TRANSFER, WMI, WSMAN, child, envelope, fault,
};
use super::values;

/// The service behind the connections.
#[derive(Debug)]
pub(super) struct Service {
    site: Site,
    pub(super) options: WsmanOptions,
    pub(super) seen: Arc<Mutex<Vec<String>>>,
    /// Enumerations that are not at their end: the rows that are left.
    open: Mutex<(u64, HashMap<String, Vec<String>>)>,
}

type Answer = Result<(String, String), Fault>;

impl Service {
    pub(super) fn new(site: Site, options: WsmanOptions, seen: Arc<Mutex<Vec<String>>>) -> Self {
        Service { site, options, seen, open: Mutex::default() }
    }

    /// The answering envelope; Err for that of a fault.
    pub(super) async fn answer(&self, xml: &str) -> Result<String, String> {
        let read = match Document::parse(xml) {
            Ok(document) if document.descendants().any(|node| node.tag_name().name() == "Identify") => {
                return Ok(identity());
            }
            Ok(document) => Header::read(&document).map(|header| (header, body_text(&document))),
            Err(error) => Err(Fault::Wsman("s:Sender", error.to_string())),
        };
        let (header, body) = match read {
            Ok(read) => read,
            Err(refused) => return Err(fault("", &refused)),
        };
        match self.operation(&header, &body).await {
            Ok((action, body)) => Ok(envelope(&action, &header.id, &body)),
            Err(refused) => Err(fault(&header.id, &refused)),
        }
    }

    async fn operation(&self, header: &Header, body: &str) -> Answer {
        let transfer = header.action.strip_prefix(TRANSFER).and_then(|rest| rest.strip_prefix('/'));
        let enumeration = header.action.strip_prefix(ENUMERATION).and_then(|rest| rest.strip_prefix('/'));
        match (transfer, enumeration) {
            (Some("Get"), _) if header.resource.starts_with(CIM_SCHEMA) => self.schema(header).await,
            (Some("Get"), _) => self.get(header).await,
            (Some("Put"), _) => self.put(header, body).await,
            (Some("Create"), _) if self.options.refuses_create => Err(not_supported(header)),
            (Some("Create"), _) => self.create(header, body).await,
            (Some("Delete"), _) => self.delete(header).await,
            (_, Some("Enumerate")) => self.enumerate(header, body).await,
            (_, Some("Pull")) => self.pull(body),
            (_, Some("Release")) => self.release(body),
            _ => self.invoke(header, body).await,
        }
    }

    /// Namespace and class of the resource.
    async fn class(&self, header: &Header) -> Result<(String, Class), Fault> {
        let rest = header.resource.strip_prefix(WMI).ok_or_else(|| {
            Fault::Wsman("a:DestinationUnreachable", format!("{} is no resource here", header.resource))
        })?;
        let (namespace, class) = rest.rsplit_once('/').unwrap_or_default();
        Ok((namespace.to_owned(), self.site.class(class).await?))
    }

    /// The site with the context values that the options carry.
    fn with_options(&self, header: &Header) -> Result<Site, Fault> {
        let values = header.options.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("wmi:")?;
            (!name.starts_with("__")).then(|| (name.to_owned(), Value::from(value.as_str())))
        });
        let context = CallContext::new(values)?;
        match context.is_empty() {
            true => Ok(self.site.clone()),
            false => Ok(self.site.with_context(&context)?),
        }
    }

    async fn schema(&self, header: &Header) -> Answer {
        let name = header.selectors.iter().find(|(name, _)| name == "ClassName").map(|(_, value)| value);
        let Some(name) = name.filter(|_| !self.options.hides_classes) else {
            return Err(Fault::Wsman("a:DestinationUnreachable", "no class definitions".to_owned()));
        };
        let class = self.site.class(name).await?;
        Ok((format!("{TRANSFER}/GetResponse"), values::cim_xml(&class)))
    }

    async fn get(&self, header: &Header) -> Answer {
        let (namespace, class) = self.class(header).await?;
        let found = self.site.get(&values::path(&class, &header.selectors)?).await?;
        Ok((format!("{TRANSFER}/GetResponse"), values::instance(&found, Some(&class), &namespace)))
    }

    async fn put(&self, header: &Header, body: &str) -> Answer {
        let (namespace, class) = self.class(header).await?;
        let path = values::path(&class, &header.selectors)?;
        let document = parsed(body)?;
        let mut stored = match self.site.get(&path).await {
            Ok(stored) => stored,
            Err(_) if self.options.refuses_create => Instance::new(class.name.as_str())?,
            Err(error) => return Err(error.into()),
        };
        let sent = instance_element(&document)?;
        // A Put replaces the whole: what is not in it is null afterwards.
        for property in class.properties.iter().filter(|property| !property.is_key) {
            let is_sent = sent.children().any(|child| property.name.is(child.tag_name().name()));
            if !is_sent && stored.get(property.name.as_str()).is_some() {
                stored.set(property.name.as_str(), Value::Null)?;
            }
        }
        values::fill(&mut stored, sent, &class)?;
        self.site.put(&mut stored, PutMode::CreateOrUpdate).await?;
        Ok((format!("{TRANSFER}/PutResponse"), values::instance(&stored, Some(&class), &namespace)))
    }

    async fn create(&self, header: &Header, body: &str) -> Answer {
        let (namespace, class) = self.class(header).await?;
        let document = parsed(body)?;
        let mut new = self.site.new_instance(class.name.as_str()).await?;
        values::fill(&mut new, instance_element(&document)?, &class)?;
        let path = self.with_options(header)?.put(&mut new, PutMode::CreateOnly).await?;
        let reference = values::reference(&path, &namespace);
        Ok((
            format!("{TRANSFER}/CreateResponse"),
            format!("<x:ResourceCreated>{reference}</x:ResourceCreated>"),
        ))
    }

    async fn delete(&self, header: &Header) -> Answer {
        let (_, class) = self.class(header).await?;
        self.site.delete(&values::path(&class, &header.selectors)?).await?;
        Ok((format!("{TRANSFER}/DeleteResponse"), String::new()))
    }

    async fn invoke(&self, header: &Header, body: &str) -> Answer {
        let (namespace, class) = self.class(header).await?;
        let method = header.action.strip_prefix(&header.resource).and_then(|rest| rest.strip_prefix('/'));
        let declared = method.and_then(|method| class.method(method)).ok_or_else(|| not_supported(header))?;
        let document = parsed(body)?;
        let input = document.root_element();
        if input.tag_name().name() != format!("{}_INPUT", declared.name) {
            return Err(Fault::Wsman("w:SchemaValidationError", format!("{} expected", declared.name)));
        }
        let mut named = MethodInput::default();
        for definition in declared.inputs() {
            let nodes: Vec<_> =
                input.children().filter(|node| definition.name.is(node.tag_name().name())).collect();
            if !nodes.is_empty() {
                named.by_name.push((definition.name.to_string(), values::property(nodes, Some(definition))?));
            }
        }
        let path = values::path(&class, &header.selectors)?;
        let out = self.with_options(header)?.call(&path, declared.name.as_str(), named).await?;
        let output = values::output(declared.name.as_str(), &header.resource, &out, &namespace);
        Ok((format!("{}Response", header.action), output))
    }

    async fn enumerate(&self, header: &Header, body: &str) -> Answer {
        let document = parsed(body)?;
        let asked = document.root_element();
        let filter = child(asked, WSMAN, "Filter");
        let rest = header.resource.strip_prefix(WMI).unwrap_or_default();
        let (namespace, class) = rest.rsplit_once('/').unwrap_or_default();
        let wql = match filter.and_then(|filter| filter.text()) {
            Some(wql) => wql.to_owned(),
            None => format!("SELECT * FROM {class}"),
        };
        if filter.is_some_and(|f| !f.attribute("Dialect").unwrap_or_default().eq_ignore_ascii_case(WQL)) {
            return Err(Fault::Wsman("w:FilterDialectRequestedUnavailable", "only WQL".to_owned()));
        }
        let mode = child(asked, WSMAN, "EnumerationMode").and_then(|mode| mode.text()).unwrap_or_default();
        if self.options.refuses_modes && !mode.is_empty() {
            return Err(Fault::Wsman("w:UnsupportedFeature", "no modes".to_owned()));
        }
        let whole = match Query::parse(&wql)? {
            Query::Select(select) => select.columns == Columns::All && select.joins.is_empty(),
            _ => true,
        };
        let rows = self.with_options(header)?.query(&wql, &Parameters::None).await?.all().await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let class = self.site.class(row.class_name().as_str()).await.ok();
            let object = match whole {
                true => values::instance(row, class.as_ref(), namespace),
                false => values::fragment(row, namespace),
            };
            let reference = row.path().map(|path| {
                format!("<a:EndpointReference>{}</a:EndpointReference>", values::reference(path, namespace))
            });
            items.push(match mode {
                "EnumerateEPR" => reference.unwrap_or_default(),
                "EnumerateObjectAndEPR" => {
                    format!("<w:Item>{object}{}</w:Item>", reference.unwrap_or_default())
                }
                _ => object,
            });
        }
        // In order, the next from behind.
        items.reverse();
        let optimized = child(asked, WSMAN, "OptimizeEnumeration").is_some();
        let most =
            child(asked, WSMAN, "MaxElements").and_then(|node| node.text()?.trim().parse().ok()).unwrap_or(1);
        let first = if optimized { self.batch(&mut items, most) } else { String::new() };
        let body = match (optimized, items.is_empty()) {
            (true, true) => format!(
                "<n:EnumerateResponse><n:EnumerationContext/><w:Items>{first}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
            ),
            (true, false) => format!(
                "<n:EnumerateResponse><n:EnumerationContext>{}</n:EnumerationContext><w:Items>{first}</w:Items></n:EnumerateResponse>",
                self.keep(None, items)
            ),
            (false, _) => format!(
                "<n:EnumerateResponse><n:EnumerationContext>{}</n:EnumerationContext></n:EnumerateResponse>",
                self.keep(None, items)
            ),
        };
        Ok((format!("{ENUMERATION}/EnumerateResponse"), body))
    }

    fn pull(&self, body: &str) -> Answer {
        let document = parsed(body)?;
        let asked = document.root_element();
        let context =
            child(asked, ENUMERATION, "EnumerationContext").and_then(|node| node.text()).unwrap_or_default();
        let most = child(asked, ENUMERATION, "MaxElements")
            .and_then(|node| node.text()?.trim().parse().ok())
            .unwrap_or(1);
        let mut items = self.taken(context)?;
        let batch = self.batch(&mut items, most);
        let end = match items.is_empty() {
            true => "<n:EndOfSequence/>".to_owned(),
            false => String::new(),
        };
        let context = match items.is_empty() {
            true => String::new(),
            false => {
                format!("<n:EnumerationContext>{}</n:EnumerationContext>", self.keep(Some(context), items))
            }
        };
        let body = format!("<n:PullResponse>{context}<n:Items>{batch}</n:Items>{end}</n:PullResponse>");
        Ok((format!("{ENUMERATION}/PullResponse"), body))
    }

    fn release(&self, body: &str) -> Answer {
        let document = parsed(body)?;
        let context = child(document.root_element(), ENUMERATION, "EnumerationContext");
        self.taken(context.and_then(|node| node.text()).unwrap_or_default())?;
        Ok((format!("{ENUMERATION}/ReleaseResponse"), String::new()))
    }

    fn batch(&self, items: &mut Vec<String>, most: usize) -> String {
        let most = most.min(self.options.rows_max.unwrap_or(usize::MAX)).max(1);
        items.split_off(items.len().saturating_sub(most)).into_iter().rev().collect()
    }

    fn keep(&self, context: Option<&str>, items: Vec<String>) -> String {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let context = context.map_or_else(|| format!("uuid:context-{}", open.0), str::to_owned);
        open.1.insert(context.clone(), items);
        context
    }

    fn taken(&self, context: &str) -> Result<Vec<String>, Fault> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.1
            .remove(context.trim())
            .ok_or_else(|| Fault::Wsman("n:InvalidEnumerationContext", format!("{context:?} is not open")))
    }
}

const WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";

fn not_supported(header: &Header) -> Fault {
    Fault::Wsman("a:ActionNotSupported", header.action.clone())
}

fn identity() -> String {
    let namespace = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
    format!(
        "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"{SOAP}\"><s:Header/><s:Body><wsmid:IdentifyResponse \
         xmlns:wsmid=\"{namespace}\"><wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\
         </wsmid:ProtocolVersion><wsmid:ProductVendor>cmgateway tests</wsmid:ProductVendor>\
         <wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion></wsmid:IdentifyResponse>\
         </s:Body></s:Envelope>"
    )
}

/// The first element in the body, with the namespaces that the envelope declares.
fn body_text(document: &Document<'_>) -> String {
    let body = child(document.root_element(), SOAP, "Body");
    let first = body.and_then(|body| body.children().find(Node::is_element));
    let Some(first) = first else { return String::new() };
    let text = &document.input_text()[first.range()];
    let end = text.find(['>', '/', ' ', '\n', '\t']).unwrap_or(text.len());
    let declared = |prefix: &str| text[..text.find('>').unwrap_or(0)].contains(&format!("xmlns:{prefix}="));
    let namespaces: String = first
        .namespaces()
        .filter(|namespace| namespace.name().is_some_and(|prefix| prefix != "xml" && !declared(prefix)))
        .map(|namespace| format!(" xmlns:{}=\"{}\"", namespace.name().unwrap_or_default(), namespace.uri()))
        .collect();
    format!("{}{namespaces}{}", &text[..end], &text[end..])
}

fn parsed(body: &str) -> Result<Document<'_>, Fault> {
    Document::parse(body).map_err(|error| Fault::Wsman("w:SchemaValidationError", error.to_string()))
}

fn instance_element<'a>(document: &'a Document<'a>) -> Result<Node<'a, 'a>, Fault> {
    let root = document.root_element();
    match root.tag_name().namespace().is_some_and(|uri| uri.starts_with(WMI)) {
        true => Ok(root),
        false => Err(Fault::Wsman("w:SchemaValidationError", "the instance is in no class".to_owned())),
    }
}
