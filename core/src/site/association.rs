//! Association queries, answered from classes with the qualifier `association` and their reference properties.
//!
//! An SMS Provider has hardly any such class; scripts use joins there. A site of one's own may have them, and over
//! WinRM the text goes to the service, which knows what it associates.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::ASSOCIATED_OBJECTS_MAX;
use crate::site::{Rows, Site};
use crate::wmi::wql::{AssociationKind, AssociationQuery, Select};
use crate::wmi::{CimType, Class, Identifier, Instance, KeyValue, ObjectPath, PropertyDefinition, Value};

impl Site {
    /// The objects that an association query asks for, each of them once.
    ///
    /// # Errors
    /// `config` where the path is not one the query can have; `unsupported` where the transport cannot list classes;
    /// those of the transport.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use cmgateway::site::{EmbeddedSite, Site, SiteCode};
    /// use cmgateway::wmi::wql::AssociationQuery;
    /// # let file = std::env::temp_dir().join(format!("cmgateway-assoc-{}.db", std::process::id()));
    /// # let _ = std::fs::remove_file(&file);
    /// let embedded = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
    /// embedded.compile_mof("class Rack { [key] string Row; }; class Box { [key] uint32 Number; };
    ///     [association] class Holds { [key] Rack ref Where; [key] Box ref What; };
    ///     instance of Rack { Row = \"A\"; }; instance of Box { Number = 7; };
    ///     instance of Holds { Where = \"Rack.Row='A'\"; What = \"Box.Number=7\"; };").await?;
    /// let site = Site::from(embedded);
    /// let query = AssociationQuery::parse("ASSOCIATORS OF {Rack.Row='A'} WHERE ResultClass = Box")?;
    /// let found = site.associations(&query).await?.all().await?;
    /// assert_eq!(found[0].path().unwrap().to_string(), "Box.Number=7");
    /// # drop(site); std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), cmgateway::Error>(()) }).unwrap();
    /// ```
    pub async fn associations(&self, query: &AssociationQuery) -> Result<Rows> {
        let transport = self.open()?;
        if let Some(rows) = transport.associations(query).await? {
            return Ok(rows);
        }
        let classes = transport.classes().await?.into_iter().map(Arc::new).collect();
        let search = Search { site: self, query, classes };
        let found = if query.schema_only { search.classes_of_ends()? } else { search.objects().await? };
        Ok(Rows::of(found))
    }
}

struct Search<'a> {
    site: &'a Site,
    query: &'a AssociationQuery,
    classes: Vec<Arc<Class>>,
}

/// A reference property of an association class is an end of it.
type End<'c> = &'c PropertyDefinition;

