//! Query text to tokens.

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::WbemError;
use crate::wmi::value::{is_refused_control, is_wmi_integer};

/// `WBEM_E_INVALID_QUERY`
const INVALID_QUERY: u32 = 0x8004_1017;

/// The smallest piece of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A name or a keyword; the parser knows which from the place.
    Word(&'t str),
    /// Quoted text, escapes resolved.
    Text(String),
    Integer(i128),
    Real(f64),
    /// `?`
    Positional,
    /// `:name`
    Named(&'t str),
    /// Punctuation and operators.
    Symbol(&'static str),
    End,
}

impl Token<'_> {
    /// The token in a few words, for messages.
    pub(super) fn described(&self) -> String {
        match self {
            Token::Word(word) => format!("\"{}\"", shortened(word)),
            Token::Text(text) => format!("text {:?}", shortened(text)),
            Token::Integer(number) => format!("number {number}"),
            Token::Real(number) => format!("number {number:?}"),
            Token::Positional => "placeholder ?".into(),
            Token::Named(name) => format!("placeholder :{}", shortened(name)),
            Token::Symbol(symbol) => format!("\"{symbol}\""),
            Token::End => "the end of the query".into(),
        }
    }

    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_symbol(&self, wanted: &str) -> bool {
        matches!(self, Token::Symbol(symbol) if *symbol == wanted)
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An error at a byte position of the query.
pub(super) fn refusal(text: &str, at: usize, kind: ErrorKind, cause: &str) -> Error {
    let (line, column) = line_and_column(text, at);
    Error::new(kind, "parse WQL query", format!("{cause} at line {line}, column {column}"))
        .with_context("line", line.to_string())
        .with_context("column", column.to_string())
        .with_source(WbemError::from_code(INVALID_QUERY))
}

/// Why a character begins no token, with what people mean by it.
fn no_meaning(c: char, rest: &str) -> String {
    match c {
        '#' if rest.starts_with("##PRM:") => {
            "a prompt of the console (##PRM:…##) is asked by the console alone; put a value in its place,"
                .into()
        }
        '“' | '”' | '„' | '‘' | '’' => {
            format!("{c} is a typographic quote; text stands in \" or ',")
        }
        _ => format!("{c:?} has no meaning in a query"),
    }
}

/// The line and the column where a name first stands in the query; names with dots between are a path.
pub(super) fn place_of(text: &str, name: &str) -> Option<(usize, usize)> {
    let wanted: Vec<_> = name.split('.').collect();
    let mut lexer = Lexer::new(text);
    let mut words: Vec<(Token<'_>, usize)> = Vec::new();
    loop {
        match lexer.next().ok()? {
            (Token::End, _) => break,
            (token, _) if token.is_symbol(".") => {}
            word => words.push(word),
        }
    }
    let fits = |window: &&[(Token<'_>, usize)]| {
        window.iter().zip(&wanted).all(|((word, _), name)| word.is_word(name))
    };
    let (_, at) = words.windows(wanted.len()).find(fits)?.first()?;
    Some(line_and_column(text, *at))
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[line_start..].chars().count() + 1)
}

/// Cuts a query into tokens, one at a time.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

// Two-character symbols come first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 16] =
    ["<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "*", "{", "}", ";", "+"];

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Lexer { text, at: 0 }
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize)> {
        self.skip_blanks()?;
        let start = self.at;
        let mut characters = self.rest().chars();
        let token = match (characters.next(), characters.next()) {
            (None, _) => Token::End,
            (Some(c), _) if c == '_' || c.is_ascii_alphabetic() => Token::Word(self.word()),
            (Some(quote @ ('"' | '\'')), _) => self.quoted(quote)?,
            (Some(c), _) if c.is_ascii_digit() => self.number()?,
            (Some('+' | '-' | '.'), Some(c)) if c.is_ascii_digit() => self.number()?,
            (Some('+' | '-'), Some('.')) => self.number()?,
            (Some('?'), _) => {
                self.at += 1;
                Token::Positional
            }
            (Some(':'), Some(c)) if c == '_' || c.is_ascii_alphabetic() => {
                self.at += 1;
                Token::Named(self.word())
            }
            (Some(c), _) => match SYMBOLS.into_iter().find(|symbol| self.rest().starts_with(symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Token::Symbol(symbol)
                }
                None => return Err(self.refuse(start, &no_meaning(c, self.rest()))),
            },
        };
        Ok((token, start))
    }

    /// Goes past blanks, and past comments as SQL has them: `-- to the end of the line` and `/* … */`.
    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let blanks = rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            let rest = &rest[blanks..];
            self.at += blanks;
            if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else {
                    return Err(self.refuse(self.at, "the comment has no end; it begins"));
                };
                self.at += end + "*/".len();
            } else {
                return Ok(());
            }
        }
    }

    /// The object path in braces whose opening brace is at `start`, as it stands; reading goes on behind it.
    pub(super) fn braced(&mut self, start: usize) -> Result<&'t str> {
        let inside = start + "{".len();
        let rest = self.text.get(inside..).unwrap_or("");
        let (mut quote, mut escaped) = (None, false);
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                _ if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '}') => {
                    self.at = inside + at + "}".len();
                    return Ok(&rest[..at]);
                }
                (None, _) => {}
            }
        }
        Err(self.refuse(start, "the path has no closing brace; it begins"))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn refuse(&self, at: usize, cause: &str) -> Error {
        refusal(self.text, at, ErrorKind::Config, cause)
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A number ends where its last digit ends: scripts glue texts together and write `a=1AND b=2`.
    fn number(&mut self) -> Result<Token<'t>> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let is_sign = |at: usize| matches!(bytes.get(at), Some(b'+' | b'-'));
        let mut end = usize::from(is_sign(0));
        end += digits(end);
        let mut is_real = false;
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            is_real = true;
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(is_sign(end + 1));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                is_real = true;
                end += 1 + sign + exponent;
            }
        }
        let written = &self.rest()[..end];
        self.at += end;
        if is_real {
            match written.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Token::Real(number)),
                _ => Err(self.refuse(start, "the number is too large")),
            }
        } else {
            match written.parse::<i128>() {
                Ok(number) if is_wmi_integer(number) => Ok(Token::Integer(number)),
                _ if end < 2 && !written.bytes().any(|byte| byte.is_ascii_digit()) => {
                    Err(self.refuse(start, "a sign without a number"))
                }
                _ => Err(self.refuse(start, "the integer is not between -2^63 and 2^64-1")),
            }
        }
    }

    /// Text in either kind of quotes. A backslash escapes a backslash and both quotes and nothing else: WMI
    /// answers "invalid query" to `'C:\Windows'`, and taking it as it stands would search for something else.
    fn quoted(&mut self, quote: char) -> Result<Token<'t>> {
        let start = self.at;
        let mut content = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = characters.next() {
            let here = start + offset;
            match c {
                '\\' => match characters.next() {
                    Some((_, escaped @ ('\\' | '"' | '\''))) => content.push(escaped),
                    _ => {
                        let cause =
                            r#"a backslash must be followed by \, " or ' (write \\ for one backslash)"#;
                        return Err(self.refuse(here, cause));
                    }
                },
                c if c == quote => {
                    self.at = here + 1;
                    if self.rest().starts_with(quote) {
                        let cause = format!("a quote inside text is written \\{quote}, not doubled");
                        return Err(self.refuse(self.at, &cause));
                    }
                    return Ok(Token::Text(content));
                }
                c if is_refused_control(c) => {
                    let cause = format!("the text has a control character (U+{:04X})", u32::from(c));
                    return Err(self.refuse(here, &cause));
                }
                c => content.push(c),
            }
        }
        Err(self.refuse(start, "the text has no closing quote; it begins"))
    }
}
