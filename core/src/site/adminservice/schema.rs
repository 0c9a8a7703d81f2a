//! What the client knows of the classes: `$metadata`, fetched when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::Mutex;

use super::answer;
use super::client::Connection;
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::limits::{METADATA_MISSED_MAX, METADATA_REFETCH_PAUSE};
use crate::net::http::Method;
use crate::site::odata::metadata::Metadata;
use crate::wmi::{Class, Identifier};

/// The classes of a site; empty where the server does not tell them.
///
/// A failure is not remembered, for the next try may succeed; only a server that says it has no `$metadata` is
/// believed for good.
#[derive(Default)]
pub(super) struct Schema {
    state: Mutex<State>,
    /// Why the classes were not known the last time, for messages.
    complaint: std::sync::Mutex<Option<String>>,
}

#[derive(Default)]
struct State {
    known: Option<Result<Arc<Metadata>, String>>,
    /// Classes for which `$metadata` was fetched again and still did not tell enough, and when that was.
    missed: HashMap<Identifier, Instant>,
}

impl Schema {
    /// The definition of a class; None where the server does not tell it, and then calls go on without it.
    ///
    /// # Errors
    /// Those after which trying again may help, and `certificate`: the call itself would meet the same.
    pub(super) async fn class(&self, connection: &Connection, name: &Identifier) -> Result<Option<Class>> {
        self.class_that(connection, name, |_| true).await
    }

    /// The definition of a class. Where the one at hand is not good enough, or there is none, `$metadata` is fetched
    /// once more: the class may have been defined, or have got a property, since.
    pub(super) async fn class_that(
        &self,
        connection: &Connection,
        name: &Identifier,
        is_enough: impl Fn(&Class) -> bool,
    ) -> Result<Option<Class>> {
        Ok(self.known(connection, name, is_enough).await?.unwrap_or(None))
    }

    /// The definition of a class for a caller who wants just that.
    pub(super) async fn required(&self, connection: &Connection, name: &Identifier) -> Result<Class> {
        let operation = format!("read class {name}");
        match self.known(connection, name, |_| true).await? {
            Ok(class) => class.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, operation, "the $metadata of the server has no such class")
            }),
            Err(cause) => Err(Error::new(
                ErrorKind::Unsupported,
                operation,
                format!("the server does not tell its classes: {cause}"),
            )),
        }
    }

    /// The definitions of all classes, as the server tells them now.
    pub(super) async fn all(&self, connection: &Connection) -> Result<Vec<Class>> {
        let mut state = self.state.lock().await;
        match self.fetched(connection).await? {
            Ok(metadata) => {
                state.known = Some(Ok(Arc::clone(&metadata)));
                Ok(metadata.classes())
            }
            Err((_, cause)) => {
                let cause = format!("the server does not tell its classes: {cause}");
                Err(Error::new(ErrorKind::Unsupported, "list classes", cause))
            }
        }
    }

    /// Why the classes are not known; None where they are, or were never asked for.
    pub(super) fn complaint(&self) -> Option<String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn known(
        &self,
        connection: &Connection,
        name: &Identifier,
        is_enough: impl Fn(&Class) -> bool,
    ) -> Result<Result<Option<Class>, String>> {
        // Held while fetching, so that callers who come together fetch once.
        let mut state = self.state.lock().await;
        let mut is_fresh = false;
        if state.known.is_none() {
            match self.fetched(connection).await? {
                Ok(metadata) => state.known = Some(Ok(metadata)),
                Err((ErrorKind::NotFound | ErrorKind::Unsupported, cause)) => state.known = Some(Err(cause)),
                Err((_, cause)) => return Ok(Err(cause)),
            }
            is_fresh = true;
        }
        let mut class = match &state.known {
            Some(Ok(metadata)) => metadata.class(name),
            Some(Err(cause)) => return Ok(Err(cause.clone())),
            None => None,
        };
        let asked_lately = state.missed.get(name).is_some_and(|at| at.elapsed() < METADATA_REFETCH_PAUSE);
        if !is_fresh && !asked_lately && !class.as_ref().is_some_and(&is_enough) {
            match self.fetched(connection).await {
                Ok(Ok(metadata)) => {
                    class = metadata.class(name);
                    state.known = Some(Ok(metadata));
                }
                Err(error) if class.is_none() => return Err(error),
                // What is known stays where the second fetch fails.
                Ok(Err(_)) | Err(_) => {}
            }
            if !class.as_ref().is_some_and(&is_enough) {
                if state.missed.len() >= METADATA_MISSED_MAX {
                    state.missed.clear();
                }
                state.missed.insert(name.clone(), Instant::now());
            }
        }
        Ok(Ok(class))
    }

    /// Fetches `$metadata`; the inner error is a definite answer of a server that does not tell its classes.
    async fn fetched(&self, connection: &Connection) -> Result<Result<Arc<Metadata>, (ErrorKind, String)>> {
        let fetched = fetch(connection).await;
        let cause = fetched.as_ref().err().map(|error| error.cause().to_owned());
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = cause;
        match fetched {
            Ok(metadata) => Ok(Ok(Arc::new(metadata))),
            Err(error) if error.retry() != Retry::Never || error.kind() == ErrorKind::Certificate => {
                Err(error)
            }
            Err(error) => Ok(Err((error.kind(), error.cause().to_owned()))),
        }
    }
}

async fn fetch(connection: &Connection) -> Result<Metadata> {
    let operation = "read $metadata";
    let url = connection.url("$metadata")?;
    let answer = connection.send(operation, Method::GET, &url, "application/xml", None).await?;
    let answer = answer::success(operation, &url, answer)?;
    Metadata::parse(&answer.body).map_err(|cause| answer::malformed(operation, &url, cause))
}
