//! Queries: Enumerate with WQL, then Pull until the end (WS-Enumeration; DSP0226, section 8).

use std::sync::Arc;

use super::endpoint_reference;
use super::envelope::enumeration;
use super::names::{CIM_BINDING, WQL_DIALECT};
use super::operation::Service;
use super::read_value;
use super::xml::{Element, escaped};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EMPTY_PAGES_MAX, PAGES_MAX, PULL_TIMEOUTS_MAX, ROWS_PER_BATCH};
use crate::site::transport::{Answer, RowSource, Rows};
use crate::wmi::wql::{Columns, Select};
use crate::wmi::{Identifier, Instance, Property};

/// Starts a query. The rows that come with the first answer are kept.
pub(super) async fn query(service: &Arc<Service>, select: &Select) -> Result<Rows> {
    let class = shape(select);
    let operation = format!("query class {}", select.from.class);
    if select.from.class.is("meta_class") {
        return read(service, operation, class, &select.to_string()).await;
    }
    // Without the class, only the service can tell the path of a row.
    let known = service.schema.class(service, &select.from.class).await?;
    let wants_paths = known.is_none() && select.joins.is_empty() && select.columns == Columns::All;
    let wql = select.to_string();
    let started = match start(service, &operation, &wql, wants_paths).await {
        Err(error) if wants_paths && is_refused_mode(&error) => start(service, &operation, &wql, false).await,
        other => other,
    }?;
    pull(service, operation, class, &started).await
}

/// Runs a text as it stands, such as an association query; its rows tell their classes.
pub(super) async fn read(
    service: &Arc<Service>,
    operation: String,
    class: Identifier,
    wql: &str,
) -> Result<Rows> {
    let started = start(service, &operation, wql, false).await?;
    pull(service, operation, class, &started).await
}

async fn pull(
    service: &Arc<Service>,
    operation: String,
    class: Identifier,
    started: &Element,
) -> Result<Rows> {
    let mut pulling = Pulling {
        service: Arc::clone(service),
        operation,
        class,
        context: None,
        waiting: None,
        pages: 0,
        empty_pages: 0,
        timeouts: 0,
    };
    pulling.take(started).await?;
    Ok(Rows::new(pulling))
}

/// The class of rows that do not name theirs.
fn shape(select: &Select) -> Identifier {
    let generic = Identifier::new("__GENERIC").ok().filter(|_| !select.joins.is_empty());
    generic.unwrap_or_else(|| select.from.class.clone())
}

/// True where the service does not know the wish for endpoint references.
fn is_refused_mode(error: &Error) -> bool {
    error.wbem().is_none()
        && matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Protocol | ErrorKind::Config)
}

