//! A spec as a table, and with some fields changed.

use serde_json::{Map, Value, json};

use super::{CheckedSpec, GatewaySpec, read, refusal};
use crate::error::Result;

impl GatewaySpec {
    /// The fields by their names, without the password.
    pub fn fields(&self) -> Map<String, Value> {
        let fields = json!({
            "service_cert_path": self.service_cert_path,
            "service_name": self.service_name,
            "description": self.description,
            "environment_setting": self.environment_setting.as_str(),
            "subscription_id": self.subscription_id,
            "tenant_id": self.tenant_id,
            "server_app_client_id": self.server_app_client_id,
            "region": self.region,
            "group_name": self.group_name,
            "is_using_existing_group": self.is_using_existing_group,
            "vm_instance_count": self.vm_instance_count,
            "vmss_vm_size": self.vmss_vm_size,
            "ca_root_cert": self.ca_root_cert,
            "sub_ca_cert": self.sub_ca_cert,
            "connection_point_cert": self.connection_point_cert,
            "check_client_cert_revocation": self.check_client_cert_revocation,
            "enforce_protocol": self.enforce_protocol,
            "enable_cloud_dp_function": self.enable_cloud_dp_function,
            "enable_traffic_out": self.enable_traffic_out,
            "traffic_out_gb": self.traffic_out_gb,
            "traffic_warning_pct": self.traffic_warning_pct,
            "traffic_critical_pct": self.traffic_critical_pct,
            "traffic_out_stop_service": self.traffic_out_stop_service,
            "enable_storage_quota": self.enable_storage_quota,
            "storage_quota_gb": self.storage_quota_gb,
            "storage_warning_pct": self.storage_warning_pct,
            "storage_critical_pct": self.storage_critical_pct,
            "instance_program_url": self.instance_program_url,
            "instance_program_sha256": self.instance_program_sha256,
            "ssh_public_key": self.ssh_public_key,
        });
        match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The same spec with these fields changed; every mistake is told at once.
    ///
    /// # Errors
    /// Those of [`GatewaySpec::from_json`].
    pub fn replace(&self, changes: Map<String, Value>) -> Result<Self> {
        let mut fields = self.fields();
        let has_password = changes.contains_key("service_cert_password");
        // Subscription and region may be missing, which is not the same as empty.
        fields.retain(|_, value| value.as_str() != Some(""));
        fields.extend(changes);
        let (mut spec, violations) = read(fields);
        if !violations.is_empty() {
            return Err(refusal(&violations));
        }
        if !has_password {
            spec.service_cert_password.clone_from(&self.service_cert_password);
        }
        Ok(spec)
    }
}

impl CheckedSpec {
    /// What follows from spec and certificates: the names that the gateway will have, and the certificate's end.
    pub fn names(&self) -> Value {
        let not_after = self.server.certificate.not_after();
        json!({
            "service_name": self.service_name,
            "name": self.prefix,
            "group_name": self.group(),
            "regional_name": if self.spec.region.is_empty() { None } else { Some(self.regional_name()) },
            "thumbprint": self.server.certificate.thumbprint().to_string(),
            "not_after": not_after.unix_timestamp(),
        })
    }
}
