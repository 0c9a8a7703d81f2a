//! The path of an object.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::Identifier;
use crate::wmi::value::{is_refused_control, is_wmi_integer};

/// The value of a key in a path.
///
/// Whether the value was quoted is kept: scripts quote numeric keys too, and only the class knows the type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// Quoted text, which may be a number all the same.
    String(String),
    /// A number from -2^63 to 2^64-1.
    Integer(i128),
    /// TRUE or FALSE.
    Boolean(bool),
    /// `@`, the one instance of a class without keys; stands alone and without a name.
    Singleton,
}

/// The path of an object in WMI: server, namespace, class and keys.
///
/// It reads `\\server\namespace:Class.Key="value"`, or only the part from the class on.
/// Two paths are equal whatever the case of server, namespace, class and key names and whatever the order of the
/// keys. Key values are compared exactly, because only the provider knows which of them have no case.
///
/// ```
/// use cmgateway::wmi::{KeyValue, ObjectPath};
/// let path = ObjectPath::parse(r#"\\CM1\root\sms\site_ABC:SMS_AzureService.ServiceCName='x',Id=5"#)?;
/// assert_eq!(path.key("id"), Some(&KeyValue::Integer(5)));
/// assert_eq!(path.relative().to_string(), r#"SMS_AzureService.ServiceCName="x",Id=5"#);
/// assert_eq!(path, ObjectPath::parse(r#"//cm1/ROOT/sms/site_abc:sms_azureservice.id=5,serviceCName="x""#)?);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObjectPath {
    /// Host, without backslashes.
    pub server: Option<String>,
    /// Namespace with backslashes.
    pub namespace: Option<String>,
    /// Class.
    pub class: Identifier,
    /// Keys, none for a class; the name is None where the path leaves it out.
    pub keys: Vec<(Option<Identifier>, KeyValue)>,
}

impl ObjectPath {
    /// A path of a class and its keys, without server and namespace; without keys it is the path of the class.
    ///
    /// # Errors
    /// `config` where a name cannot be one, a key is named twice, or a value cannot stand in a path.
    ///
    /// ```
    /// use cmgateway::wmi::ObjectPath;
    /// let path = ObjectPath::new("SMS_Site", [("SiteCode", "ABC")])?;
    /// assert_eq!(path.to_string(), r#"SMS_Site.SiteCode="ABC""#);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn new<'n, V: Into<KeyValue>>(
        class: &str,
        keys: impl IntoIterator<Item = (&'n str, V)>,
    ) -> Result<Self> {
        let refuse = |cause: String| Err(Error::new(ErrorKind::Config, "make object path", cause));
        let mut path =
            ObjectPath { server: None, namespace: None, class: Identifier::new(class)?, keys: Vec::new() };
        for (name, value) in keys {
            let (name, value) = (Identifier::new(name)?, value.into());
            if path.key(name.as_str()).is_some() {
                return refuse(format!("key {name} is given twice"));
            }
            match &value {
                KeyValue::String(text) if text.chars().any(is_refused_control) => {
                    return refuse(format!("the value of key {name} has a control character"));
                }
                KeyValue::Integer(number) if !is_wmi_integer(*number) => {
                    return refuse(format!("the value of key {name} is not between -2^63 and 2^64-1"));
                }
                KeyValue::Singleton => return refuse(format!("key {name} cannot be \"@\"")),
                _ => path.keys.push((Some(name), value)),
            }
        }
        Ok(path)
    }

    /// The same path without server and namespace.
    ///
    /// ```
    /// use cmgateway::wmi::ObjectPath;
    /// let path = ObjectPath::parse(r"\\.\root\ccm:SMS_Client=@")?;
    /// assert_eq!(path.relative().to_string(), "SMS_Client=@");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn relative(&self) -> Self {
        ObjectPath { server: None, namespace: None, class: self.class.clone(), keys: self.keys.clone() }
    }

    /// The value of a key that the path names; a key without its name is only in `keys`.
    pub fn key(&self, name: &str) -> Option<&KeyValue> {
        self.keys.iter().find(|(key, _)| key.as_ref().is_some_and(|key| key.is(name))).map(|(_, value)| value)
    }

    /// True for the path of a class.
    pub fn is_class(&self) -> bool {
        self.keys.is_empty()
    }

    /// True for `Class=@`, the one instance of a class without keys.
    pub fn is_singleton(&self) -> bool {
        matches!(self.keys.as_slice(), [(None, KeyValue::Singleton)])
    }
}

fn equal_without_case(left: &Option<String>, right: &Option<String>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        (None, None) => true,
        _ => false,
    }
}

impl PartialEq for ObjectPath {
    fn eq(&self, other: &Self) -> bool {
        equal_without_case(&self.server, &other.server)
            && equal_without_case(&self.namespace, &other.namespace)
            && self.class == other.class
            && self.keys.len() == other.keys.len()
            && self.keys.iter().all(|key| other.keys.contains(key))
    }
}

impl Eq for ObjectPath {}

impl Hash for ObjectPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in [&self.server, &self.namespace] {
            part.as_ref().map(|part| part.to_ascii_lowercase()).hash(state);
        }
        self.class.hash(state);
        // A sum does not know the order of the keys, as equality does not.
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        self.keys.iter().map(|key| hasher.hash_one(key)).fold(0, u64::wrapping_add).hash(state);
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValue::String(text) => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            KeyValue::Integer(number) => write!(f, "{number}"),
            KeyValue::Boolean(flag) => f.write_str(if *flag { "TRUE" } else { "FALSE" }),
            KeyValue::Singleton => f.write_str("@"),
        }
    }
}

/// The canonical form: backslashes, values in double quotes, keys in their order; a server only before a namespace.
impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            if let Some(server) = &self.server {
                write!(f, "\\\\{server}\\")?;
            }
            write!(f, "{namespace}:")?;
        }
        write!(f, "{}", self.class)?;
        for (at, (name, value)) in self.keys.iter().enumerate() {
            match (at, name) {
                (0, Some(name)) => write!(f, ".{name}={value}")?,
                (_, Some(name)) => write!(f, ",{name}={value}")?,
                (_, None) => write!(f, "={value}")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for KeyValue {
    fn from(text: &str) -> Self {
        KeyValue::String(text.to_owned())
    }
}

impl From<String> for KeyValue {
    fn from(text: String) -> Self {
        KeyValue::String(text)
    }
}

impl From<bool> for KeyValue {
    fn from(flag: bool) -> Self {
        KeyValue::Boolean(flag)
    }
}

impl From<i32> for KeyValue {
    fn from(number: i32) -> Self {
        KeyValue::Integer(number.into())
    }
}

impl From<i64> for KeyValue {
    fn from(number: i64) -> Self {
        KeyValue::Integer(number.into())
    }
}

impl From<u64> for KeyValue {
    fn from(number: u64) -> Self {
        KeyValue::Integer(number.into())
    }
}
