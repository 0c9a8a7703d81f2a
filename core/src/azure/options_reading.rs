//! The options of the management services as a script or a file names them.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::environment::AzureOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::net::TrustedRoots;

impl AzureOptions {
    /// The names that [`AzureOptions::from_json`] takes.
    pub const NAMES: [&'static str; 16] = [
        "environment",
        "service_management_url",
        "resource_manager_url",
        "authority_url",
        "key_vault_url",
        "metadata_url",
        "ca_file",
        "ca_pem",
        "timeout",
        "tries",
        "pause",
        "pause_max",
        "retry_after_max",
        "request_deadline",
        "poll_pause",
        "operation_deadline",
    ];

    /// Reads the options from a table; times are in seconds, and null says nothing.
    ///
    /// `environment` is `AzurePublicCloud` or `AzureUSGovernmentCloud`; the `_url`s stand in place of that cloud's own; `ca_file` and
    /// `ca_pem` are the only issuers that are trusted then; the rest is [`RetryPolicy`](super::RetryPolicy).
    ///
    /// # Errors
    /// `config` for an unknown name or a value that cannot be, by name.
    ///
    /// ```
    /// use cmgateway::azure::AzureOptions;
    /// let options = AzureOptions::from_json(serde_json::json!({
    ///     "environment": "AzureUSGovernmentCloud", "resource_manager_url": "https://localhost:8443", "tries": 3, "timeout": 2.5,
    /// }))?;
    /// assert_eq!(options.retry.tries, 3);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(value: Value) -> Result<Self> {
        let Value::Object(map) = value else { return Err(refused("the options", "must be a table")) };
        let mut options = AzureOptions::default();
        for (name, value) in map.into_iter().filter(|(_, value)| !value.is_null()) {
            options.set(&name, &value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| refused(name, "must be text"));
        match name {
            "environment" => {
                self.environment = text()?.parse().map_err(|error: Error| refused(name, error.cause()))?;
            }
            "service_management_url" => self.service_management_url = Some(text()?),
            "resource_manager_url" => self.resource_manager_url = Some(text()?),
            "authority_url" => self.authority_url = Some(text()?),
            "key_vault_url" => self.key_vault_url = Some(text()?),
            "metadata_url" => self.metadata_url = Some(text()?),
            "ca_file" => self.trusted_roots = TrustedRoots::File(PathBuf::from(text()?)),
            "ca_pem" => self.trusted_roots = TrustedRoots::Pem(text()?.into_bytes()),
            "timeout" => self.timeout = seconds(name, value, false)?,
            "tries" => {
                let tries =
                    value.as_f64().filter(|tries| tries.fract() == 0.0 && (1.0..=1000.0).contains(tries));
                self.retry.tries =
                    tries.ok_or_else(|| refused(name, "must be a whole number from 1 to 1000"))? as u32;
            }
            "pause" => self.retry.pause = seconds(name, value, true)?,
            "pause_max" => self.retry.pause_max = seconds(name, value, true)?,
            "retry_after_max" => self.retry.retry_after_max = Some(seconds(name, value, true)?),
            "request_deadline" => self.retry.request_deadline = seconds(name, value, false)?,
            "poll_pause" => self.retry.poll_pause = seconds(name, value, true)?,
            "operation_deadline" => self.retry.operation_deadline = seconds(name, value, false)?,
            _ => return Err(refused(name, &format!("is not one of {}", Self::NAMES.join(", ")))),
        }
        Ok(())
    }
}

fn seconds(name: &str, value: &Value, may_be_none: bool) -> Result<Duration> {
    let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 || (may_be_none && *seconds == 0.0));
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        refused(name, if may_be_none { "must be seconds, 0 or more" } else { "must be seconds above 0" })
    })
}

fn refused(name: &str, rule: &str) -> Error {
    Error::new(ErrorKind::Config, "read the Azure options", format!("{name} {rule}"))
        .with_context("field", name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_name_is_known_and_others_are_told() {
        for name in AzureOptions::NAMES {
            let values = [json!("AzurePublicCloud"), json!(1)];
            let results = values.map(|value| AzureOptions::from_json(json!({ name: value })));
            assert!(results.iter().any(Result::is_ok), "{name}: {results:?}");
        }
        let error = AzureOptions::from_json(json!({ "resource_manager": "x" })).unwrap_err();
        assert!(error.cause().starts_with("resource_manager is not one of environment,"), "{error}");
        for bad in [
            json!({ "tries": 1.5 }),
            json!({ "timeout": 0 }),
            json!({ "pause": "1" }),
            json!({ "ca_file": 1 }),
            json!([]),
        ] {
            assert_eq!(AzureOptions::from_json(bad).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
