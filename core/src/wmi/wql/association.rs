//! WQL association queries: syntax tree, parser, printer.

use std::fmt;

use crate::error::Result;
use crate::wmi::wql::Parameters;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::Parser;
use crate::wmi::{Identifier, ObjectPath};

/// What an association query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssociationKind {
    /// The objects at the other ends of its associations, as `ASSOCIATORS OF` gives them.
    Associators,
    /// Its associations themselves, as `REFERENCES OF` gives them.
    References,
}

/// An association query: `ASSOCIATORS OF {path} [WHERE …]` or `REFERENCES OF {path} [WHERE …]`.
///
/// After WHERE stand words with blanks between, no commas and no AND. Names of classes, properties and qualifiers
/// are without case. (WMI SDK: "ASSOCIATORS OF statement", "REFERENCES OF statement".)
#[derive(Clone, Debug, PartialEq)]
pub struct AssociationQuery {
    /// Associators or references.
    pub kind: AssociationKind,
    /// The object at this end; a class with [`AssociationQuery::schema_only`].
    pub path: ObjectPath,
    /// `AssocClass`: only associations of this class or derived from it; never with References.
    pub assoc_class: Option<Identifier>,
    /// `ResultClass`: only results of this class or derived from it.
    pub result_class: Option<Identifier>,
    /// `ResultRole`: only where the association names the result in this property; never with References.
    pub result_role: Option<Identifier>,
    /// `Role`: only where the association names the object at this end in this property.
    pub role: Option<Identifier>,
    /// `RequiredQualifier`: only results whose class has this qualifier.
    pub required_qualifier: Option<Identifier>,
    /// `RequiredAssocQualifier`: only associations whose class has this qualifier; never with References.
    pub required_assoc_qualifier: Option<Identifier>,
    /// `ClassDefsOnly`: the classes of the results instead of the results.
    pub class_defs_only: bool,
    /// `KeysOnly`: results with their keys alone.
    pub keys_only: bool,
    /// `SchemaOnly`: the path is that of a class, and what can be associated with it is asked.
    pub schema_only: bool,
}

impl AssociationQuery {
    /// A query without conditions.
    ///
    /// ```
    /// use cmgateway::wmi::{ObjectPath, wql::{AssociationKind, AssociationQuery}};
    /// let path = ObjectPath::parse("SMS_Collection='SMS00001'")?;
    /// let query = AssociationQuery::of(AssociationKind::References, path);
    /// assert_eq!(query.to_string(), r#"REFERENCES OF {SMS_Collection="SMS00001"}"#);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn of(kind: AssociationKind, path: ObjectPath) -> Self {
        AssociationQuery {
            kind,
            path,
            assoc_class: None,
            result_class: None,
            result_role: None,
            role: None,
            required_qualifier: None,
            required_assoc_qualifier: None,
            class_defs_only: false,
            keys_only: false,
            schema_only: false,
        }
    }

    /// Reads an association query.
    ///
    /// # Errors
    /// `config` where the text is not one, with line and column.
    ///
    /// ```
    /// use cmgateway::wmi::wql::AssociationQuery;
    /// let text = "associators of {SMS_Collection.CollectionID='SMS00001'} where role=parent ClassDefsOnly";
    /// let query = AssociationQuery::parse(text)?;
    /// assert_eq!(
    ///     query.to_string(),
    ///     r#"ASSOCIATORS OF {SMS_Collection.CollectionID="SMS00001"} WHERE Role = parent ClassDefsOnly"#
    /// );
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Parameters::None)
    }

    /// Such a query has no placeholders, so values that are given are refused.
    pub(super) fn parse_with(text: &str, parameters: &Parameters) -> Result<Self> {
        let mut parser = Parser::new(text, parameters)?;
        let query = parser.association()?;
        parser.finish("a condition or the end of the query")?;
        Ok(query)
    }

    /// The condition of this name that takes a name; the words of WQL, or as scripts write them (`result_class`).
    ///
    /// ```
    /// use cmgateway::wmi::{Identifier, ObjectPath, wql::{AssociationKind, AssociationQuery}};
    /// let mut query = AssociationQuery::of(AssociationKind::References, ObjectPath::parse("SMS_Site='A'")?);
    /// *query.name_mut("result_class").unwrap() = Some(Identifier::new("SMS_Holds")?);
    /// assert!(query.to_string().ends_with("WHERE ResultClass = SMS_Holds"));
    /// assert!(query.name_mut("assoc_class").is_none(), "only associators have it");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn name_mut(&mut self, word: &str) -> Option<&mut Option<Identifier>> {
        let is_associators = self.kind == AssociationKind::Associators;
        Some(match plain(word).as_str() {
            "RESULTCLASS" => &mut self.result_class,
            "ROLE" => &mut self.role,
            "REQUIREDQUALIFIER" => &mut self.required_qualifier,
            "ASSOCCLASS" if is_associators => &mut self.assoc_class,
            "RESULTROLE" if is_associators => &mut self.result_role,
            "REQUIREDASSOCQUALIFIER" if is_associators => &mut self.required_assoc_qualifier,
            _ => return None,
        })
    }

    /// The condition of this name that is set or not, as [`AssociationQuery::name_mut`].
    ///
    /// ```
    /// use cmgateway::wmi::{ObjectPath, wql::{AssociationKind, AssociationQuery}};
    /// let mut query = AssociationQuery::of(AssociationKind::References, ObjectPath::parse("SMS_Site='A'")?);
    /// *query.flag_mut("keys_only").unwrap() = true;
    /// assert!(query.to_string().ends_with("WHERE KeysOnly"));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn flag_mut(&mut self, word: &str) -> Option<&mut bool> {
        Some(match plain(word).as_str() {
            "CLASSDEFSONLY" => &mut self.class_defs_only,
            "KEYSONLY" => &mut self.keys_only,
            "SCHEMAONLY" => &mut self.schema_only,
            _ => return None,
        })
    }
}

