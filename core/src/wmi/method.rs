//! The definition of a method.

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Identifier, Instance, Property, PropertyDefinition, Qualifier, Value, qualifier};

/// The class of what goes into a method and of what comes out.
pub(crate) const PARAMETERS_CLASS: &str = "__PARAMETERS";
/// The name under which a method's own result comes out.
pub(crate) const RETURN_VALUE: &str = "ReturnValue";

/// One parameter of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDefinition {
    /// Its name and type; whether it is a key has no meaning.
    pub value: PropertyDefinition,
    /// True where the caller gives it.
    pub is_in: bool,
    /// True where the method gives it back.
    pub is_out: bool,
}

/// One method of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodDefinition {
    /// Its name.
    pub name: Identifier,
    /// The type of its own result; None for `void`.
    pub returns: Option<CimType>,
    /// Its parameters in the declared order, which the qualifier `ID` gives where it is there.
    pub parameters: Vec<ParameterDefinition>,
    /// The class that first had it; None for the class it was read from itself.
    pub origin: Option<Identifier>,
    /// True where the class declares it itself, false where it only inherits it.
    pub is_local: bool,
    /// Its qualifiers.
    pub qualifiers: Vec<Qualifier>,
}

impl MethodDefinition {
    /// True where it belongs to the class and is called with the path of the class.
    pub fn is_static(&self) -> bool {
        qualifier::is_set(&self.qualifiers, "static")
    }

    /// The parameters that the caller gives, in the declared order.
    pub fn inputs(&self) -> impl Iterator<Item = &PropertyDefinition> {
        self.parameters.iter().filter(|parameter| parameter.is_in).map(|parameter| &parameter.value)
    }

    /// The parameters that the method gives back, in the declared order.
    pub fn outputs(&self) -> impl Iterator<Item = &PropertyDefinition> {
        self.parameters.iter().filter(|parameter| parameter.is_out).map(|parameter| &parameter.value)
    }

    /// The input of a call: values by position in the declared order, then values by name.
    ///
    /// Position means the order of the declaration, as in VBScript; PowerShell's `-ArgumentList` goes by the
    /// alphabet. Parameters that only come out have no position. What is not given is null, or the default.
    ///
    /// # Errors
    /// `config` for a name that is no input, a value too many, a parameter given twice, a value of another type.
    ///
    /// ```
    /// use cmgateway::wmi::{Value, mof};
    /// let class = &mof::parse_classes("class C { [static] uint32 Move([in] string To, [in] uint32 Type); };")?[0];
    /// let method = class.method("move").unwrap();
    /// let input = method.input(vec!["X".into()], vec![("type".into(), 2.into())])?;
    /// assert_eq!((input.text("To"), input.get("Type")), (Some("X"), Some(&Value::from(2))));
    /// assert!(method.input(vec![], vec![("Two".into(), 2.into())]).is_err());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn input(&self, by_position: Vec<Value>, by_name: Vec<(String, Value)>) -> Result<Instance> {
        let operation = format!("call method {}", self.name);
        let refuse = |cause: String| Error::new(ErrorKind::Config, operation.as_str(), cause);
        let inputs: Vec<_> = self.inputs().collect();
        if by_position.len() > inputs.len() {
            let cause = format!("{} values were given, it takes {}", by_position.len(), inputs.len());
            return Err(refuse(cause));
        }
        let mut given: Vec<Option<Value>> = by_position.into_iter().map(Some).collect();
        given.resize(inputs.len(), None);
        for (name, value) in by_name {
            let at = inputs.iter().position(|input| input.name.is(&name));
            match at.and_then(|at| given.get_mut(at)) {
                Some(Some(_)) => return Err(refuse(format!("parameter {name} is given twice"))),
                Some(slot) => *slot = Some(value),
                None => return Err(refuse(self.no_input(&name))),
            }
        }
        let mut properties = Vec::with_capacity(inputs.len());
        for (input, value) in inputs.iter().zip(given) {
            let value = value.unwrap_or_else(|| input.default.clone());
            let value = input.coerced(value, &operation)?;
            properties.push(Property::read(input.name.clone(), value, Some(input.cim_type), input.is_array));
        }
        Ok(Instance::read(Identifier::new(PARAMETERS_CLASS)?, None, properties))
    }

    fn no_input(&self, name: &str) -> String {
        let known: Vec<_> = self.inputs().map(|input| input.name.as_str()).collect();
        match known.is_empty() {
            true => format!("it takes no parameter, and {name} was given"),
            false => format!("it takes no parameter {name}, only {}", known.join(", ")),
        }
    }

    /// The output of a call from what the method gave: every out-parameter with its type, and `ReturnValue`.
    pub(crate) fn output(&self, given: Vec<(String, Value)>) -> Result<Instance> {
        let operation = format!("call method {}", self.name);
        let return_value = Identifier::new(RETURN_VALUE)?;
        let returned =
            self.returns.map(|cim_type| PropertyDefinition::new(return_value, cim_type, false, false));
        let known: Vec<&PropertyDefinition> = self.outputs().chain(&returned).collect();
        if let Some((name, _)) = given.iter().find(|(name, _)| !known.iter().any(|known| known.name.is(name)))
        {
            let cause = format!("it gives back no {name}");
            return Err(Error::new(ErrorKind::Config, operation, cause));
        }
        let mut properties = Vec::with_capacity(known.len());
        for definition in known {
            let value =
                given.iter().find(|(name, _)| definition.name.is(name)).map(|(_, value)| value.clone());
            let value = definition.coerced(value.unwrap_or_default(), &operation)?;
            let cim_type = Some(definition.cim_type);
            properties.push(Property::read(definition.name.clone(), value, cim_type, definition.is_array));
        }
        Ok(Instance::read(Identifier::new(PARAMETERS_CLASS)?, None, properties))
    }
}
