//! `$filter` texts as conditions of WQL.

use super::filter_token::{Token, TokenKind, tokens, wrong};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EXPRESSION_DEPTH_MAX, EXPRESSION_TERMS_MAX};
use crate::wmi::wql::{Comparison, Condition, Literal, Operator, PropertyPath, like_literal};
use crate::wmi::{DateTime, Identifier};

/// Reads a `$filter`: `eq ne lt le gt ge and or not`, parentheses, `startswith endswith contains`, and constants.
///
/// The condition has the meaning that WQL gives it: a null satisfies no comparison, as on a real site server.
///
/// # Errors
/// `config` with the position where it cannot be read; `unsupported` for lambdas, paths and other functions.
pub(crate) fn parse(text: &str) -> Result<Condition> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, terms: 0, end: text.chars().count() + 1 };
    let condition = parser.any(0)?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(wrong(parser.position(), "the condition is complete before this word")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
    end: usize,
}

enum Constant {
    Null,
    Value(Literal),
}

impl Parser {
    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |token| token.position)
    }

    fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(TokenKind::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word().is_some_and(|name| name.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &TokenKind, described: &str) -> Result<()> {
        if self.peek() == Some(kind) {
            self.at += 1;
            return Ok(());
        }
        Err(wrong(self.position(), &format!("{described} is expected here")))
    }

    fn any(&mut self, depth: usize) -> Result<Condition> {
        let mut parts = vec![];
        loop {
            match self.all(depth)? {
                Condition::Any(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.take_word("or") {
                break;
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Condition> {
        let mut parts = vec![];
        loop {
            match self.term(depth)? {
                Condition::All(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.take_word("and") {
                break;
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn term(&mut self, depth: usize) -> Result<Condition> {
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(wrong(
                self.position(),
                &format!("it is nested more than {EXPRESSION_DEPTH_MAX} deep"),
            ));
        }
        if self.take_word("not") {
            // `not A eq 1` means `(not A) eq 1` in OData, which nobody who writes it wants.
            let is_function =
                matches!(self.tokens.get(self.at + 1), Some(Token { kind: TokenKind::Open, .. }));
            if self.peek() != Some(&TokenKind::Open) && !is_function && self.word() != Some("not") {
                return Err(wrong(self.position(), "not needs parentheses: not (A eq 1)"));
            }
            return Ok(Condition::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.peek() == Some(&TokenKind::Open) {
            self.at += 1;
            let inner = self.any(depth + 1)?;
            self.expect(&TokenKind::Close, "a closing parenthesis")?;
            return Ok(inner);
        }
        self.terms += 1;
        if self.terms > EXPRESSION_TERMS_MAX {
            return Err(wrong(
                self.position(),
                &format!("it has more than {EXPRESSION_TERMS_MAX} comparisons"),
            ));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition> {
        if let Some(constant) = self.constant()? {
            let operator = turned(self.operator()?);
            let property = self.property()?;
            return self.compared(property, operator, constant);
        }
        if matches!(self.tokens.get(self.at + 1), Some(Token { kind: TokenKind::Open, .. })) {
            return self.function();
        }
        let property = self.property()?;
        let operator = self.operator()?;
        let position = self.position();
        match self.constant()? {
            Some(constant) => self.compared(property, operator, constant),
            None => {
                Err(wrong(position, "a constant is expected here: 'text', a number, true, false or null"))
            }
        }
    }

    fn compared(&self, property: PropertyPath, operator: Operator, constant: Constant) -> Result<Condition> {
        match (constant, operator) {
            (Constant::Value(literal), operator) => {
                Ok(Condition::Compare(Comparison { left: property.into(), operator, right: literal.into() }))
            }
            (Constant::Null, Operator::Equal) => {
                Ok(Condition::IsNull { operand: property.into(), negated: false })
            }
            (Constant::Null, Operator::NotEqual) => {
                Ok(Condition::IsNull { operand: property.into(), negated: true })
            }
            (Constant::Null, _) => Err(wrong(self.position(), "null is compared with eq and ne only")),
        }
    }

    fn function(&mut self) -> Result<Condition> {
        let position = self.position();
        let name = self.word().unwrap_or_default().to_ascii_lowercase();
        let (before, after) = match name.as_str() {
            "startswith" => ("", "%"),
            "endswith" => ("%", ""),
            "contains" => ("%", "%"),
            _ => return Err(unsupported(position, &format!("the function {name}()"))),
        };
        self.at += 1;
        self.expect(&TokenKind::Open, "an opening parenthesis")?;
        let property = self.property()?;
        self.expect(&TokenKind::Comma, "a comma")?;
        let Some(TokenKind::Text(text)) = self.peek() else {
            return Err(wrong(self.position(), "a text in single quotes is expected here"));
        };
        let pattern = format!("{before}{}{after}", like_literal(text));
        self.at += 1;
        self.expect(&TokenKind::Close, "a closing parenthesis")?;
        let like = Condition::Like { operand: property.into(), pattern };
        Ok(if self.holds()? { like } else { Condition::Not(Box::new(like)) })
    }

    /// The `eq true` that may stand after a function.
    fn holds(&mut self) -> Result<bool> {
        let equal = if self.take_word("eq") {
            true
        } else if self.take_word("ne") {
            false
        } else {
            return Ok(true);
        };
        if self.take_word("true") {
            Ok(equal)
        } else if self.take_word("false") {
            Ok(!equal)
        } else {
            Err(wrong(self.position(), "true or false is expected here"))
        }
    }

    fn property(&mut self) -> Result<PropertyPath> {
        let position = self.position();
        let name = match self.word() {
            Some(name) => Identifier::new(name).map_err(|error| wrong(position, error.cause()))?,
            None => return Err(wrong(position, "a property name is expected here")),
        };
        self.at += 1;
        if self.peek() == Some(&TokenKind::Slash) {
            self.at += 1;
            let next = self.word().unwrap_or_default().to_owned();
            let is_lambda = ["any", "all"].iter().any(|word| next.eq_ignore_ascii_case(word));
            let what =
                if is_lambda { format!("the lambda {next}()") } else { format!("the path {name}/{next}") };
            return Err(unsupported(position, &what));
        }
        Ok(PropertyPath(vec![name]))
    }

    fn operator(&mut self) -> Result<Operator> {
        let operator = match self.word().unwrap_or_default().to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            word @ ("has" | "in" | "add" | "sub" | "mul" | "div" | "mod") => {
                return Err(unsupported(self.position(), &format!("the operator {word}")));
            }
            _ => return Err(wrong(self.position(), "an operator is expected here: eq ne lt le gt ge")),
        };
        self.at += 1;
        Ok(operator)
    }

    fn constant(&mut self) -> Result<Option<Constant>> {
        let position = self.position();
        let constant = match self.peek() {
            Some(TokenKind::Text(text)) => Constant::Value(Literal::String(text.clone())),
            Some(TokenKind::Number(text)) => {
                let literal = number(text).ok_or_else(|| {
                    wrong(position, &format!("{text} is neither a number nor a date and time"))
                })?;
                Constant::Value(literal)
            }
            Some(TokenKind::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "true" => Constant::Value(Literal::Boolean(true)),
                "false" => Constant::Value(Literal::Boolean(false)),
                "null" => Constant::Null,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(constant))
    }
}

fn number(text: &str) -> Option<Literal> {
    if let Ok(integer) = text.parse::<i128>() {
        let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer);
        return fits.then_some(Literal::Integer(integer));
    }
    if let Ok(datetime) = DateTime::from_rfc3339(text) {
        return Some(Literal::String(datetime.to_string()));
    }
    let real = text.parse::<f64>().ok()?;
    real.is_finite().then_some(Literal::Real(real))
}

/// The operator for exchanged sides.
fn turned(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}

fn unsupported(position: usize, what: &str) -> Error {
    let cause = format!("{what} is not supported here (position {position})");
    Error::new(ErrorKind::Unsupported, "read $filter", cause)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::filter_text;
    use super::*;

    fn property() -> impl Strategy<Value = PropertyPath> {
        // Single letters would not meet the words of the grammar; these do.
        prop_oneof![
            Just("Name"),
            Just("orders"),
            Just("Notes"),
            Just("eqX"),
            Just("_id2"),
            Just("startswith")
        ]
        .prop_map(|name| PropertyPath(vec![Identifier::new(name).unwrap()]))
    }

    fn literal() -> impl Strategy<Value = Literal> {
        prop_oneof![
            any::<String>().prop_map(Literal::String),
            any::<i64>().prop_map(|number| Literal::Integer(number.into())),
            any::<u64>().prop_map(|number| Literal::Integer(number.into())),
            prop::num::f64::NORMAL.prop_map(Literal::Real),
            any::<bool>().prop_map(Literal::Boolean),
        ]
    }

    fn leaf() -> impl Strategy<Value = Condition> {
        let operator = prop_oneof![
            Just(Operator::Equal),
            Just(Operator::NotEqual),
            Just(Operator::Less),
            Just(Operator::LessOrEqual),
            Just(Operator::Greater),
            Just(Operator::GreaterOrEqual),
        ];
        prop_oneof![
            (property(), operator, literal()).prop_map(|(property, operator, literal)| {
                Condition::Compare(Comparison { left: property.into(), operator, right: literal.into() })
            }),
            (property(), any::<bool>())
                .prop_map(|(property, negated)| Condition::IsNull { operand: property.into(), negated }),
            (property(), ".{1,8}", 0..3).prop_map(|(property, text, form)| {
                let text = like_literal(&text);
                let pattern =
                    [format!("{text}%"), format!("%{text}"), format!("%{text}%")][form as usize].clone();
                Condition::Like { operand: property.into(), pattern }
            }),
        ]
    }

    fn condition() -> impl Strategy<Value = Condition> {
        leaf().prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| {
                    let flat = parts.into_iter().flat_map(|part| match part {
                        Condition::All(parts) => parts,
                        other => vec![other],
                    });
                    Condition::All(flat.collect())
                }),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| {
                    let flat = parts.into_iter().flat_map(|part| match part {
                        Condition::Any(parts) => parts,
                        other => vec![other],
                    });
                    Condition::Any(flat.collect())
                }),
                inner.prop_map(|part| Condition::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_the_client_writes_the_server_reads_as_the_same_tree(condition in condition()) {
            let text = filter_text::write(&condition).unwrap();
            prop_assert_eq!(parse(&text).unwrap(), condition, "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_of_its_own_words_makes_it_panic(
            words in prop::collection::vec(
                prop::sample::select(vec!["(", ")", "not", "and", "or", "A", "eq", "1", "'x'", "null", ",", "/", "contains"]),
                0..30,
            )
        ) {
            let _ = parse(&words.join(" "));
        }
    }

    #[test]
    fn precedence_is_that_of_odata() {
        let text = "a eq 1 or b eq 2 and not (c eq 3)";
        assert_eq!(filter_text::write(&parse(text).unwrap()).unwrap(), text);
        let turned = parse("5 lt A").unwrap();
        assert_eq!(filter_text::write(&turned).unwrap(), "A gt 5");
        let bare = parse("not contains(A,'x') or endswith(B,'y') eq false").unwrap();
        assert_eq!(
            filter_text::write(&bare).unwrap(),
            "not (contains(A,'x') eq true) or not (endswith(B,'y') eq true)"
        );
        let date = parse("A ge 2024-01-31T10:20:30Z").unwrap();
        assert_eq!(filter_text::write(&date).unwrap(), "A ge '20240131102030.000000+000'");
    }

    #[test]
    fn refusals_name_the_place() {
        for (text, kind, words) in [
            ("", ErrorKind::Config, "a property name is expected here (position 1)"),
            ("A eq", ErrorKind::Config, "(position 5)"),
            ("A eq 'x", ErrorKind::Config, "the text that starts here does not end (position 6)"),
            ("A = 1", ErrorKind::Config, "'=' has no meaning here (position 3)"),
            ("A eq 1 B", ErrorKind::Config, "complete before this word (position 8)"),
            ("not A eq 1", ErrorKind::Config, "not needs parentheses"),
            ("A gt null", ErrorKind::Config, "null is compared"),
            ("A eq 99999999999999999999", ErrorKind::Config, "neither a number"),
            ("Roles/any(r: r eq 'x')", ErrorKind::Unsupported, "the lambda any()"),
            ("A/B eq 1", ErrorKind::Unsupported, "the path A/B"),
            ("tolower(A) eq 'x'", ErrorKind::Unsupported, "the function tolower()"),
            ("A has 1", ErrorKind::Unsupported, "the operator has"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}: {error}");
            assert!(error.cause().contains(words), "{text}: {error}");
        }
        let deep = format!("{}A eq 1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(parse(&deep).unwrap_err().cause().contains("nested"));
        assert!(parse(&format!("{}(A eq 1)", "not ".repeat(5_000))).is_err());
    }
}
