//! The words of a `$filter`.

use crate::error::{Error, ErrorKind, Result};

/// One word with the position it starts at, counted in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A property, an operator or a function.
    Name(String),
    /// `'text'`, without the quotes.
    Text(String),
    /// A number or a date: what starts with a digit or a sign.
    Number(String),
    Open,
    Close,
    Comma,
    Slash,
    Colon,
}

/// Cuts a text into its words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut found = Vec::new();
    let mut characters = text.chars().enumerate().peekable();
    while let Some((at, character)) = characters.next() {
        let position = at + 1;
        let kind = match character {
            ' ' | '\t' => continue,
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            ',' => TokenKind::Comma,
            '/' => TokenKind::Slash,
            ':' => TokenKind::Colon,
            '\'' => {
                let mut inner = String::new();
                loop {
                    match characters.next() {
                        Some((_, '\'')) if characters.next_if(|(_, next)| *next == '\'').is_some() => {
                            inner.push('\'')
                        }
                        Some((_, '\'')) => break,
                        Some((_, other)) => inner.push(other),
                        None => return Err(wrong(position, "the text that starts here does not end")),
                    }
                }
                TokenKind::Text(inner)
            }
            _ if character.is_ascii_alphabetic() || character == '_' || character == '$' => {
                let mut name = String::from(character);
                while let Some((_, next)) =
                    characters.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_')
                {
                    name.push(next);
                }
                TokenKind::Name(name)
            }
            _ if character.is_ascii_digit() || character == '-' => {
                let mut number = String::from(character);
                let belongs = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '+' | '-');
                while let Some((_, next)) = characters.next_if(|(_, c)| belongs(c)) {
                    number.push(next);
                }
                TokenKind::Number(number)
            }
            other => return Err(wrong(position, &format!("{other:?} has no meaning here"))),
        };
        found.push(Token { kind, position });
    }
    Ok(found)
}

/// A `$filter` that cannot be read.
pub(super) fn wrong(position: usize, cause: &str) -> Error {
    Error::new(ErrorKind::Config, "read $filter", format!("{cause} (position {position})"))
}
