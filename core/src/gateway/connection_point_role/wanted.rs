//! What a connection point shall be, as a script says it.

use serde_json::{Map, Value};

use super::internet_proxy::InternetProxy;
use crate::error::{Error, ErrorKind, Result};

/// What to do with the connection point of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionPointChange {
    /// The server gets the role.
    Add,
    /// The server has the role, and its settings change.
    Change,
    /// The server loses the role.
    Remove,
}

impl std::str::FromStr for ConnectionPointChange {
    type Err = Error;

    /// Reads the word that scripts use: `add`, `change`, `remove`.
    fn from_str(word: &str) -> Result<Self> {
        match word {
            "add" => Ok(ConnectionPointChange::Add),
            "change" => Ok(ConnectionPointChange::Change),
            "remove" => Ok(ConnectionPointChange::Remove),
            _ => {
                let cause = format!("{word:?} is not add, change or remove");
                Err(Error::new(ErrorKind::Config, "plan a connection point", cause))
            }
        }
    }
}

/// What a connection point shall be; what is None stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionPointSettings {
    /// The service name of the gateway it belongs to; a new one needs it.
    pub gateway: Option<String>,
    /// The internet proxy of its server; None within switches it off.
    pub internet_proxy: Option<Option<InternetProxy>>,
}

impl ConnectionPointSettings {
    /// Reads the settings from a table: `gateway`, and `internet_proxy` as text, as a table, or false.
    ///
    /// # Errors
    /// `config` for a field that is unknown or of another type, and those of [`InternetProxy::from_json`].
    ///
    /// ```
    /// use cmgateway::gateway::connection_point_role::ConnectionPointSettings;
    /// let table = serde_json::json!({ "gateway": "GraniteFalls.contoso.com", "internet_proxy": false });
    /// assert_eq!(ConnectionPointSettings::from_json(table)?.internet_proxy, Some(None));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(table: Value) -> Result<Self> {
        let refuse =
            |cause: String| Err(Error::new(ErrorKind::Config, "read the connection point's settings", cause));
        let map = match table {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => return refuse("the settings must be a table".to_owned()),
        };
        let mut settings = ConnectionPointSettings::default();
        for (name, value) in map.into_iter().filter(|(_, value)| !value.is_null()) {
            match (name.as_str(), value) {
                ("gateway", Value::String(gateway)) => settings.gateway = Some(gateway),
                ("gateway", _) => return refuse("gateway must be text".to_owned()),
                ("internet_proxy", Value::Bool(false)) => settings.internet_proxy = Some(None),
                ("internet_proxy", proxy) => {
                    settings.internet_proxy = Some(Some(InternetProxy::from_json(&proxy)?))
                }
                (other, _) => return refuse(format!("{other} is not a setting of a connection point")),
            }
        }
        Ok(settings)
    }
}
