//! What every way to an SMS Provider can do.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::site::embedded::EmbeddedSite;
use crate::wmi::wql::{AssociationQuery, Select};
use crate::wmi::{CallContext, Class, Identifier, Instance, ObjectPath, Value};

/// The future of a transport's call.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Whether a put may create, may change, or both; the flags of `SWbemObject.Put_`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutMode {
    /// Creates the instance, or changes the one with this key.
    #[default]
    CreateOrUpdate,
    /// Changes the instance; `not_found` where there is none with this key.
    UpdateOnly,
    /// Creates the instance; `conflict` where there is one with this key.
    CreateOnly,
    /// Changes the instance; `conflict` where a property to be written is no longer what was read.
    ///
    /// This is how two writers of one property do not undo each other: read, set, put, and on `conflict` read
    /// again. An embedded site, also one that is served, compares and writes within one transaction. So does an
    /// AdminService that gives ETags; without them a short time is left between the comparison and the change.
    UpdateUnchanged,
}

impl FromStr for PutMode {
    type Err = Error;

    /// Reads the word that scripts use: `create_or_update`, `update_only`, `create_only`, `update_unchanged`.
    fn from_str(word: &str) -> Result<Self> {
        match word {
            "create_or_update" => Ok(PutMode::CreateOrUpdate),
            "update_only" => Ok(PutMode::UpdateOnly),
            "create_only" => Ok(PutMode::CreateOnly),
            "update_unchanged" => Ok(PutMode::UpdateUnchanged),
            _ => {
                let words = "create_or_update, update_only, create_only or update_unchanged";
                let cause = format!("mode {word:?} is not {words}");
                Err(Error::new(ErrorKind::Config, "put", cause))
            }
        }
    }
}

/// Refuses a put whose modified properties are no longer what they were when the instance was read.
pub(crate) fn unchanged(instance: &Instance, stored: &Instance, operation: &str) -> Result<()> {
    for property in instance.properties().iter().filter(|property| property.is_modified()) {
        // A property that was never read is taken for one without a value.
        let read = property.original().unwrap_or(&Value::Null);
        if stored.get(property.name.as_str()).unwrap_or(&Value::Null) != read {
            let cause = format!("property {} was changed since it was read", property.name);
            return Err(Error::new(ErrorKind::Conflict, operation, cause)
                .with_context("property", property.name.as_str()));
        }
    }
    Ok(())
}

/// What a WS-Management service says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// The protocol, as its namespace: `http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd`.
    pub protocol_version: String,
    /// Who made the service, such as `Microsoft Corporation`.
    pub product_vendor: String,
    /// Its version, such as `OS: 10.0.20348 SP: 0.0 Stack: 3.0`.
    pub product_version: String,
}

