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

    /// The value of the next `?`.
    pub(super) fn positional(&mut self) -> Result<Constant, String> {
        self.positional_used += 1;
        let number = self.positional_used;
        match self.parameters {
            Parameters::Positional(values) => match values.get(number - 1) {
                Some(value) => Constant::from_value(value).map_err(|why| format!("parameter {number} {why}")),
                None => Err(format!("placeholder {number} has no value, {} given", counted(values.len()))),
            },
            Parameters::Named(_) => {
                Err("\"?\" needs values by position, but values by name were given".into())
            }
            Parameters::None => Err("the placeholder \"?\" has no value, none were given".into()),
        }
    }

    /// The value of `:name`.
    pub(super) fn named(&mut self, name: &str) -> Result<Constant, String> {
        match self.parameters {
            Parameters::Named(pairs) => {
                let found = pairs.iter().position(|(given, _)| given.eq_ignore_ascii_case(name));
                match found.and_then(|at| Some((pairs.get(at)?, self.named_used.get_mut(at)?))) {
                    Some(((_, value), used)) => {
                        *used = true;
                        Constant::from_value(value).map_err(|why| format!("parameter :{name} {why}"))
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
