//! Tokens to a class: qualifiers, properties, methods.

use crate::error::Result;
use crate::limits::{METHODS_PER_CLASS_MAX, PROPERTIES_PER_CLASS_MAX, QUALIFIERS_MAX};
use crate::wmi::mof::lexer::Token;
use crate::wmi::mof::parser::Parser;
use crate::wmi::{
    CimType, Class, Identifier, MethodDefinition, ParameterDefinition, PropertyDefinition, Qualifier, Value,
    qualifier,
};

/// A type in front of a name: the CIM type and, for objects and references, the class.
struct Type {
    /// None for `void`.
    cim_type: Option<CimType>,
    class: Option<Identifier>,
}

impl Parser<'_> {
    /// `[…]`, or nothing.
    pub(super) fn qualifiers(&mut self) -> Result<Vec<Qualifier>> {
        let mut qualifiers: Vec<Qualifier> = Vec::new();
        if self.token != Token::Symbol('[') {
            return Ok(qualifiers);
        }
        self.advance()?;
        while self.token != Token::Symbol(']') {
            let at = self.at;
            let name = self.name("a qualifier or \"]\"")?;
            if qualifiers.iter().any(|known| known.name == name) {
                return Err(at.refuse(&format!("qualifier {name} is there twice, again")));
            }
            if qualifiers.len() == QUALIFIERS_MAX {
                return Err(at.refuse(&format!("there are more than {QUALIFIERS_MAX} qualifiers;")));
            }
            let value = match self.token {
                Token::Symbol('(') => {
                    self.advance()?;
                    let value = self.plain_value()?;
                    self.symbol(')')?;
                    value
                }
                Token::Symbol('{') => self.plain_value()?,
                _ => Value::Boolean(true),
            };
            let mut flavors = Vec::new();
            if self.token == Token::Symbol(':') {
                self.advance()?;
                while let Token::Word(_) = self.token {
                    flavors.push(self.name("a flavor")?);
                }
            }
            qualifiers.push(Qualifier { name, value, flavors });
            if self.token != Token::Symbol(',') {
                break;
            }
            self.advance()?;
        }
        self.symbol(']')?;
        Ok(qualifiers)
    }

    /// `Name [as $Alias] [: Super] { … };`
    pub(super) fn class(&mut self, qualifiers: Vec<Qualifier>) -> Result<Class> {
        let mut class = Class::new(self.name("a class name")?, Vec::new());
        class.qualifiers = qualifiers;
        self.alias()?;
        if self.token == Token::Symbol(':') {
            self.advance()?;
            class.derivation.push(self.name("the name of the superclass")?);
        }
        self.symbol('{')?;
        while self.token != Token::Symbol('}') {
            self.feature(&mut class)?;
        }
        self.symbol('}')?;
        self.symbol(';')?;
        Ok(class)
    }

    fn feature(&mut self, class: &mut Class) -> Result<()> {
        let qualifiers = self.qualifiers()?;
        let value_type = self.value_type()?;
        let at = self.at;
        let name = self.name("a name")?;
        let is_known = |name: &Identifier| {
            class.property(name.as_str()).is_some() || class.method(name.as_str()).is_some()
        };
        if is_known(&name) {
            return Err(at.refuse(&format!("{name} is there twice, again")));
        }
        if self.token == Token::Symbol('(') {
            if class.methods.len() == METHODS_PER_CLASS_MAX {
                return Err(at.refuse(&format!("the class has more than {METHODS_PER_CLASS_MAX} methods;")));
            }
            let parameters = self.parameters()?;
            let returns = value_type.cim_type;
            class.methods.push(MethodDefinition {
                name,
                returns,
                parameters,
                origin: None,
                is_local: true,
                qualifiers,
            });
        } else {
            if class.properties.len() == PROPERTIES_PER_CLASS_MAX {
                return Err(
                    at.refuse(&format!("the class has more than {PROPERTIES_PER_CLASS_MAX} properties;"))
                );
            }
            let property = self.rest_of_property(name, value_type, qualifiers)?;
            class.properties.push(property);
        }
        self.symbol(';')
    }

    /// `[n] = default` after the name.
    fn rest_of_property(
        &mut self,
        name: Identifier,
        value_type: Type,
        qualifiers: Vec<Qualifier>,
    ) -> Result<PropertyDefinition> {
        let Some(cim_type) = value_type.cim_type else {
            return Err(self.at.refuse("only a method can be void;"));
        };
        let mut is_array = false;
        if self.token == Token::Symbol('[') {
            self.advance()?;
            if let Token::Integer(_) = self.token {
                self.advance()?;
            }
            self.symbol(']')?;
            is_array = true;
        }
        let mut default = Value::Null;
        if self.token == Token::Symbol('=') {
            self.advance()?;
            let at = self.at;
            default = self
                .plain_value()?
                .coerced(cim_type, is_array)
                .map_err(|cause| at.refuse(&format!("property {name}: {cause}")))?;
        }
        Ok(PropertyDefinition {
            is_key: qualifier::is_set(&qualifiers, "key"),
            class: value_type.class,
            default,
            qualifiers,
            ..PropertyDefinition::new(name, cim_type, is_array, false)
        })
    }

    fn value_type(&mut self) -> Result<Type> {
        let name = self.name("a type or \"}\"")?;
        if name.is("void") {
            return Ok(Type { cim_type: None, class: None });
        }
        if let Some(cim_type) = CimType::from_name(name.as_str()).filter(|_| !name.is("reference")) {
            // `object:SMS_X`, as the qualifier CIMTYPE writes it.
            let mut class = None;
            if cim_type == CimType::Object && self.token == Token::Symbol(':') {
                self.advance()?;
                class = Some(self.name("a class name")?);
            } else if cim_type == CimType::Object && self.token.is_word("ref") {
                self.advance()?;
                return Ok(Type { cim_type: Some(CimType::Reference), class: None });
            }
            return Ok(Type { cim_type: Some(cim_type), class });
        }
        if self.token.is_word("ref") {
            self.advance()?;
            return Ok(Type { cim_type: Some(CimType::Reference), class: Some(name) });
        }
        Ok(Type { cim_type: Some(CimType::Object), class: Some(name) })
    }

    fn parameters(&mut self) -> Result<Vec<ParameterDefinition>> {
        self.symbol('(')?;
        let mut parameters: Vec<ParameterDefinition> = Vec::new();
        while self.token != Token::Symbol(')') {
            let qualifiers = self.qualifiers()?;
            let value_type = self.value_type()?;
            let at = self.at;
            let name = self.name("the name of a parameter")?;
            if parameters.iter().any(|known| known.value.name == name) {
                return Err(at.refuse(&format!("parameter {name} is there twice, again")));
            }
            if parameters.len() == PROPERTIES_PER_CLASS_MAX {
                return Err(at.refuse("the method has too many parameters;"));
            }
            let value = self.rest_of_property(name, value_type, qualifiers)?;
            let is_out = qualifier::is_set(&value.qualifiers, "out");
            // A parameter without a word goes in.
            let is_in = qualifier::is_set(&value.qualifiers, "in") || !is_out;
            parameters.push(ParameterDefinition { value, is_in, is_out });
            if self.token != Token::Symbol(',') {
                break;
            }
            self.advance()?;
        }
        self.symbol(')')?;
        // The order of a call; a stable sort, so that parameters without the qualifier stay as they are.
        let id = |parameter: &ParameterDefinition| {
            parameter.value.qualifier("ID").and_then(|id| id.value.as_integer())
        };
        if parameters.iter().all(|parameter| id(parameter).is_some()) {
            parameters.sort_by_key(id);
        }
        Ok(parameters)
    }
}