impl Search<'_> {
    fn class(&self, name: &Identifier) -> Option<&Arc<Class>> {
        self.classes.iter().find(|class| class.name == *name)
    }

    /// The association classes, with the end that the query's object may stand at.
    fn associations(&self) -> Vec<(&Arc<Class>, End<'_>)> {
        let mut found = Vec::new();
        for class in &self.classes {
            let is_wanted = is_qualified(class, "association")
                && fits(&self.query.assoc_class, class)
                && has(&self.query.required_assoc_qualifier, class)
                && (self.query.kind == AssociationKind::Associators || self.is_result(class));
            if !is_wanted || class.is_abstract() && !self.query.schema_only {
                continue;
            }
            let is_role = |end: &&PropertyDefinition| named(&self.query.role, &end.name);
            found.extend(ends(class).filter(is_role).map(|end| (class, end)));
        }
        found
    }

    fn is_result(&self, class: &Class) -> bool {
        fits(&self.query.result_class, class) && has(&self.query.required_qualifier, class)
    }

    fn other_ends<'c>(&'c self, class: &'c Class, near: End<'c>) -> impl Iterator<Item = End<'c>> {
        ends(class).filter(move |end| end.name != near.name && named(&self.query.result_role, &end.name))
    }

    /// What the classes alone say.
    fn classes_of_ends(&self) -> Result<Vec<Instance>> {
        let Some(start) = self.class(&self.query.path.class) else {
            let cause = "the site has no such class";
            let error = Error::new(ErrorKind::NotFound, self.operation(), cause);
            return Err(error.with_context("class", self.query.path.class.as_str()));
        };
        let mut found: Vec<Arc<Class>> = Vec::new();
        for (class, near) in self.associations() {
            if !near.class.as_ref().is_some_and(|end| start.is_a(end.as_str())) {
                continue;
            }
            match self.query.kind {
                AssociationKind::References => found.push(Arc::clone(class)),
                AssociationKind::Associators => {
                    let far = self.other_ends(class, near).filter_map(|end| self.class(end.class.as_ref()?));
                    found.extend(far.filter(|class| self.is_result(class)).map(Arc::clone));
                }
            }
        }
        Ok(class_objects(found))
    }

    async fn objects(&self) -> Result<Vec<Instance>> {
        // The object is read once, so that a path of nothing is an error, as it is in WMI, and the key has its names.
        let start = self.site.get(&self.query.path).await?;
        let start = start.path().cloned().unwrap_or_else(|| self.query.path.clone());
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for (class, near) in self.associations() {
            let mut rows = self.site.run(&Select::of(class.name.clone())).await?;
            while let Some(row) = rows.next().await? {
                let is_here = row.class_name() == &class.name
                    && target(&row, &near.name).is_some_and(|path| is_same(&path, &start));
                if !is_here {
                    continue;
                }
                for path in self.results(class, near, &row) {
                    if seen.len() >= ASSOCIATED_OBJECTS_MAX {
                        let cause = format!("more than {ASSOCIATED_OBJECTS_MAX} objects belong to it");
                        return Err(Error::new(ErrorKind::Unsupported, self.operation(), cause));
                    }
                    if seen.insert(path.to_string().to_lowercase()) {
                        found.extend(self.result(path, &row).await?);
                    }
                }
            }
        }
        self.shaped(found)
    }

    /// The paths that one association leads to.
    fn results(&self, class: &Class, near: End<'_>, row: &Instance) -> Vec<ObjectPath> {
        match self.query.kind {
            AssociationKind::References => row.path().cloned().into_iter().collect(),
            AssociationKind::Associators => {
                self.other_ends(class, near).filter_map(|end| target(row, &end.name)).collect()
            }
        }
    }

    async fn result(&self, path: ObjectPath, association: &Instance) -> Result<Option<Instance>> {
        if association.path() == Some(&path) {
            return Ok(Some(association.clone()));
        }
        // An association may outlive what it names.
        let found = match self.site.get(&path.relative()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        Ok(self.class(found.class_name()).is_none_or(|class| self.is_result(class)).then_some(found))
    }

    fn shaped(&self, mut found: Vec<Instance>) -> Result<Vec<Instance>> {
        if self.query.class_defs_only {
            let classes = found.iter().filter_map(|object| self.class(object.class_name()).map(Arc::clone));
            return Ok(class_objects(classes.collect()));
        }
        if self.query.keys_only {
            for object in &mut found {
                let class = self.class(object.class_name()).map(Arc::clone);
                object.keep_only(|name| {
                    class.as_ref().and_then(|class| class.property(name.as_str())).is_some_and(|p| p.is_key)
                });
            }
        }
        Ok(found)
    }

    fn operation(&self) -> String {
        format!("find what belongs to {}", self.query.path)
    }
}

fn ends(class: &Class) -> impl Iterator<Item = End<'_>> {
    class.properties.iter().filter(|property| property.cim_type == CimType::Reference && !property.is_array)
}

fn named(wanted: &Option<Identifier>, name: &Identifier) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == name)
}

fn fits(wanted: &Option<Identifier>, class: &Class) -> bool {
    wanted.as_ref().is_none_or(|wanted| class.is_a(wanted.as_str()))
}

fn has(wanted: &Option<Identifier>, class: &Class) -> bool {
    wanted.as_ref().is_none_or(|wanted| is_qualified(class, wanted.as_str()))
}

fn is_qualified(class: &Class, name: &str) -> bool {
    class.qualifiers.iter().any(|qualifier| qualifier.name.is(name) && qualifier.is_set())
}

fn class_objects(classes: Vec<Arc<Class>>) -> Vec<Instance> {
    let mut seen = HashSet::new();
    classes.into_iter().filter(|class| seen.insert(class.name.clone())).map(Instance::of_class).collect()
}

/// The object that a reference property of an association names.
fn target(association: &Instance, end: &Identifier) -> Option<ObjectPath> {
    match association.get(end.as_str())? {
        Value::Reference(path) => Some(path.clone()),
        Value::String(text) => ObjectPath::parse(text).ok(),
        _ => None,
    }
}

/// True where both paths are of one object; server and namespace are not compared, nor the case of text, and a key
/// may lack its name or be written as text.
fn is_same(one: &ObjectPath, other: &ObjectPath) -> bool {
    let text = |value: &KeyValue| match value {
        KeyValue::String(text) => text.to_lowercase(),
        other => other.to_string().to_lowercase(),
    };
    let is_in = |name: &Option<Identifier>, value: &KeyValue| {
        other.keys.iter().any(|(known, found)| {
            (name.is_none() || known.is_none() || name == known) && text(value) == text(found)
        })
    };
    one.class == other.class
        && one.keys.len() == other.keys.len()
        && one.keys.iter().all(|(name, value)| is_in(name, value))
}
