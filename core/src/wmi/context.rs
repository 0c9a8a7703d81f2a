//! Context values: what a script tells the provider beside its calls.

use crate::error::Result;
use crate::wmi::{Identifier, Value};

/// Named values that go with every call, as an `SWbemNamedValueSet` does: `SessionHandle`, `ApplicationName`,
/// `MachineName`, `LocaleID`, `LimitToCollectionIDs` and others that the provider knows.
///
/// ```
/// use cmgateway::wmi::{CallContext, Value};
/// let context = CallContext::new([("ApplicationName", Value::from("Rollout")), ("InstanceCount", 10.into())])?;
/// assert_eq!(context.get("applicationname"), Some(&Value::from("Rollout")));
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallContext {
    values: Vec<(Identifier, Value)>,
}

impl CallContext {
    /// A context of these names and values; the last of equal names counts.
    ///
    /// # Errors
    /// `config` where a name cannot be one.
    pub fn new<N: AsRef<str>>(values: impl IntoIterator<Item = (N, Value)>) -> Result<Self> {
        let mut context = CallContext::default();
        for (name, value) in values {
            context.set(Identifier::new(name.as_ref())?, value);
        }
        Ok(context)
    }

    fn set(&mut self, name: Identifier, value: Value) {
        self.values.retain(|(known, _)| *known != name);
        self.values.push((name, value));
    }

    /// The value of this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known.is(name)).map(|(_, value)| value)
    }

    /// Names and values, in the order given.
    pub fn values(&self) -> &[(Identifier, Value)] {
        &self.values
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// These values with others laid over them; a null value takes one away.
    ///
    /// ```
    /// use cmgateway::wmi::{CallContext, Value};
    /// let outer = CallContext::new([("SessionHandle", Value::from("{1}")), ("LocaleID", "ms\\1033".into())])?;
    /// let inner = outer.with(&CallContext::new([("SessionHandle", Value::Null)])?);
    /// assert_eq!(inner.values().len(), 1);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    #[must_use]
    pub fn with(&self, over: &CallContext) -> Self {
        let mut context = self.clone();
        for (name, value) in &over.values {
            context.set(name.clone(), value.clone());
        }
        context.values.retain(|(_, value)| !value.is_null());
        context
    }
}
