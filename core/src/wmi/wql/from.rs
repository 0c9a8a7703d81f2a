//! Tokens to syntax tree: the classes after FROM.

use crate::error::Result;
use crate::limits::JOINED_CLASSES_MAX;
use crate::wmi::Identifier;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::{Parser, is_reserved};
use crate::wmi::wql::{Join, JoinKind, Source};

const JOIN_WORDS: [&str; 8] = ["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "ON"];
const CLAUSE_WORDS: [&str; 5] = ["WHERE", "ORDER", "WITHIN", "GROUP", "HAVING"];

impl Parser<'_> {
    /// The classes after FROM and how they are joined.
    pub(super) fn from(&mut self) -> Result<(Source, Vec<Join>)> {
        let from = self.source()?;
        let mut joins: Vec<Join> = Vec::new();
        while let Some(kind) = self.join_kind()? {
            if joins.len() + 1 >= JOINED_CLASSES_MAX {
                return Err(self.wrong(&format!("more than {JOINED_CLASSES_MAX} classes are joined")));
            }
            let at = self.at;
            let source = self.source()?;
            let mut known = std::iter::once(&from).chain(joins.iter().map(|join| &join.source));
            if known.any(|earlier| earlier.name() == source.name()) {
                let cause = format!("two classes are called {} here; give one an alias,", source.name());
                return Err(self.wrong_at(at, &cause));
            }
            let mut on = None;
            if kind != JoinKind::Cross {
                self.expect_word("ON", "ON")?;
                on = Some(self.condition()?);
            }
            joins.push(Join { kind, source, on });
        }
        Ok((from, joins))
    }

    fn join_kind(&mut self) -> Result<Option<JoinKind>> {
        if self.token.is_symbol(",") {
            self.advance()?;
            return Ok(Some(JoinKind::Cross));
        }
        let kinds = [
            ("JOIN", JoinKind::Inner),
            ("INNER", JoinKind::Inner),
            ("CROSS", JoinKind::Cross),
            ("LEFT", JoinKind::Left),
            ("RIGHT", JoinKind::Right),
            ("FULL", JoinKind::Full),
        ];
        let Some((word, kind)) = kinds.into_iter().find(|(word, _)| self.token.is_word(word)) else {
            return Ok(None);
        };
        self.advance()?;
        let is_outer = matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full);
        if is_outer && self.token.is_word("OUTER") {
            self.advance()?;
        }
        if word != "JOIN" {
            self.expect_word("JOIN", "JOIN")?;
        }
        Ok(Some(kind))
    }

    fn source(&mut self) -> Result<Source> {
        let class = self.name("a class name")?;
        let alias = if self.token.is_word("AS") {
            self.advance()?;
            Some(self.name("an alias")?)
        } else {
            self.bare_alias()?
        };
        self.sources.push(class.clone());
        self.sources.extend(alias.clone());
        Ok(Source { class, alias })
    }

    /// An alias without AS. A word that nothing fitting follows is rather a keyword with a typing mistake.
    fn bare_alias(&mut self) -> Result<Option<Identifier>> {
        let may_be = matches!(self.token, Token::Word(word) if !is_reserved(word))
            && !self.is_one_of(&JOIN_WORDS)
            && !self.is_one_of(&CLAUSE_WORDS);
        if !may_be {
            return Ok(None);
        }
        let typo = self.expected("WHERE, ORDER BY or the end of the query");
        let alias = self.name("an alias")?;
        let fits = self.token.is_symbol(",")
            || self.token.is_symbol(")")
            || self.token == Token::End
            || self.is_one_of(&JOIN_WORDS)
            || self.is_one_of(&CLAUSE_WORDS)
            || self.token.is_word("WHERE");
        if fits { Ok(Some(alias)) } else { Err(typo) }
    }
}
