//! Copies of sites: the classes and instances of any site, read through any transport, in one site file.

use std::collections::HashSet;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CLASS_INHERITANCE_MAX, ROWS_PER_BATCH};
use crate::site::embedded::{EmbeddedSite, SnapshotFile};
use crate::site::{Site, SiteCode};
use crate::wmi::wql::Select;
use crate::wmi::{CimType, Class, Identifier, Instance, Property, PropertyDefinition};

/// What a snapshot takes.
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    /// The classes, each with those derived from it; empty for every class that the site can list.
    pub classes: Vec<String>,
    /// True to read lazy properties too, which costs one more question for each instance that has them; on other
    /// transports than an embedded site, for each that has a property without a value.
    pub lazy: bool,
}

/// How far a snapshot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotProgress {
    /// The class that is being copied.
    pub class: String,
    /// Its number, from 1 on.
    pub class_number: usize,
    /// How many classes there are.
    pub class_count: usize,
    /// How many instances of the class are copied.
    pub instances: u64,
}

/// What a snapshot brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotReport {
    /// How many classes have their instances in the copy.
    pub classes: usize,
    /// How many instances were copied, those of an earlier attempt among them.
    pub instances: u64,
    /// The classes without their instances, and why: those that the site cannot enumerate.
    pub skipped: Vec<(String, String)>,
}

impl Site {
    /// Copies classes and instances into a new site file, on which scripts are rehearsed.
    ///
    /// The file is one that `sqlite:FILE` opens, but only once it is whole. After a break the same call goes on: classes
    /// that were whole stay, the one that was not is read again. Instances are written as they come, some hundred at a
    /// time. `progress` hears of each part; false from it stops the work, with an error of kind `stopped`.
    ///
    /// Where the site does not tell a class's definition, as WinRM may not, it is made from its instances. Over WinRM the
    /// keys in a reference are text until the class it leads to was read: name that class before.
    ///
    /// # Errors
    /// `conflict` where the file exists and is not a broken snapshot of this site; `not_found` for a class that the site
    /// does not have; `config` for instances without a key; `stopped`; those of the transport and of the disk.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use cmgateway::site::{EmbeddedSite, Site, SiteCode, SnapshotOptions};
    /// # let folder = std::env::temp_dir().join(format!("cmgateway-snapshot-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let site: Site = EmbeddedSite::create(folder.join("site.db"), &SiteCode::new("GF1")?).await?.into();
    /// let options = SnapshotOptions { classes: vec!["SMS_Site".into()], lazy: false };
    /// let report = site.snapshot(folder.join("copy.db"), &options, &mut |_| true).await?;
    /// assert_eq!((report.classes, report.instances), (1, 1));
    /// # site.close().await?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), cmgateway::Error>(()) }).unwrap();
    /// ```
    pub async fn snapshot(
        &self,
        file: impl AsRef<Path>,
        options: &SnapshotOptions,
        progress: &mut (dyn FnMut(&SnapshotProgress) -> bool + Send),
    ) -> Result<SnapshotReport> {
        // What is wrong with the site or the names is told before a file is made.
        let code = self.code_of_source().await?;
        let names = self.classes_to_copy(options).await?;
        let file = SnapshotFile::open(file.as_ref(), self.address(), options.lazy).await?;
        let mut copy = Copy { source: self, file, options, report: SnapshotReport::default() };
        for (at, name) in names.iter().enumerate() {
            let mut told = SnapshotProgress {
                class: name.to_string(),
                class_number: at + 1,
                class_count: names.len(),
                instances: 0,
            };
            copy.class(name, &mut |instances| {
                told.instances = instances;
                progress(&told)
            })
            .await?;
        }
        let site: EmbeddedSite = copy.file.finish(code).await?;
        Site::from(site).close().await?;
        Ok(copy.report)
    }

    /// The site's code; where the namespace has no `SMS_ProviderLocation`, that of its name.
    async fn code_of_source(&self) -> Result<SiteCode> {
        let error = match self.code().await {
            Ok(code) => return Ok(code),
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            Err(error) => return Err(error),
        };
        let last = self.address().rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        last.strip_prefix("site_").and_then(|code| SiteCode::new(code).ok()).ok_or(error)
    }

    /// Loads an instance from a query whose lazy properties are left out, or may be: an AdminService does not tell
    /// which are lazy, so there every null may be one.
    pub(super) async fn load_what_is_left_out(&self, row: &mut Instance) -> Result<()> {
        let is_told = self.open()?.embedded().is_some();
        let is_one = |property: &Property| property.is_left_out() || (!is_told && property.value.is_null());
        match row.path().is_some() && row.properties().iter().any(is_one) {
            true => self.load(row).await,
            false => Ok(()),
        }
    }

