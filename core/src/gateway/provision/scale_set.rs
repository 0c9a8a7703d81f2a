//! The machines; pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::cloud_init::cloud_init;
use super::resource::{How, Resource};
use super::wanted::{COMPUTE, Place};
use crate::error::Result;

/// The scale set, and the wait until its instances run.
pub(super) fn resources(place: &Place<'_>) -> Result<Vec<Resource>> {
    let spec = place.spec;
    let path = format!(
        "{}/providers/Microsoft.Compute/virtualMachineScaleSets/{}",
        place.group_path,
        place.name("vmss")
    );
    let count = spec.spec.vm_instance_count;
    let scale_set = Resource {
        key: "vmss".to_owned(),
        kind: "scale set",
        name: place.name("vmss"),
        how: How::Put,
        path: path.clone(),
        api_version: COMPUTE,
        body: body(place)?,
    };
    let instances = Resource {
        key: "instances".to_owned(),
        kind: "instances",
        name: format!("{count} running"),
        how: How::Instances,
        path,
        api_version: COMPUTE,
        body: json!({ "running": count }),
    };
    Ok(vec![scale_set, instances])
}

fn body(place: &Place<'_>) -> Result<Value> {
    let spec = place.spec;
    let data = cloud_init(spec)?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data.as_bytes());
    let digest = hex::encode(digest.as_ref().get(..16).unwrap_or_default());
    let identity = format!(
        "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}",
        place.group_path,
        place.name("identity")
    );
    let vault = format!("{}/providers/Microsoft.KeyVault/vaults/{}", place.group_path, spec.prefix);
    Ok(json!({
        "location": spec.region(),
        // What the machines were made from is given back by no service; its digest tells whether it is still that.
        "tags": { "cmgateway": spec.service_name, "cmgateway-configuration": digest },
        "sku": {
            "name": format!("Standard_{}", spec.spec.vmss_vm_size), "tier": "Standard",
            "capacity": spec.spec.vm_instance_count,
        },
        "identity": { "type": "UserAssigned", "userAssignedIdentities": { identity: {} } },
        "properties": {
            "orchestrationMode": "Uniform", "singlePlacementGroup": true, "overprovision": false,
            "upgradePolicy": { "mode": "Automatic" },
            "virtualMachineProfile": {
                "osProfile": os_profile(place, &data, &vault),
                "storageProfile": {
                    "imageReference": {
                        "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest",
                    },
                    "osDisk": {
                        "createOption": "FromImage", "caching": "ReadWrite",
                        "managedDisk": { "storageAccountType": "Standard_LRS" },
                    },
                },
                "networkProfile": network_profile(place),
            },
        },
    }))
}

fn os_profile(place: &Place<'_>, data: &str, vault: &str) -> Value {
    let key = place.spec.spec.ssh_public_key.as_deref().unwrap_or_default();
    json!({
        "computerNamePrefix": place.spec.prefix.chars().take(9).collect::<String>(),
        "adminUsername": "cmgateway",
        "customData": STANDARD.encode(data),
        "linuxConfiguration": {
            "disablePasswordAuthentication": true,
            "ssh": { "publicKeys": [{ "path": "/home/cmgateway/.ssh/authorized_keys", "keyData": key }] },
        },
        "secrets": [{
            "sourceVault": { "id": vault },
            "vaultCertificates": [{ "certificateUrl": "${certificate:/secret_id}" }],
        }],
    })
}

fn network_profile(place: &Place<'_>) -> Value {
    let balancer = place.network("loadBalancers", &place.name("lb"));
    let network = place.network("virtualNetworks", &place.name("vnet"));
    let mut ip = json!({
        "subnet": { "id": format!("{network}/subnets/instances") },
        "loadBalancerBackendAddressPools": [{ "id": format!("{balancer}/backendAddressPools/instances") }],
    });
    if let (true, Some(ip)) = (place.spec.spec.vm_instance_count > 1, ip.as_object_mut()) {
        let pool = json!([{ "id": format!("{balancer}/inboundNatPools/connection-point") }]);
        ip.insert("loadBalancerInboundNatPools".into(), pool);
    }
    json!({
        "healthProbe": { "id": format!("{balancer}/probes/https") },
        "networkInterfaceConfigurations": [{ "name": "nic", "properties": {
            "primary": true, "ipConfigurations": [{ "name": "ip", "properties": ip }],
        }}],
    })
}
