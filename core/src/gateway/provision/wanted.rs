//! The resources that a gateway is made of in the Resource Manager, in the order in which they are made; pure.

use serde_json::{Value, json};

use super::resource::{How, Resource};
use super::scale_set;
use crate::error::Result;
use crate::gateway::spec::CheckedSpec;

pub(super) const GROUPS: &str = "2021-04-01";
pub(super) const NETWORK: &str = "2024-05-01";
pub(super) const COMPUTE: &str = "2024-11-01";
pub(super) const VAULTS: &str = "2026-02-01";
const STORAGE: &str = "2023-01-01";
const IDENTITIES: &str = "2023-01-31";

/// The first port of the tunnels where there are several instances; instance n is reached at this plus n - 1.
pub(super) const TUNNEL_PORT: u32 = 10_124;
/// The name of the server certificate in its vault.
pub(super) const CERTIFICATE: &str = "server";

/// Where everything goes, and who we are there.
pub(super) struct Place<'a> {
    pub(super) spec: &'a CheckedSpec,
    /// The path of the resource group.
    pub(super) group_path: String,
    pub(super) tenant_id: String,
    /// Who may fill the vault.
    pub(super) object_id: String,
}

impl Place<'_> {
    fn path(&self, resource_type: &str, name: &str) -> String {
        format!("{}/providers/{resource_type}/{name}", self.group_path)
    }

    /// The path of a resource of the network, which is its id.
    pub(super) fn network(&self, kind: &str, name: &str) -> String {
        self.path(&format!("Microsoft.Network/{kind}"), name)
    }

    pub(super) fn name(&self, ending: &str) -> String {
        format!("{}-{ending}", self.spec.prefix)
    }

    fn put(
        &self,
        key: &'static str,
        kind: &'static str,
        path: String,
        api_version: &'static str,
        body: Value,
    ) -> Resource {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut body = body;
        if let Some(body) = body.as_object_mut() {
            body.insert("location".into(), self.spec.region().into());
            body.insert("tags".into(), json!({ "cmgateway": self.spec.service_name }));
        }
        Resource { key: key.to_owned(), kind, name, how: How::Put, path, api_version, body }
    }
}

/// Every resource, in order.
pub(super) fn resources(place: &Place<'_>) -> Result<Vec<Resource>> {
    place.spec.check_for_azure(true)?;
    let mut all = providers(place);
    all.push(group(place));
    all.push(identity(place));
    all.push(security_group(place));
    all.push(network(place));
    all.push(public_address(place));
    all.push(load_balancer(place));
    all.extend(vault(place));
    if place.spec.spec.enable_cloud_dp_function {
        all.push(storage(place));
    }
    all.extend(scale_set::resources(place)?);
    Ok(all)
}

fn providers(place: &Place<'_>) -> Vec<Resource> {
    let subscription = place.group_path.split("/resourceGroups/").next().unwrap_or_default();
    let provider = |key: &str, namespace: &str| Resource {
        key: key.to_owned(),
        kind: "resource provider",
        name: namespace.to_owned(),
        how: How::Provider,
        path: format!("{subscription}/providers/{namespace}"),
        api_version: GROUPS,
        body: json!({ "registrationState": "Registered" }),
    };
    vec![
        provider("compute", "Microsoft.Compute"),
        provider("networking", "Microsoft.Network"),
        provider("vaults", "Microsoft.KeyVault"),
        provider("storages", "Microsoft.Storage"),
        provider("identities", "Microsoft.ManagedIdentity"),
    ]
}

fn group(place: &Place<'_>) -> Resource {
    let existing = place.spec.spec.is_using_existing_group;
    let mut body = json!({ "location": place.spec.region() });
    if let (false, Some(body)) = (existing, body.as_object_mut()) {
        // Deleting the gateway deletes a group that has this, and no other.
        body.insert("tags".into(), json!({ "cmgateway": place.spec.service_name }));
    }
    Resource {
        key: "group".to_owned(),
        kind: "resource group",
        name: place.spec.group(),
        how: How::Group { existing },
        path: place.group_path.clone(),
        api_version: GROUPS,
        body,
    }
}

fn identity(place: &Place<'_>) -> Resource {
    let path = place.path("Microsoft.ManagedIdentity/userAssignedIdentities", &place.name("identity"));
    place.put("identity", "managed identity", path, IDENTITIES, json!({}))
}

/// Lets in what the gateway serves and nothing else. The ports are those behind the load balancer's translation.
fn security_group(place: &Place<'_>) -> Resource {
    let rule = |name: &str, priority: u32, from: &str, port: u32, what: &str| {
        json!({ "name": name, "properties": {
            "description": what, "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": port.to_string(),
            "sourceAddressPrefix": from, "destinationAddressPrefix": "*",
            "access": "Allow", "priority": priority, "direction": "Inbound",
        }})
    };
    let mut rules = vec![
        rule("clients", 100, "Internet", 443, "Clients over HTTPS"),
        rule("probe", 110, "AzureLoadBalancer", 443, "The load balancer's probe"),
    ];
    if place.spec.spec.vm_instance_count > 1 {
        let what = "The connection point; outside ports 10124 to 10139, one for each instance";
        rules.push(rule("connection-point", 120, "Internet", TUNNEL_PORT, what));
    }
    let path = place.network("networkSecurityGroups", &place.name("nsg"));
    place.put("nsg", "security group", path, NETWORK, json!({ "properties": { "securityRules": rules } }))
}

