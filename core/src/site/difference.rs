//! Two sites compared: a site with its copy, before and after a script ran.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{COMPARED_INSTANCES_MAX, DIFFERENCES_MAX};
use crate::site::Site;
use crate::wmi::wql::Select;
use crate::wmi::{Identifier, Instance, Property, Value};

/// What of two sites is compared.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// The classes, each with those derived from it; empty for every class that both sites can list.
    pub classes: Vec<String>,
    /// True to compare lazy properties too, which costs one more question for each instance that has them.
    pub lazy: bool,
    /// Properties that are not compared, such as times of last change.
    pub ignored: Vec<String>,
}

/// What one object is in one site and not in the other.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectDifference {
    /// Only in the second site; with its path and properties.
    Added(String, Instance),
    /// Only in the first site.
    Removed(String, Instance),
    /// In both, with other values; the path and what changed.
    Changed(String, Vec<PropertyChange>),
}

/// A property with two values.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyChange {
    /// Its name.
    pub name: String,
    /// The value in the first site; null also where it has none.
    pub before: Value,
    /// The value in the second site.
    pub after: Value,
}

/// What differs between two sites; printed it is a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteDifference {
    /// The objects that differ, by class in the order asked, then by path.
    pub objects: Vec<ObjectDifference>,
    /// How many instances were looked at, in both sites together.
    pub compared: u64,
}

/// Compares two sites: what is added in the second one, removed, or changed, object by object.
///
/// Objects are the same where class and key are; text in keys is compared without case, as WMI does, values exactly.
///
/// # Errors
/// `config` for instances without a key, and for more than
/// [`COMPARED_INSTANCES_MAX`] of a class or [`DIFFERENCES_MAX`] differences; `not_found` for a class that is in
/// neither site; those of the transports.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use cmgateway::site::{DiffOptions, EmbeddedSite, PutMode, Site, SiteCode, SnapshotOptions, diff};
/// # let folder = std::env::temp_dir().join(format!("cmgateway-diff-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let site: Site = EmbeddedSite::create(folder.join("site.db"), &SiteCode::new("GF1")?).await?.into();
/// site.snapshot(folder.join("before.db"), &SnapshotOptions::default(), &mut |_| true).await?;
/// let mut service = site.new_instance("SMS_AzureService").await?;
/// service.set("ServiceCName", "gw.contoso.com")?;
/// site.put(&mut service, PutMode::CreateOnly).await?;
/// let before: Site = EmbeddedSite::open(folder.join("before.db")).await?.into();
/// let difference = diff(&before, &site, &DiffOptions::default()).await?;
/// assert!(difference.to_string().starts_with("added    SMS_AzureService.AzureServiceID=1"));
/// # before.close().await?; site.close().await?;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), cmgateway::Error>(()) }).unwrap();
/// ```
pub async fn diff(first: &Site, second: &Site, options: &DiffOptions) -> Result<SiteDifference> {
    let mut found = SiteDifference::default();
    for class in classes(first, second, options).await? {
        let before = Instances::of(first, &class, options).await?;
        found.class(before, second, &class, options).await?;
    }
    Ok(found)
}

async fn classes(first: &Site, second: &Site, options: &DiffOptions) -> Result<Vec<Identifier>> {
    if !options.classes.is_empty() {
        return options.classes.iter().map(|name| Identifier::new(name)).collect();
    }
    let mut names: Vec<Identifier> = Vec::new();
    for class in [first.classes().await?, second.classes().await?].into_iter().flatten() {
        let has_instances = !class.is_abstract() && (class.is_singleton() || class.keys().next().is_some());
        if has_instances && !names.contains(&class.name) {
            names.push(class.name);
        }
    }
    names.sort_by_key(|name| name.as_str().to_ascii_lowercase());
    Ok(names)
}

/// The instances of a class in one site, by key.
struct Instances {
    by_key: HashMap<String, (String, Instance)>,
    is_known: bool,
}

