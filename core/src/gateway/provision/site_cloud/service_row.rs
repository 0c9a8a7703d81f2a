//! The gateway's row as ConfigMgr goes by it: what it shall hold, what it holds, how it is written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::SiteCloud;
use crate::cert::Thumbprint;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::provision::row::{RowPlace, wanted};
use crate::gateway::spec::CheckedSpec;
use crate::site::PutMode;
use crate::wmi::Instance;

impl SiteCloud {
    /// What the row shall hold, as JSON.
    pub(super) fn properties(&self, spec: &CheckedSpec) -> Result<Value> {
        let mut all = wanted(spec, &RowPlace::resource_manager(spec))?;
        all.extend(self.options.properties.clone());
        Ok(Value::Object(all))
    }

    pub(super) async fn write(
        &self,
        row: Option<Instance>,
        spec: &CheckedSpec,
        wanted: &Value,
    ) -> Result<()> {
        let operation = format!("write gateway {} into the site", spec.service_name);
        let (mut row, is_new) = match row {
            Some(row) => (row, false),
            None => (self.site.new_instance("SMS_AzureService").await?, true),
        };
        if is_new {
            row.set("SiteCode", self.site.code().await?.as_str())?;
        }
        for (name, value) in wanted.as_object().into_iter().flatten() {
            match value {
                Value::String(text) => row.set(name, text.as_str())?,
                Value::Bool(flag) => row.set(name, *flag)?,
                Value::Number(number) if number.is_i64() => {
                    row.set(name, number.as_i64().unwrap_or_default())?
                }
                _ => {
                    let cause = format!("property {name} must be text, a whole number, true or false");
                    return Err(Error::new(ErrorKind::Config, operation, cause));
                }
            }
        }
        let mode = if is_new { PutMode::CreateOnly } else { PutMode::UpdateUnchanged };
        self.site.put(&mut row, mode).await.map(drop)
    }
}

/// What tells one state of a row from another; tasks carry it.
pub(super) fn mark_of(wanted: &Value) -> String {
    let sorted: BTreeMap<_, _> = wanted.as_object().into_iter().flatten().collect();
    let text: String = sorted.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
    format!("cmgateway row {}", Thumbprint::of_der(text.as_bytes()))
}