fn network(place: &Place<'_>) -> Resource {
    let security = place.network("networkSecurityGroups", &place.name("nsg"));
    let body = json!({ "properties": {
        "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
        // Inline: a later put of the network without its subnets would remove them.
        "subnets": [{ "name": "instances", "properties": {
            "addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": { "id": security },
            "defaultOutboundAccess": false,
        }}],
    }});
    place.put("vnet", "virtual network", place.network("virtualNetworks", &place.name("vnet")), NETWORK, body)
}

fn public_address(place: &Place<'_>) -> Resource {
    let body = json!({ "sku": { "name": "Standard", "tier": "Regional" }, "properties": {
        "publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4", "idleTimeoutInMinutes": 30,
        "dnsSettings": { "domainNameLabel": place.spec.prefix },
    }});
    place.put("ip", "public address", place.network("publicIPAddresses", &place.name("ip")), NETWORK, body)
}

fn load_balancer(place: &Place<'_>) -> Resource {
    let path = place.network("loadBalancers", &place.name("lb"));
    let child = |kind: &str, name: &str| json!({ "id": format!("{path}/{kind}/{name}") });
    let front = child("frontendIPConfigurations", "public");
    let pool = child("backendAddressPools", "instances");
    let address = place.network("publicIPAddresses", &place.name("ip"));
    // Without the tunnels' port an instance is reached at 443 only, as Microsoft's single one is.
    let mut pools = Vec::new();
    if place.spec.spec.vm_instance_count > 1 {
        pools.push(json!({ "name": "connection-point", "properties": {
            "frontendIPConfiguration": front, "protocol": "Tcp",
            "frontendPortRangeStart": TUNNEL_PORT, "frontendPortRangeEnd": TUNNEL_PORT + 15, "backendPort": TUNNEL_PORT,
        }}));
    }
    let body = json!({ "sku": { "name": "Standard" }, "properties": {
        "frontendIPConfigurations": [{ "name": "public", "properties": { "publicIPAddress": { "id": address } } }],
        "backendAddressPools": [{ "name": "instances" }],
        "probes": [{ "name": "https", "properties": {
            "protocol": "Tcp", "port": 443, "intervalInSeconds": 5, "numberOfProbes": 2,
        }}],
        "loadBalancingRules": [{ "name": "https", "properties": {
            "frontendIPConfiguration": front, "backendAddressPool": pool, "probe": child("probes", "https"),
            "protocol": "Tcp", "frontendPort": 443, "backendPort": 443, "idleTimeoutInMinutes": 30,
            "enableTcpReset": true, "loadDistribution": "Default", "disableOutboundSnat": true,
        }}],
        "inboundNatPools": pools,
        "outboundRules": [{ "name": "out", "properties": {
            "frontendIPConfigurations": [front], "backendAddressPool": pool, "protocol": "All",
            "allocatedOutboundPorts": 1024, "idleTimeoutInMinutes": 15,
        }}],
    }});
    place.put("lb", "load balancer", path, NETWORK, body)
}

fn vault(place: &Place<'_>) -> Vec<Resource> {
    let policy = |object_id: &str, certificates: &[&str], secrets: &[&str]| {
        json!({ "tenantId": place.tenant_id, "objectId": object_id,
            "permissions": { "certificates": certificates, "secrets": secrets } })
    };
    let body = json!({ "properties": {
        "tenantId": place.tenant_id, "sku": { "family": "A", "name": "standard" },
        "accessPolicies": [
            policy(&place.object_id, &["get", "list", "import", "delete", "recover", "purge"], &["get", "list", "set"]),
            policy("${identity:/properties/principalId}", &["get", "list"], &["get", "list"]),
        ],
        // Newer versions of the API would take roles in place of the policies.
        "enableRbacAuthorization": false,
        "enabledForDeployment": true, "softDeleteRetentionInDays": 7,
    }});
    let path = place.path("Microsoft.KeyVault/vaults", &place.spec.prefix);
    let mut vault = place.put("vault", "key vault", path.clone(), VAULTS, body);
    vault.how = How::Vault;
    let certificate = Resource {
        key: "certificate".to_owned(),
        kind: "server certificate",
        name: CERTIFICATE.to_owned(),
        how: How::VaultCertificate,
        path,
        api_version: "",
        body: json!({ "thumbprint": place.spec.server.certificate.thumbprint().to_string() }),
    };
    vec![vault, certificate]
}

fn storage(place: &Place<'_>) -> Resource {
    let body = json!({ "sku": { "name": "Standard_LRS" }, "kind": "StorageV2", "properties": {
        "minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": false, "supportsHttpsTrafficOnly": true,
    }});
    let path = place.path("Microsoft.Storage/storageAccounts", &place.spec.prefix);
    place.put("storage", "storage account", path, STORAGE, body)
}
