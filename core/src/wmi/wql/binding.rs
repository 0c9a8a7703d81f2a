//! Values for placeholders, on their way into the syntax tree.

use crate::limits::WQL_TEXT_BYTES_MAX;
use crate::wmi::Value;
use crate::wmi::value::{is_refused_control, is_wmi_integer};
use crate::wmi::wql::{Literal, Parameters};

/// What may stand on one side of a comparison besides a property.
pub(super) enum Constant {
    Null,
    Literal(Literal),
}

impl Constant {
    /// The constant a value stands for; the error is the cause alone.
    fn from_value(value: &Value) -> Result<Self, String> {
        let literal = match value {
            Value::Null => return Ok(Constant::Null),
            Value::Boolean(flag) => Literal::Boolean(*flag),
            Value::Integer(number) if is_wmi_integer(*number) => Literal::Integer(*number),
            Value::Integer(_) => return Err("is not between -2^63 and 2^64-1".into()),
            Value::Real(number) if number.is_finite() => Literal::Real(*number),
            Value::Real(_) => return Err("is not a finite number".into()),
            Value::String(text) => Literal::String(checked_text(text.clone())?),
            Value::DateTime(datetime) => Literal::String(checked_text(datetime.to_string())?),
            Value::Reference(path) => Literal::String(checked_text(path.to_string())?),
            Value::Object(_) | Value::Array(_) => {
                return Err(format!("is {}, which no constant can be", value.described()));
            }
        };
        Ok(Constant::Literal(literal))
    }
}

/// The constants of an array for `IN ?`; the error is the cause alone.
pub(super) fn list_from_value(value: &Value) -> Result<Vec<Literal>, String> {
    let Value::Array(items) = value else {
        return Err(format!("is {}; IN needs an array here, or parentheses round it", value.described()));
    };
    if items.is_empty() {
        return Err("is an empty array, and nothing is in it".into());
    }
    let literals = items.iter().enumerate().map(|(at, item)| match Constant::from_value(item) {
        Ok(Constant::Literal(literal)) => Ok(literal),
        Ok(Constant::Null) => Err(format!("has null as element {}", at + 1)),
        Err(why) => Err(format!("has an element {} that {why}", at + 1)),
    });
    literals.collect()
}

/// The text, where it may be a text constant; the error is the cause alone.
pub(super) fn checked_text(text: String) -> Result<String, String> {
    if text.len() > WQL_TEXT_BYTES_MAX {
        return Err(format!("has {} bytes, {WQL_TEXT_BYTES_MAX} are allowed", text.len()));
    }
    match text.chars().find(|c| is_refused_control(*c)) {
        Some(c) => Err(format!("has a control character (U+{:04X})", u32::from(c))),
        None => Ok(text),
    }
}

/// Hands out the values of a query's placeholders and notes which were used.
pub(super) struct Binding<'p> {
    parameters: &'p Parameters,
    positional_used: usize,
    named_used: Vec<bool>,
}

impl<'p> Binding<'p> {
    /// Refuses a name that is given twice.
    pub(super) fn new(parameters: &'p Parameters) -> Result<Self, String> {
        let mut named_used = Vec::new();
        if let Parameters::Named(pairs) = parameters {
            let mut names: Vec<_> = pairs.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
            names.sort_unstable();
            if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(format!("parameter {:?} is given twice", twice[0]));
            }
            named_used = vec![false; pairs.len()];
        }
        Ok(Binding { parameters, positional_used: 0, named_used })
    }

    /// The constant for the next `?`.
    pub(super) fn positional(&mut self) -> Result<Constant, String> {
        let (value, name) = self.positional_value()?;
        Constant::from_value(value).map_err(|why| format!("{name} {why}"))
    }

    /// The constant for `:name`.
    pub(super) fn named(&mut self, name: &str) -> Result<Constant, String> {
        let (value, name) = self.named_value(name)?;
        Constant::from_value(value).map_err(|why| format!("{name} {why}"))
    }

    /// The value of the next `?`, and how to call it in a message.
    pub(super) fn positional_value(&mut self) -> Result<(&'p Value, String), String> {
        self.positional_used += 1;
        let number = self.positional_used;
        match self.parameters {
            Parameters::Positional(values) => match values.get(number - 1) {
                Some(value) => Ok((value, format!("parameter {number}"))),
                None => Err(format!("placeholder {number} has no value, {} given", counted(values.len()))),
            },
            Parameters::Named(_) => {
                Err("\"?\" needs values by position, but values by name were given".into())
            }
            Parameters::None => Err("the placeholder \"?\" has no value, none were given".into()),
        }
    }

    /// The value of `:name`, and how to call it in a message.
    pub(super) fn named_value(&mut self, name: &str) -> Result<(&'p Value, String), String> {
        match self.parameters {
            Parameters::Named(pairs) => {
                let found = pairs.iter().position(|(given, _)| given.eq_ignore_ascii_case(name));
                match found.and_then(|at| Some((pairs.get(at)?, self.named_used.get_mut(at)?))) {
                    Some(((_, value), used)) => {
                        *used = true;
                        Ok((value, format!("parameter :{name}")))
                    }
                    None => Err(format!("the placeholder :{name} has no value")),
                }
            }
            Parameters::Positional(_) => {
                Err(format!("\":{name}\" needs values by name, but values by position were given"))
            }
            Parameters::None => Err(format!("the placeholder :{name} has no value, none were given")),
        }
    }

    /// Refuses values that no placeholder asked for: they are a sign of a mistake in the query.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.parameters {
            Parameters::Positional(values) if values.len() > self.positional_used => {
                let placeholders = match self.positional_used {
                    1 => "1 placeholder".to_owned(),
                    count => format!("{count} placeholders"),
                };
                Err(format!("{} given, but the query has {placeholders}", counted(values.len())))
            }
            Parameters::Named(pairs) => match pairs.iter().zip(&self.named_used).find(|(_, used)| !**used) {
                Some(((name, _), _)) => Err(format!("the query has no placeholder for parameter {name:?}")),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn counted(values: usize) -> String {
    match values {
        1 => "1 value was".into(),
        count => format!("{count} values were"),
    }
}