impl Instances {
    async fn of(site: &Site, class: &Identifier, options: &DiffOptions) -> Result<Self> {
        let mut found = Instances { by_key: HashMap::new(), is_known: true };
        let mut rows = match site.run(&Select::of(class.clone())).await {
            Ok(rows) => rows,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Instances { is_known: false, ..found });
            }
            Err(error) => return Err(error),
        };
        while let Some(row) = rows.next().await? {
            let Some((key, path, row)) = keyed(site, row, class, options).await? else { continue };
            if found.by_key.len() >= COMPARED_INSTANCES_MAX {
                let cause = format!("class {class} has more than {COMPARED_INSTANCES_MAX} instances");
                return Err(Error::new(ErrorKind::Config, "compare sites", cause));
            }
            found.by_key.insert(key, (path, row));
        }
        Ok(found)
    }
}

/// The instance with its key and its path; None where another class asked for has it.
async fn keyed(
    site: &Site,
    mut row: Instance,
    class: &Identifier,
    options: &DiffOptions,
) -> Result<Option<(String, String, Instance)>> {
    // Of all classes each comes in its turn.
    if options.classes.is_empty() && row.class_name() != class {
        return Ok(None);
    }
    if options.lazy {
        site.load_what_is_left_out(&mut row).await?;
    }
    let Some(path) = row.path().map(|path| path.relative()) else {
        let cause = format!("an instance of {} has no key{}", row.class_name(), site.why_without_keys());
        return Err(Error::new(ErrorKind::Config, "compare sites", cause));
    };
    let text = path.to_string();
    let mut keys: Vec<_> = path
        .keys
        .iter()
        .map(|(name, value)| {
            let name = name.as_ref().map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
            format!("{name}={}", value.to_string().to_lowercase())
        })
        .collect();
    keys.sort();
    let key = format!("{}.{}", path.class.as_str().to_ascii_lowercase(), keys.join(","));
    Ok(Some((key, text, row)))
}

