//! Tokens to syntax tree: the list after SELECT.

use std::mem;

use crate::error::Result;
use crate::wmi::Identifier;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::Parser;
use crate::wmi::wql::{Column, Columns, PropertyPath, Select};

impl Parser<'_> {
    /// The list after SELECT, with the place of each column.
    pub(super) fn columns(&mut self) -> Result<(bool, Columns, Vec<usize>)> {
        let mut first = None;
        let mut distinct = false;
        if self.token.is_word("DISTINCT") {
            // A class may have a property of this name; then it stands before FROM, a comma or a dot.
            let name = self.name("a property name or *")?;
            distinct = self.token.is_symbol("*")
                || matches!(self.token, Token::Word(word) if !word.eq_ignore_ascii_case("FROM"));
            first = Some(name).filter(|_| !distinct);
        }
        if self.token.is_symbol("*") && first.is_none() {
            self.advance()?;
            return Ok((distinct, Columns::All, Vec::new()));
        }
        let (mut columns, mut places) = (Vec::new(), Vec::new());
        loop {
            let at = self.at;
            let name = match first.take() {
                Some(name) => name,
                None => self.name("a property name or *")?,
            };
            if self.token.is_symbol("(") {
                let count = self.count(&name, at)?;
                if distinct || !columns.is_empty() || self.token.is_symbol(",") {
                    return Err(self.wrong_at(at, "COUNT stands alone, without DISTINCT and other columns,"));
                }
                return Ok((false, count, Vec::new()));
            }
            places.push(at);
            columns.push(self.column(name)?);
            if !self.token.is_symbol(",") {
                return Ok((distinct, Columns::Listed(columns), places));
            }
            self.advance()?;
        }
    }

    fn column(&mut self, first: Identifier) -> Result<Column> {
        let at = self.at;
        let mut names = vec![first];
        let all = self.more_names(&mut names, true)?;
        match (all, names.pop()) {
            (true, Some(name)) if names.is_empty() => Ok(Column::AllOf(name)),
            (false, Some(name)) => {
                names.push(name);
                Ok(Column::Property(PropertyPath(names)))
            }
            _ => Err(self.wrong_at(at, "only one class or alias can stand before \".*\",")),
        }
    }

    fn count(&mut self, name: &Identifier, at: usize) -> Result<Columns> {
        if !name.is("COUNT") {
            return Err(self.unsupported(at, "functions after SELECT, other than COUNT, are"));
        }
        self.advance()?;
        let counted = if self.token.is_symbol("*") {
            self.advance()?;
            None
        } else {
            if self.token.is_word("DISTINCT") {
                return Err(self.wrong("COUNT and DISTINCT do not go together"));
            }
            Some(self.property("a property name or *")?)
        };
        self.expect_symbol(")")?;
        Ok(Columns::Count(counted))
    }

    /// What could not be known before FROM: which names before the properties are classes.
    pub(super) fn settle_columns(&mut self, select: &mut Select, places: &[usize]) -> Result<()> {
        let columns = match &mut select.columns {
            Columns::All => return Ok(()),
            Columns::Count(None) => return Ok(()),
            Columns::Count(Some(property)) => {
                let path = mem::replace(property, PropertyPath(Vec::new()));
                *property = self.unqualified(path);
                return Ok(());
            }
            Columns::Listed(columns) => columns,
        };
        let is_source = |name: &Identifier| {
            let mut sources =
                std::iter::once(&select.from).chain(select.joins.iter().map(|join| &join.source));
            sources.any(|source| source.name() == name || source.class == *name)
        };
        for (column, at) in columns.iter_mut().zip(places) {
            match column {
                Column::Property(property) => {
                    self.check_source(&property.0, *at)?;
                    let path = mem::replace(property, PropertyPath(Vec::new()));
                    *property = self.unqualified(path);
                }
                Column::AllOf(name) if !is_source(name) => {
                    return Err(self.wrong_at(*at, &format!("FROM names no class or alias {name},")));
                }
                Column::AllOf(_) => {}
            }
        }
        if select.joins.is_empty() && matches!(columns.as_slice(), [Column::AllOf(_)]) {
            select.columns = Columns::All;
        }
        Ok(())
    }
}
