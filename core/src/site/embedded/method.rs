//! Methods of an embedded site: who runs them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::site::call::method_of;
use crate::wmi::{CallContext, Class, Identifier, Instance, MethodDefinition, ObjectPath, Value, WbemError};

/// `WBEM_E_METHOD_NOT_IMPLEMENTED`
const METHOD_NOT_IMPLEMENTED: u32 = 0x8004_1055;
/// `WBEM_E_INVALID_OBJECT_PATH`
const INVALID_OBJECT_PATH: u32 = 0x8004_103A;

/// One call of a method, as its handler sees it.
#[derive(Debug)]
pub struct MethodCall<'a> {
    /// The object, or the class of a static method.
    pub path: &'a ObjectPath,
    /// The method.
    pub method: &'a MethodDefinition,
    /// Every input, null or its default where the caller gave none.
    pub input: &'a Instance,
    /// The context values of the caller.
    pub context: &'a CallContext,
}

/// What a handler gives back: out-parameters and `ReturnValue` by name; what is missing is null, `ReturnValue` 0.
pub type MethodOutput = Vec<(String, Value)>;

/// Runs a method in place of the provider; called on the thread that waits for the call.
pub type MethodHandler = Arc<dyn Fn(&MethodCall<'_>) -> Result<MethodOutput> + Send + Sync>;

/// The handlers of one connection, by class and method.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    known: Arc<Mutex<HashMap<(Identifier, Identifier), MethodHandler>>>,
}

impl Handlers {
    pub(super) fn set(&self, class: Identifier, method: Identifier, handler: MethodHandler) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((class, method), handler);
    }

    /// The handler of the class, else of the nearest class it is derived from.
    pub(super) fn find(&self, class: &Class, method: &MethodDefinition) -> Option<MethodHandler> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut classes = std::iter::once(&class.name).chain(&class.derivation);
        classes.find_map(|name| known.get(&(name.clone(), method.name.clone())).cloned())
    }
}

/// The method of a class; refused where the class has none or the path is not what it needs.
pub(super) fn declared<'c>(
    class: &'c Class,
    path: &ObjectPath,
    name: &Identifier,
) -> Result<&'c MethodDefinition> {
    let method = method_of(class, name)?;
    if path.is_class() && !method.is_static() {
        let cause = "the method belongs to an instance, and the path is that of the class";
        return Err(Error::new(ErrorKind::Config, format!("call {}.{name}", class.name), cause)
            .with_source(WbemError::from_code(INVALID_OBJECT_PATH)));
    }
    Ok(method)
}

/// The error of a method that nobody runs.
pub(super) fn nobody(class: &Class, method: &MethodDefinition) -> Error {
    let cause = "an embedded site runs no method of a provider; give it one with on_method";
    Error::new(ErrorKind::Unsupported, format!("call {}.{}", class.name, method.name), cause)
        .with_source(WbemError::from_code(METHOD_NOT_IMPLEMENTED))
}
