//! MOF text to tokens.

use crate::error::{Error, Result};
use crate::wmi::mof::Position;
use crate::wmi::value::is_wmi_integer;

/// The smallest piece of a MOF text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A name or a keyword.
    Word(&'t str),
    /// Quoted text, escapes resolved.
    Text(String),
    Integer(i128),
    Real(f64),
    /// `$Name`
    Alias(&'t str),
    /// `#pragma`
    Pragma,
    Symbol(char),
    End,
}

impl Token<'_> {
    pub(super) fn described(&self) -> String {
        match self {
            Token::Word(word) => format!("\"{word}\""),
            Token::Text(_) => "a text".into(),
            Token::Integer(number) => format!("number {number}"),
            Token::Real(number) => format!("number {number}"),
            Token::Alias(name) => format!("alias ${name}"),
            Token::Pragma => "#pragma".into(),
            Token::Symbol(symbol) => format!("\"{symbol}\""),
            Token::End => "the end of the text".into(),
        }
    }

    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Cuts a text into tokens, one at a time, and counts lines as it goes.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Lexer { text, at: 0, line: 1, line_start: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn position(&self) -> Position {
        let before = self.text.get(self.line_start..self.at).unwrap_or("");
        Position { line: self.line, column: before.chars().count() + 1 }
    }

    /// Steps over text, which may hold line ends.
    fn skip(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        for (offset, _) in self.text.get(self.at..end).unwrap_or("").match_indices('\n') {
            self.line += 1;
            self.line_start = self.at + offset + 1;
        }
        self.at = end;
    }

    fn skip_blanks_and_comments(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            if blanks > 0 {
                self.skip(blanks);
            } else if rest.starts_with("//") {
                self.skip(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                match rest.find("*/") {
                    Some(end) => self.skip(end + 2),
                    None => return Err(self.position().refuse("the comment has no end; it begins")),
                }
            } else {
                return Ok(());
            }
        }
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, Position)> {
        self.skip_blanks_and_comments()?;
        let at = self.position();
        let rest = self.rest();
        let mut characters = rest.chars();
        let token = match (characters.next(), characters.next()) {
            (None, _) => Token::End,
            (Some(c), _) if c == '_' || c.is_ascii_alphabetic() => Token::Word(self.word()),
            (Some('$'), Some(c)) if c == '_' || c.is_ascii_alphabetic() => {
                self.at += 1;
                Token::Alias(self.word())
            }
            (Some('#'), _) => {
                self.at += 1;
                if !self.word().eq_ignore_ascii_case("pragma") {
                    return Err(at.refuse("only #pragma begins with #; it stands"));
                }
                Token::Pragma
            }
            (Some('"'), _) => Token::Text(self.quoted('"', at)?),
            (Some('\''), _) => self.character(at)?,
            (Some(c), _) if c.is_ascii_digit() => self.number(at)?,
            (Some('+' | '-' | '.'), Some(c)) if c.is_ascii_digit() || c == '.' => self.number(at)?,
            (Some(c), _) if "[](){}:;,=".contains(c) => {
                self.at += c.len_utf8();
                Token::Symbol(c)
            }
            (Some(c), _) => return Err(at.refuse(&format!("{c:?} has no meaning in MOF"))),
        };
        Ok((token, at))
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Decimal, `0x…`, `…b`, octal with a leading 0, or with a point or an exponent.
    fn number(&mut self, at: Position) -> Result<Token<'t>> {
        let rest = self.rest();
        let is_part = |(offset, c): (usize, char)| {
            let after_exponent = offset > 0 && matches!(rest.as_bytes().get(offset - 1), Some(b'e' | b'E'));
            c == '.'
                || c.is_ascii_alphanumeric()
                || (matches!(c, '+' | '-') && (offset == 0 || after_exponent))
        };
        let is_hex =
            rest.trim_start_matches(['+', '-']).get(..2).is_some_and(|x| x.eq_ignore_ascii_case("0x"));
        let end = rest
            .char_indices()
            .find(|&part| !is_part(part) || (is_hex && part.0 > 0 && matches!(part.1, '+' | '-')));
        let written = &rest[..end.map_or(rest.len(), |(offset, _)| offset)];
        self.at += written.len();
        if let Some(number) = integer(written).filter(|number| is_wmi_integer(*number)) {
            return Ok(Token::Integer(number));
        }
        let is_real = written.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        match written.parse::<f64>() {
            Ok(real) if is_real && written.contains(['.', 'e', 'E']) && real.is_finite() => {
                Ok(Token::Real(real))
            }
            _ => Err(at.refuse(&format!("{written:?} is no number of 64 bits; it stands"))),
        }
    }

    /// `'x'`: the number of one UTF-16 unit.
    fn character(&mut self, at: Position) -> Result<Token<'t>> {
        let text = self.quoted('\'', at)?;
        let mut units = text.encode_utf16();
        match (units.next(), units.next()) {
            (Some(unit), None) => Ok(Token::Integer(unit.into())),
            _ => Err(at.refuse("between single quotes stands one character; here")),
        }
    }

    fn quoted(&mut self, quote: char, at: Position) -> Result<String> {
        let mut content = String::new();
        let rest = self.rest();
        let mut characters = rest.char_indices().skip(1);
        while let Some((offset, c)) = characters.next() {
            match c {
                c if c == quote => {
                    self.skip(offset + 1);
                    return Ok(content);
                }
                '\\' => match escaped(rest.get(offset + 1..).unwrap_or("")) {
                    Some((c, bytes)) => {
                        content.push(c);
                        let after = offset + 1 + bytes;
                        while characters.clone().next().is_some_and(|(at, _)| at < after) {
                            characters.next();
                        }
                    }
                    None => {
                        self.skip(offset);
                        let cause =
                            r#"a backslash is followed by \, ", ', n, r, t, b, f or x and digits; here"#;
                        return Err(self.position().refuse(cause));
                    }
                },
                '\n' => break,
                c => content.push(c),
            }
        }
        Err(at.refuse("the text has no closing quote in its line; it begins"))
    }

    /// An error at a token.
    pub(super) fn expected(token: &Token<'_>, at: Position, expected: &str) -> Error {
        at.refuse(&format!("expected {expected}, found {}", token.described()))
    }
}

/// What a backslash makes of the text behind it, and how many bytes that is.
fn escaped(text: &str) -> Option<(char, usize)> {
    let c = text.chars().next()?;
    let plain = match c {
        '\\' | '"' | '\'' => c,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'x' | 'X' => {
            let digits: String = text.chars().skip(1).take(4).take_while(char::is_ascii_hexdigit).collect();
            let number = u32::from_str_radix(&digits, 16).ok()?;
            return char::from_u32(number).map(|c| (c, 1 + digits.len()));
        }
        _ => return None,
    };
    Some((plain, 1))
}

fn integer(written: &str) -> Option<i128> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written.strip_prefix('+').unwrap_or(written)),
    };
    let lower = digits.to_ascii_lowercase();
    let is_unsigned = lower.starts_with(|c: char| c.is_ascii_digit());
    let number = if let Some(hex) = lower.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()?
    } else if let Some(binary) = lower.strip_suffix('b') {
        u64::from_str_radix(binary, 2).ok()?
    } else if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|byte| byte.is_ascii_digit()) {
        u64::from_str_radix(&lower, 8).ok()?
    } else {
        lower.parse().ok()?
    };
    is_unsigned.then(|| if negative { -i128::from(number) } else { i128::from(number) })
}