    async fn classes_to_copy(&self, options: &SnapshotOptions) -> Result<Vec<Identifier>> {
        if options.classes.is_empty() {
            let all = self.classes().await?.into_iter().filter(|class| !class.name.is_system());
            return Ok(all.map(|class| class.name).collect());
        }
        let mut names: Vec<Identifier> = Vec::new();
        for name in &options.classes {
            let name = Identifier::new(name)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

struct Copy<'a> {
    source: &'a Site,
    file: SnapshotFile,
    options: &'a SnapshotOptions,
    report: SnapshotReport,
}

impl Copy<'_> {
    async fn class(
        &mut self,
        name: &Identifier,
        progress: &mut (dyn FnMut(u64) -> bool + Send),
    ) -> Result<()> {
        let definition = self.define(name).await?;
        let is_all = self.options.classes.is_empty();
        if let Some(instances) = self.file.done(name).await? {
            self.report.classes += 1;
            self.report.instances += instances;
            return Ok(());
        }
        // An abstract class, or one whose objects live inside others, has none of its own.
        let has_instances = definition.as_ref().is_none_or(|class| {
            !class.is_abstract() && (class.is_singleton() || class.keys().next().is_some())
        });
        if is_all && !has_instances {
            return Ok(());
        }
        if self.file.has(name).await? {
            self.file.clear(name).await?;
        }
        match self.instances(name, progress).await {
            Ok(instances) => {
                self.file.finish_class(name, instances).await?;
                self.report.classes += 1;
                self.report.instances += instances;
                Ok(())
            }
            // Some classes can only be asked for one instance, or have methods alone.
            Err(error) if is_all && matches!(error.kind(), ErrorKind::Unsupported) => {
                self.report.skipped.push((name.to_string(), error.cause().to_owned()));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn instances(
        &self,
        name: &Identifier,
        progress: &mut (dyn FnMut(u64) -> bool + Send),
    ) -> Result<u64> {
        let is_all = self.options.classes.is_empty();
        let mut rows = self.source.run(&Select::of(name.clone())).await?;
        let (mut batch, mut copied) = (Vec::with_capacity(ROWS_PER_BATCH), 0);
        loop {
            let row = rows.next().await?;
            let is_end = row.is_none();
            // Of all classes each comes in its turn.
            let wanted = row.filter(|row| !is_all || row.class_name() == name);
            if let Some(row) = wanted {
                batch.push(self.prepared(row).await?);
            }
            if batch.len() >= ROWS_PER_BATCH || is_end {
                copied += batch.len() as u64;
                self.file.put(std::mem::take(&mut batch)).await?;
                if !progress(copied) {
                    let cause = "the caller does not want to go on; the same call takes it up again";
                    return Err(Error::new(ErrorKind::Stopped, "write snapshot", cause));
                }
            }
            if is_end {
                return Ok(copied);
            }
        }
    }

    /// The instance with its lazy properties, where they are wanted and there are any, and with its class in the file.
    async fn prepared(&self, mut row: Instance) -> Result<Instance> {
        if self.options.lazy {
            self.source.load_what_is_left_out(&mut row).await?;
        }
        if !self.file.has(row.class_name()).await? && self.define(row.class_name()).await?.is_none() {
            self.file.define(class_of(&row)?).await?;
        }
        Ok(row)
    }

    /// Writes the definition of a class, of what it is derived from and of what it embeds; None where the site does
    /// not tell it.
    async fn define(&self, name: &Identifier) -> Result<Option<Class>> {
        let Some(wanted) = self.definition(name).await? else { return Ok(None) };
        let mut open: Vec<Class> = vec![wanted.clone()];
        let mut seen: HashSet<Identifier> = HashSet::from([name.clone()]);
        while let Some(class) = open.pop() {
            if self.file.has(&class.name).await? {
                continue;
            }
            let needed = class.superclass().into_iter().chain(class.properties.iter().filter_map(embedded));
            let mut missing = Vec::new();
            for needed in needed.cloned().collect::<Vec<_>>() {
                if !seen.contains(&needed) && !self.file.has(&needed).await? {
                    missing.extend(self.definition(&needed).await?);
                    seen.insert(needed);
                }
            }
            let base = class.superclass().cloned();
            let waits = base.as_ref().is_some_and(|base| missing.iter().any(|class| class.name == *base));
            if waits {
                open.push(class);
                open.extend(missing);
                if open.len() > seen.len() + CLASS_INHERITANCE_MAX {
                    let cause = format!("class {name} is derived from itself");
                    return Err(Error::new(ErrorKind::Protocol, "write snapshot", cause));
                }
                continue;
            }
            self.file.define(standing_alone(class, &self.file).await?).await?;
            open.extend(missing);
        }
        Ok(Some(wanted))
    }

    async fn definition(&self, name: &Identifier) -> Result<Option<Class>> {
        match self.source.class(name.as_str()).await {
            Ok(class) => Ok(Some(class)),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn embedded(property: &PropertyDefinition) -> Option<&Identifier> {
    property.class.as_ref().filter(|_| property.cim_type == CimType::Object)
}

/// A class whose superclass the site did not tell becomes one of its own, with all its properties.
async fn standing_alone(mut class: Class, file: &SnapshotFile) -> Result<Class> {
    if let Some(base) = class.superclass()
        && !file.has(base).await?
    {
        class.derivation.clear();
        for property in &mut class.properties {
            (property.is_local, property.origin) = (true, None);
        }
        for method in &mut class.methods {
            (method.is_local, method.origin) = (true, None);
        }
    }
    Ok(class)
}

/// A class as one of its instances shows it: its path tells the keys.
fn class_of(instance: &Instance) -> Result<Class> {
    let keys: Vec<_> = instance.path().into_iter().flat_map(|path| &path.keys).collect();
    let is_key = |name: &Identifier| keys.iter().any(|(key, _)| key.as_ref() == Some(name));
    let properties: Vec<_> = instance
        .properties()
        .iter()
        .map(|property| {
            let natural = property.value.natural_type();
            let cim_type =
                property.cim_type.or(natural.map(|(cim_type, _)| cim_type)).unwrap_or(CimType::String);
            let is_array = property.is_array || natural.is_some_and(|(_, is_array)| is_array);
            PropertyDefinition::new(property.name.clone(), cim_type, is_array, is_key(&property.name))
        })
        .collect();
    if !properties.iter().any(|property| property.is_key) {
        let cause = "the site tells neither its class nor the paths of its instances, so there is no key";
        return Err(Error::new(ErrorKind::Config, format!("copy class {}", instance.class_name()), cause));
    }
    Ok(Class::new(instance.class_name().clone(), properties))
}
