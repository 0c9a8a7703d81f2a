//! Qualifiers: what MOF says in brackets before a class, a property, a method or a parameter.

use crate::wmi::{Identifier, Value};

/// One qualifier: `key`, `lazy`, `Description("…")`, `Values{"a", "b"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Qualifier {
    /// Its name.
    pub name: Identifier,
    /// Its value; TRUE where MOF gives none.
    pub value: Value,
    /// The words after the colon (`amended`, `ToInstance`), in the order written.
    pub flavors: Vec<Identifier>,
}

impl Qualifier {
    /// A qualifier without flavors.
    ///
    /// ```
    /// use cmgateway::wmi::{Identifier, Qualifier, Value};
    /// let lazy = Qualifier::new(Identifier::new("lazy")?, true);
    /// assert!(lazy.is_set());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn new(name: Identifier, value: impl Into<Value>) -> Self {
        Qualifier { name, value: value.into(), flavors: Vec::new() }
    }

    /// True unless its value is FALSE or null.
    pub fn is_set(&self) -> bool {
        !matches!(self.value, Value::Boolean(false) | Value::Null)
    }

    /// True where a subclass does not take it over: flavor `Restricted`, or a qualifier about one class only.
    pub(crate) fn stays_here(&self) -> bool {
        self.flavors.iter().any(|flavor| flavor.is("Restricted"))
            || ["abstract", "description", "provider", "version", "uuid"].iter().any(|own| self.name.is(own))
    }
}

/// The qualifier of this name, whatever its case.
pub(crate) fn find<'q>(qualifiers: &'q [Qualifier], name: &str) -> Option<&'q Qualifier> {
    qualifiers.iter().find(|qualifier| qualifier.name.is(name))
}

/// True where a qualifier of this name is there and is not FALSE.
pub(crate) fn is_set(qualifiers: &[Qualifier], name: &str) -> bool {
    find(qualifiers, name).is_some_and(Qualifier::is_set)
}

/// The qualifiers of a subclass's feature: its own, then those of the base that it does not say itself.
pub(crate) fn inherited(own: Vec<Qualifier>, base: &[Qualifier]) -> Vec<Qualifier> {
    let mut all = own;
    for qualifier in base.iter().filter(|qualifier| !qualifier.stays_here()) {
        if find(&all, qualifier.name.as_str()).is_none() {
            all.push(qualifier.clone());
        }
    }
    all
}