fn plain(word: &str) -> String {
    word.replace('_', "").to_ascii_uppercase()
}

impl Parser<'_> {
    pub(super) fn is_association(&self) -> bool {
        self.is_one_of(&["ASSOCIATORS", "REFERENCES"])
    }

    fn association(&mut self) -> Result<AssociationQuery> {
        let kind = match self.token.is_word("REFERENCES") {
            true => AssociationKind::References,
            false => AssociationKind::Associators,
        };
        if !self.is_association() {
            return Err(self.expected("ASSOCIATORS or REFERENCES"));
        }
        self.advance()?;
        self.expect_word("OF", "OF")?;
        let (path, at) = self.braced()?;
        let path = ObjectPath::parse(path.trim()).map_err(|error| self.wrong_at(at, error.cause()))?;
        let mut query = AssociationQuery::of(kind, path);
        if self.token.is_word("WHERE") {
            self.advance()?;
            self.association_condition(&mut query)?;
            while self.token != Token::End {
                self.association_condition(&mut query)?;
            }
        }
        if query.schema_only && !query.path.is_class() {
            return Err(self.wrong_at(at, "with SchemaOnly the path is that of a class; this one has a key"));
        }
        if !query.schema_only && query.path.is_class() {
            return Err(self.wrong_at(at, "the path is that of a class; add WHERE SchemaOnly"));
        }
        Ok(query)
    }

    fn association_condition(&mut self, query: &mut AssociationQuery) -> Result<()> {
        let (at, expected) = (self.at, "Role, ResultClass, ClassDefsOnly or their like");
        let Token::Word(word) = self.token else { return Err(self.expected(expected)) };
        if let Some(flag) = query.flag_mut(word) {
            *flag = true;
            self.advance()?;
        } else if let Some(slot) = query.name_mut(word) {
            if slot.is_some() {
                return Err(self.wrong(&format!("{word} stands twice")));
            }
            self.advance()?;
            self.expect_symbol("=")?;
            // No keyword can stand here, so every word is a name.
            let Token::Word(name) = self.token else { return Err(self.expected("a name")) };
            *slot = Some(self.identifier(name)?);
        } else {
            return Err(self.expected(expected));
        }
        let is_both = query.class_defs_only && query.result_class.is_some();
        if is_both && query.kind == AssociationKind::Associators {
            return Err(self.wrong_at(at, "ClassDefsOnly and ResultClass do not go together"));
        }
        Ok(())
    }
}

/// Canonical WQL: keywords in capitals, the conditions in one order.
impl fmt::Display for AssociationQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            AssociationKind::Associators => "ASSOCIATORS OF ",
            AssociationKind::References => "REFERENCES OF ",
        })?;
        write!(f, "{{{}}}", self.path)?;
        let names = [
            ("AssocClass", &self.assoc_class),
            ("ResultClass", &self.result_class),
            ("ResultRole", &self.result_role),
            ("Role", &self.role),
            ("RequiredQualifier", &self.required_qualifier),
            ("RequiredAssocQualifier", &self.required_assoc_qualifier),
        ];
        let named = names.into_iter().filter_map(|(word, name)| Some(format!("{word} = {}", name.as_ref()?)));
        let flags = [
            ("ClassDefsOnly", self.class_defs_only),
            ("KeysOnly", self.keys_only),
            ("SchemaOnly", self.schema_only),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(word, _)| word.to_owned());
        let conditions: Vec<_> = named.chain(flags).collect();
        if conditions.is_empty() { Ok(()) } else { write!(f, " WHERE {}", conditions.join(" ")) }
    }
}
