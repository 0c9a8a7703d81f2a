//! Calling methods, and the values that go with calls.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::site::Site;
use crate::wmi::{
    CallContext, Class, Identifier, Instance, MethodDefinition, ObjectPath, PARAMETERS_CLASS, Property,
    Value, WbemError,
};

/// `WBEM_E_INVALID_METHOD`
const INVALID_METHOD: u32 = 0x8004_102E;

/// What a script gives a method.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodInput {
    /// Values in the declared order of the parameters.
    pub by_position: Vec<Value>,
    /// Values by the names of the parameters.
    pub by_name: Vec<(String, Value)>,
}

impl MethodInput {
    /// Values by name, the safe way: PowerShell and VBScript order values differently.
    ///
    /// ```
    /// use cmgateway::site::MethodInput;
    /// let input = MethodInput::named([("SiteCode", "GF1")]);
    /// assert_eq!(input.by_name.len(), 1);
    /// ```
    pub fn named<V: Into<Value>>(values: impl IntoIterator<Item = (impl Into<String>, V)>) -> Self {
        let by_name = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        MethodInput { by_position: Vec::new(), by_name }
    }
}

impl Site {
    /// Calls a method and gives what came out: out-parameters as properties, and `ReturnValue`.
    ///
    /// The path is that of an instance, or of a class for a static method. Where the transport can tell the
    /// method's declaration, names and types are checked first; otherwise values go by name only, as they are.
    ///
    /// # Errors
    /// `config` for input that does not fit; `not_found` for a class, a method or an instance that is not there;
    /// `unsupported` where the transport cannot call; those of the provider. A method that fails may as well come
    /// back with another `ReturnValue` than 0, or a null one.
    pub async fn call(&self, path: &ObjectPath, method: &str, input: MethodInput) -> Result<Instance> {
        let method = Identifier::new(method)?;
        self.check_namespace(path).await?;
        let transport = self.open()?;
        let class = match transport.class(&path.class).await {
            // OData tells no methods; where some are told, all are.
            Ok(class) if class.methods.is_empty() && transport.embedded().is_none() => None,
            Ok(class) => Some(method_of(&class, &method)?.clone()),
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Protocol) => None,
            Err(error) => return Err(error),
        };
        let input = match class {
            Some(declared) => declared.input(input.by_position, input.by_name)?,
            None => undeclared(&method, input)?,
        };
        transport.call(path, &method, &input).await
    }

    /// The same connection with values that go with every call of it, over those that go already.
    ///
    /// A null value takes one away. Closing it closes this one too.
    ///
    /// # Errors
    /// `unsupported` where the transport cannot send them.
    pub fn with_context(&self, context: &CallContext) -> Result<Site> {
        let context = self.context.with(context);
        let transport = self.open()?.with_context(context.clone())?;
        Ok(Site { transport, closed: Arc::clone(&self.closed), context })
    }

    /// The values that go with every call.
    pub fn context(&self) -> &CallContext {
        &self.context
    }
}

/// The method of a class whose methods are all known.
pub(super) fn method_of<'c>(class: &'c Class, name: &Identifier) -> Result<&'c MethodDefinition> {
    class.method(name.as_str()).ok_or_else(|| {
        let cause = format!("the class {} has no method {name}", class.name);
        Error::new(ErrorKind::NotFound, format!("call {}.{name}", class.name), cause)
            .with_source(WbemError::from_code(INVALID_METHOD))
    })
}

fn undeclared(method: &Identifier, input: MethodInput) -> Result<Instance> {
    if !input.by_position.is_empty() {
        let cause = "this site does not tell the order of the parameters; give them by name";
        return Err(Error::new(ErrorKind::Unsupported, format!("call method {method}"), cause));
    }
    let mut properties = Vec::with_capacity(input.by_name.len());
    for (name, value) in input.by_name {
        let is_array = matches!(value, Value::Array(_));
        let cim_type = value.natural_type().map(|(cim_type, _)| cim_type);
        properties.push(Property::read(Identifier::new(&name)?, value, cim_type, is_array));
    }
    Ok(Instance::read(Identifier::new(PARAMETERS_CLASS)?, None, properties))
}