impl SiteDifference {
    async fn class(
        &mut self,
        mut before: Instances,
        second: &Site,
        class: &Identifier,
        options: &DiffOptions,
    ) -> Result<()> {
        self.compared += before.by_key.len() as u64;
        let from = self.objects.len();
        match second.run(&Select::of(class.clone())).await {
            Ok(mut rows) => {
                while let Some(row) = rows.next().await? {
                    let Some((key, path, after)) = keyed(second, row, class, options).await? else {
                        continue;
                    };
                    self.compared += 1;
                    match before.by_key.remove(&key) {
                        None => self.add(ObjectDifference::Added(path, after))?,
                        Some((path, before)) => {
                            let changes = changes(&before, &after, options);
                            if !changes.is_empty() {
                                self.add(ObjectDifference::Changed(path, changes))?;
                            }
                        }
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound && before.is_known => {}
            Err(error) => return Err(error),
        }
        for (path, instance) in before.by_key.into_values() {
            self.add(ObjectDifference::Removed(path, instance))?;
        }
        let path = |object: &ObjectDifference| object.path().to_lowercase();
        self.objects[from..].sort_by_key(path);
        Ok(())
    }

    fn add(&mut self, object: ObjectDifference) -> Result<()> {
        if self.objects.len() >= DIFFERENCES_MAX {
            let cause = format!("more than {DIFFERENCES_MAX} objects differ; compare fewer classes");
            return Err(Error::new(ErrorKind::Config, "compare sites", cause));
        }
        self.objects.push(object);
        Ok(())
    }

    /// True where nothing differs.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The differences as JSON: a list of objects with `difference`, `path` and `properties`.
    ///
    /// ```
    /// use cmgateway::site::SiteDifference;
    /// assert_eq!(SiteDifference::default().to_json(), "[]");
    /// ```
    pub fn to_json(&self) -> String {
        let objects: Vec<Json> = self.objects.iter().map(object_json).collect();
        // Texts, numbers and lists of them always have a JSON form.
        serde_json::to_string_pretty(&objects).unwrap_or_default()
    }
}

impl ObjectDifference {
    /// The object's path, as the first site has it where it is there.
    pub fn path(&self) -> &str {
        match self {
            ObjectDifference::Added(path, _)
            | ObjectDifference::Removed(path, _)
            | ObjectDifference::Changed(path, _) => path,
        }
    }

    /// `added`, `removed` or `changed`.
    pub fn word(&self) -> &'static str {
        match self {
            ObjectDifference::Added(..) => "added",
            ObjectDifference::Removed(..) => "removed",
            ObjectDifference::Changed(..) => "changed",
        }
    }
}

fn changes(before: &Instance, after: &Instance, options: &DiffOptions) -> Vec<PropertyChange> {
    let names = before.properties().iter().chain(after.properties()).map(|property| &property.name);
    let mut seen: Vec<&Identifier> = Vec::new();
    let mut changes = Vec::new();
    for name in names {
        let is_ignored = options.ignored.iter().any(|ignored| name.is(ignored));
        let is_left_out = |of: &Instance| of.property(name.as_str()).is_some_and(Property::is_left_out);
        if seen.contains(&name) || is_ignored || is_left_out(before) || is_left_out(after) {
            continue;
        }
        seen.push(name);
        let value = |of: &Instance| of.get(name.as_str()).cloned().unwrap_or(Value::Null);
        let (before, after) = (value(before), value(after));
        if before != after {
            changes.push(PropertyChange { name: name.to_string(), before, after });
        }
    }
    changes
}

fn object_json(object: &ObjectDifference) -> Json {
    let properties = match object {
        ObjectDifference::Added(_, instance) | ObjectDifference::Removed(_, instance) => {
            properties_json(instance)
        }
        ObjectDifference::Changed(_, changes) => {
            let change = |change: &PropertyChange| {
                (
                    change.name.clone(),
                    json!({"before": value_json(&change.before), "after": value_json(&change.after)}),
                )
            };
            Json::Object(changes.iter().map(change).collect())
        }
    };
    json!({"difference": object.word(), "path": object.path(), "properties": properties})
}

fn properties_json(instance: &Instance) -> Json {
    let known = instance.properties().iter().filter(|property| !property.is_left_out());
    let properties = known.map(|property| (property.name.to_string(), value_json(&property.value)));
    Json::Object(properties.collect::<Map<_, _>>())
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => json!(flag),
        Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) => json!(number),
            _ => json!(number.to_string()),
        },
        Value::Real(real) => json!(real),
        Value::String(text) => json!(text),
        Value::DateTime(datetime) => json!(datetime.to_string()),
        Value::Reference(path) => json!(path.to_string()),
        Value::Object(instance) => {
            let mut object = Map::new();
            object.insert("__CLASS".to_owned(), json!(instance.class_name().as_str()));
            if let Json::Object(properties) = properties_json(instance) {
                object.extend(properties);
            }
            Json::Object(object)
        }
        Value::Array(items) => Json::Array(items.iter().map(value_json).collect()),
    }
}

/// One line for each object, one for each property that changed, and a line of sums.
impl fmt::Display for SiteDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for object in &self.objects {
            writeln!(f, "{:<7}  {}", object.word(), object.path())?;
            if let ObjectDifference::Changed(_, changes) = object {
                let width = changes.iter().map(|change| change.name.len()).max().unwrap_or(0);
                for PropertyChange { name, before, after } in changes {
                    let (before, after) = (value_json(before), value_json(after));
                    writeln!(f, "         {name:<width$}  {before} -> {after}")?;
                }
            }
        }
        let count = |word: &str| self.objects.iter().filter(|object| object.word() == word).count();
        let (added, removed, changed) = (count("added"), count("removed"), count("changed"));
        write!(f, "{added} added, {removed} removed, {changed} changed")
    }
}
