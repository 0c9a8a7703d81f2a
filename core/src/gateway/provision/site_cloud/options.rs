//! How a site's own Configuration Manager is told and waited for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::SITE_GATEWAY_TIMEOUT;
use crate::net::{SystemTimer, Timer};

/// How a site is told, and waited for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SiteCloudOptions {
    /// Properties of `SMS_AzureService` beyond what a spec says, such as `AADApplicationId`; text, numbers, true and false.
    pub properties: Map<String, Value>,
    /// How often the site is asked how far it is; 10 s.
    pub poll: Duration,
    /// How long it is waited for; an hour, since Microsoft's page says 5 to 15 minutes.
    pub timeout: Duration,
    /// What waits.
    pub timer: Arc<dyn Timer>,
}

impl Default for SiteCloudOptions {
    fn default() -> Self {
        SiteCloudOptions {
            properties: Map::new(),
            poll: Duration::from_secs(10),
            timeout: SITE_GATEWAY_TIMEOUT,
            timer: Arc::new(SystemTimer::new()),
        }
    }
}

impl SiteCloudOptions {
    /// Reads the options from a table: `properties`, and `poll` and `timeout` in seconds; null says nothing.
    ///
    /// # Errors
    /// `config` for an unknown name or a value that cannot be, by name.
    ///
    /// ```
    /// use cmgateway::gateway::provision::SiteCloudOptions;
    /// let options = SiteCloudOptions::from_json(serde_json::json!({ "poll": 0.5, "properties": { "AADApplicationId": 1 } }))?;
    /// assert_eq!(options.poll.as_millis(), 500);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(value: Value) -> Result<Self> {
        let refused = |name: &str, rule: &str| {
            Error::new(
                ErrorKind::Config,
                "use the site's own Configuration Manager",
                format!("{name} {rule}"),
            )
            .with_context("field", name)
        };
        let Value::Object(map) = value else { return Err(refused("the options", "must be a table")) };
        let mut options = SiteCloudOptions::default();
        for (name, value) in map.into_iter().filter(|(_, value)| !value.is_null()) {
            let seconds = || {
                let time = value.as_f64().filter(|seconds| *seconds > 0.0);
                let time = time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                time.ok_or_else(|| refused(&name, "must be seconds above 0"))
            };
            match (name.as_str(), &value) {
                ("poll", _) => options.poll = seconds()?,
                ("timeout", _) => options.timeout = seconds()?,
                ("properties", Value::Object(map)) => options.properties.clone_from(map),
                ("properties", Value::Array(items)) if items.is_empty() => {}
                ("properties", _) => return Err(refused("properties", "must be a table")),
                _ => return Err(refused(&name, "is not one of properties, poll, timeout")),
            }
        }
        Ok(options)
    }
}
