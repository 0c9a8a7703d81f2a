//! What the client knows of the classes: definitions, each fetched when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cim_xml;
use super::envelope::{Request, RequestOption, transfer};
use super::names::CIM_SCHEMA;
use super::operation::Service;
use super::xml::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::METADATA_CLASSES_MAX;
use crate::wmi::{Class, Identifier};

/// Definitions of classes; a service that tells none is believed after a few questions.
#[derive(Default)]
pub(super) struct Schema {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashMap<Identifier, Option<Arc<Class>>>,
    /// True where at least one definition came.
    told: bool,
    refused: usize,
}

/// Classes that are asked for before a service that told none is believed to tell none.
const QUESTIONS: usize = 3;

impl Schema {
    /// A definition that is here already.
    pub(super) fn at_hand(&self, name: &Identifier) -> Option<Arc<Class>> {
        self.lock().known.get(name).cloned().flatten()
    }

    /// The definition of a class; None where the service does not tell it, and then calls go on without it.
    ///
    /// # Errors
    /// Those that the call itself would meet too: `auth`, `unavailable`, `timed_out`, `certificate`.
    pub(super) async fn class(&self, service: &Service, name: &Identifier) -> Result<Option<Arc<Class>>> {
        {
            let state = self.lock();
            if let Some(known) = state.known.get(name) {
                return Ok(known.clone());
            }
            if !state.told && state.refused >= QUESTIONS {
                return Ok(None);
            }
        }
        match fetch(service, name).await {
            Ok(class) => {
                let mut state = self.lock();
                state.told |= class.is_some();
                Ok(state.keep(name, class))
            }
            Err(error) if is_final(error.kind()) => {
                let mut state = self.lock();
                state.refused += if error.kind() == ErrorKind::NotFound { 1 } else { QUESTIONS };
                Ok(state.keep(name, None))
            }
            Err(error) => Err(error),
        }
    }

    /// The definition of a class for a caller who wants just that.
    pub(super) async fn required(&self, service: &Service, name: &Identifier) -> Result<Class> {
        let class = self.class(service, name).await?;
        class.map(|class| Class::clone(&class)).ok_or_else(|| {
            let operation = format!("read class {name}");
            match self.lock().told {
                true => Error::new(ErrorKind::NotFound, operation, "the service has no such class"),
                false => {
                    Error::new(ErrorKind::Unsupported, operation, "the service does not tell its classes")
                }
            }
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, name: &Identifier, class: Option<Class>) -> Option<Arc<Class>> {
        if self.known.len() >= METADATA_CLASSES_MAX {
            self.known.clear();
        }
        let class = class.map(Arc::new);
        self.known.insert(name.clone(), class.clone());
        class
    }
}

/// True for the kinds that say that the service does not tell the class, rather than that it cannot be asked now.
fn is_final(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Auth
            | ErrorKind::Unavailable
            | ErrorKind::TimedOut
            | ErrorKind::Certificate
            | ErrorKind::Stopped
    )
}

async fn fetch(service: &Service, name: &Identifier) -> Result<Option<Class>> {
    let operation = format!("read class {name}");
    let mut request = Request::new(transfer("Get"), CIM_SCHEMA.to_owned());
    request.selectors = vec![
        ("__cimnamespace".to_owned(), service.namespace().to_owned()),
        ("ClassName".to_owned(), name.to_string()),
    ];
    for option in
        ["IncludeQualifiers", "IncludeClassOrigin", "IncludeInheritedElements", "IncludeInheritanceHierarchy"]
    {
        request.options.push(RequestOption { name: option.to_owned(), value: "true".to_owned() });
    }
    let body: Element = service.read(&operation, &request).await?;
    cim_xml::class(&body).map_err(|cause| service.malformed(&operation, cause))
}