/// One way to an SMS Provider. Every future may be dropped at any await; a put dropped half-way is either done
/// whole or not at all.
pub(crate) trait Transport: Send + Sync {
    /// The address for messages, without secrets.
    fn address(&self) -> &str;
    /// Why instances come without their keys, where the transport knows; for messages.
    fn why_without_keys(&self) -> Option<String> {
        None
    }
    /// Runs a query; rows come in batches, so that memory stays flat.
    fn query<'a>(&'a self, select: &'a Select) -> Answer<'a, Rows>;
    /// Runs an association query; None where the transport leaves it to the site's classes and instances.
    fn associations<'a>(&'a self, query: &'a AssociationQuery) -> Answer<'a, Option<Rows>> {
        let _ = query;
        Box::pin(async { Ok(None) })
    }
    /// Runs a schema query, `SELECT * FROM meta_class`; None where the transport leaves it to the list of classes.
    fn class_objects<'a>(&'a self, select: &'a Select) -> Answer<'a, Option<Rows>> {
        let _ = select;
        Box::pin(async { Ok(None) })
    }
    /// Reads one instance, with its lazy properties.
    fn get<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, Instance>;
    /// Writes the modified properties of an instance (all of them where it is new) and returns its path.
    fn put<'a>(&'a self, instance: &'a Instance, mode: PutMode) -> Answer<'a, ObjectPath>;
    /// Deletes one instance; `not_found` where there is none.
    fn delete<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, ()>;
    /// The definition of a class as the provider knows it.
    fn class<'a>(&'a self, name: &'a Identifier) -> Answer<'a, Class>;
    /// The definitions of all classes, where the provider can list them.
    fn classes(&self) -> Answer<'_, Vec<Class>> {
        let error =
            unsupported(self.address(), "list classes", "this transport cannot list the site's classes");
        Box::pin(async { Err(error) })
    }
    /// A new instance of a class, with its properties where that costs no question to the provider.
    fn spawn<'a>(&'a self, class: &'a Identifier) -> Answer<'a, Instance> {
        Box::pin(async { Ok(Instance::of(class.clone())) })
    }
    /// Runs a method of an instance, or of a class where the path is that of a class.
    ///
    /// The input has one property a parameter, in the declared order where the class tells it; the output one for
    /// each out-parameter, and `ReturnValue`.
    fn call<'a>(
        &'a self,
        path: &'a ObjectPath,
        method: &'a Identifier,
        input: &'a Instance,
    ) -> Answer<'a, Instance> {
        let _ = input;
        let operation = format!("call {}.{method}", path.class);
        let error = unsupported(self.address(), &operation, "this transport cannot call methods");
        Box::pin(async { Err(error) })
    }
    /// The same transport with values that go with each of its calls.
    fn with_context(&self, context: CallContext) -> Result<Arc<dyn Transport>> {
        let _ = context;
        Err(unsupported(self.address(), "set context values", "this transport cannot send context values"))
    }
    /// What the service says of itself.
    fn identify(&self) -> Answer<'_, ServiceIdentity> {
        let error =
            unsupported(self.address(), "identify the service", "only WS-Management has this question");
        Box::pin(async { Err(error) })
    }
    /// Lets go of what the connection holds; calls that are running end by themselves.
    fn close(&self) {}
    /// The embedded site behind this transport, where it is one: what only a site file can do starts here.
    fn embedded(&self) -> Option<&EmbeddedSite> {
        None
    }
}

fn unsupported(address: &str, operation: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Unsupported, operation, cause).with_context("address", address)
}

/// Where the rows of a query come from, a batch at a time; None at the end.
pub(crate) trait RowSource: Send {
    /// The next batch; never empty.
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>>;
    /// Gives up the rows that are left; what they held in the site is free afterwards.
    fn close(&mut self) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// The source of rows that were there from the start.
struct NoMore;

impl RowSource for NoMore {
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>> {
        Box::pin(async { Ok(None) })
    }
}

/// The rows of a query, read as they are asked for.
pub struct Rows {
    source: Box<dyn RowSource>,
    batch: VecDeque<Instance>,
    finished: bool,
}

impl Rows {
    pub(crate) fn new(source: impl RowSource + 'static) -> Self {
        Rows { source: Box::new(source), batch: VecDeque::new(), finished: false }
    }

    /// Rows that are all there already.
    pub(crate) fn of(rows: Vec<Instance>) -> Self {
        Rows { source: Box::new(NoMore), batch: rows.into(), finished: true }
    }

    /// The next row where it is here already: nobody has to wait for it. None says nothing about the end.
    pub fn next_at_hand(&mut self) -> Option<Instance> {
        self.batch.pop_front()
    }

    /// The next row; None at the end. After an error the rows are finished.
    ///
    /// # Errors
    /// Those of the transport: `unavailable`, `timed_out`, `protocol`, `auth`.
    pub async fn next(&mut self) -> Result<Option<Instance>> {
        while self.batch.is_empty() && !self.finished {
            match self.source.next_batch().await {
                Ok(Some(batch)) => self.batch = batch.into(),
                Ok(None) => self.finished = true,
                Err(error) => {
                    self.finished = true;
                    return Err(error);
                }
            }
        }
        Ok(self.batch.pop_front())
    }

    /// Ends the query; the rows must not be used after it.
    ///
    /// Dropping the rows does the same and does not wait until the site is free of them.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn close(mut self) -> Result<()> {
        self.source.close().await
    }

    /// The rows that are left, all at once.
    ///
    /// # Errors
    /// Those of [`Rows::next`].
    pub async fn all(mut self) -> Result<Vec<Instance>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }
}