async fn start(service: &Service, operation: &str, wql: &str, wants_paths: bool) -> Result<Element> {
    if wql.contains(super::xml::is_no_xml) {
        let cause = "the query has a character that XML cannot hold";
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    let mode = match wants_paths {
        true => "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>",
        false => "",
    };
    let mut request = service.request(enumeration("Enumerate"), "*");
    request.body = format!(
        "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{ROWS_PER_BATCH}</w:MaxElements>{mode}\
         <w:Filter Dialect=\"{WQL_DIALECT}\">{}</w:Filter></n:Enumerate>",
        escaped(wql)
    );
    service.read(operation, &request).await
}

/// A query that is being read.
struct Pulling {
    service: Arc<Service>,
    operation: String,
    class: Identifier,
    /// Where the service goes on; None at the end.
    context: Option<String>,
    waiting: Option<Vec<Instance>>,
    pages: usize,
    empty_pages: usize,
    timeouts: usize,
}

impl Pulling {
    /// Takes the rows and the context of an answer to Enumerate or Pull; their names stand in either namespace.
    async fn take(&mut self, body: &Element) -> Result<()> {
        let malformed = |cause: String| self.service.malformed(&self.operation, cause);
        let response = body.children.iter().find(|child| child.name.ends_with("Response"));
        let response = response.ok_or_else(|| malformed("there is no response in it".into()))?;
        let ended = response.child("EndOfSequence").is_some();
        let context = response.child("EnumerationContext").map(|context| context.text.trim().to_owned());
        let context = context.filter(|context| !context.is_empty() && !ended);
        // A Pull may leave out a context that stays the same.
        self.context = match (ended, context) {
            (true, _) => None,
            (false, Some(context)) => Some(context),
            (false, None) if response.name == "PullResponse" => self.context.take(),
            (false, None) => None,
        };
        let items = response.child("Items").map_or(&[][..], |items| &items.children);
        for item in items {
            self.service.learn(item, None).await?;
        }
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let row = self.row(item);
            rows.push(row.map_err(|cause| self.service.malformed(&self.operation, cause))?);
        }
        self.empty_pages = if rows.is_empty() { self.empty_pages + 1 } else { 0 };
        self.waiting = Some(rows);
        Ok(())
    }

    /// One row: an instance, an instance with its endpoint reference, or a fragment without a class.
    fn row(&self, item: &Element) -> std::result::Result<Instance, String> {
        let known = |name: &Identifier| self.service.known(name);
        let (object, reference) = match item.name.as_str() {
            "Item" => {
                let is_reference = |child: &&Element| child.name == "EndpointReference";
                let object = item.children.iter().find(|child| !is_reference(child));
                (object.ok_or("a row has no object")?, item.children.iter().find(is_reference))
            }
            _ => (item, None),
        };
        let class = match object.name.as_str() {
            "XmlFragment" => self.class.clone(),
            _ => read_value::class_name(object)?,
        };
        let row = read_value::instance(object, class, &known)?;
        let mut properties = row.properties().to_vec();
        if let Some(class) = known(row.class_name()).filter(|_| object.name != "XmlFragment") {
            properties.extend(read_value::absent_arrays(&class, &row));
            // A query leaves lazy properties out, which is not the same as null.
            for property in properties.iter_mut().filter(|property| property.value.is_null()) {
                let lazy = class.property(property.name.as_str()).filter(|known| known.is_lazy());
                if let Some(known) = lazy {
                    *property = Property::left_out(known.name.clone(), known.cim_type, known.is_array);
                }
            }
        }
        let path = row.path().cloned().or_else(|| reference.and_then(|r| endpoint_reference::path(r, known)));
        Ok(Instance::read(row.class_name().clone(), path, properties))
    }

    async fn pull(&mut self, context: String) -> Result<()> {
        self.pages += 1;
        if self.pages > PAGES_MAX || self.empty_pages > EMPTY_PAGES_MAX {
            let cause = format!("{} answers of it were read, and there is no end", self.pages);
            return Err(self.service.malformed(&self.operation, cause));
        }
        let mut request = self.service.request(enumeration("Pull"), "*");
        request.body = format!(
            "<n:Pull xmlns:b=\"{CIM_BINDING}\"><n:EnumerationContext>{}</n:EnumerationContext>\
             <n:MaxElements>{ROWS_PER_BATCH}</n:MaxElements></n:Pull>",
            escaped(&context)
        );
        // Should the answer be lost, the rows in it are; the context is not used twice.
        match self.service.read(&self.operation, &request).await {
            Ok(body) => {
                self.context = Some(context);
                self.timeouts = 0;
                self.take(&body).await
            }
            // The service had nothing within its time; it goes on where it was.
            Err(error)
                if error.context().iter().any(|(name, _)| *name == "wsman_code")
                    && error.kind() == ErrorKind::TimedOut
                    && self.timeouts < PULL_TIMEOUTS_MAX =>
            {
                self.timeouts += 1;
                self.context = Some(context);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl RowSource for Pulling {
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>> {
        Box::pin(async move {
            loop {
                if let Some(rows) = self.waiting.take().filter(|rows| !rows.is_empty()) {
                    return Ok(Some(rows));
                }
                let Some(context) = self.context.take() else { return Ok(None) };
                self.pull(context).await?;
            }
        })
    }

    /// Releases the context, so that the service need not keep it until it times out.
    fn close(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.waiting = None;
            let Some(context) = self.context.take() else { return Ok(()) };
            let mut request = self.service.request(enumeration("Release"), "*");
            request.body = format!(
                "<n:Release><n:EnumerationContext>{}</n:EnumerationContext></n:Release>",
                escaped(&context)
            );
            self.service.read(&self.operation, &request).await.map(drop)
        })
    }
}
