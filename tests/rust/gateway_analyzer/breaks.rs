//! The ways in which a gateway is broken, each with the check that must name it first.

use std::pin::Pin as BoxPin;
use std::sync::Arc;

use cmgateway::Secret;
use cmgateway::cert::Certificate;
use cmgateway::gateway::analyzer::AnalysisReport;
use cmgateway::net::{PemSource, TrustedRoots};
use cmgateway::proxy::Pin;
use cmgateway_tests::analyzed_gateway::{Plan, Shared, mapping_to, now};
use cmgateway_tests::gateway_parts::ROLE;
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::json;
use time::Duration;

type Broken<'a> = BoxPin<Box<dyn Future<Output = AnalysisReport> + Send + 'a>>;

/// What is broken, the check that names it, and a report about a gateway that is broken so.
pub(crate) type Break = (&'static str, &'static str, for<'a> fn(&'a Arc<Shared>) -> Broken<'a>);

/// Breaks what is started, or what the analyzer is told about it.
macro_rules! planned {
    ($name:literal, $expected:literal, |$plan:ident| $change:block) => {
        planned!($name, $expected, 1, |$plan| $change)
    };
    ($name:literal, $expected:literal, $instances:literal, |$plan:ident| $change:block) => {
        ($name, $expected, |shared| {
            Box::pin(async move {
                let mut $plan = Plan::new(shared, $instances);
                $change
                $plan.start().await.analyze().await
            })
        })
    };
}

/// Breaks what runs.
macro_rules! running {
    ($name:literal, $expected:literal, $instances:literal, |$gateway:ident| $change:block) => {
        ($name, $expected, |shared| {
            Box::pin(async move {
                #[allow(unused_mut, reason = "not every change needs it")]
                let mut $gateway = Plan::new(shared, $instances).start().await;
                $change
                $gateway.analyze().await
            })
        })
    };
}

fn yesterday() -> time::OffsetDateTime {
    now() - Duration::HOUR
}

/// A mistyped digit.
fn mistyped(certificate: &Certificate) -> String {
    let text = certificate.thumbprint().to_string();
    let last = if text.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &text[..39])
}

pub(crate) const BREAKS: &[Break] = &[
    planned!("the service name is no host name", "service_name", |plan| {
        plan.told.service_name = "*.contoso.test".into()
    }),
    planned!("the gateway has another name in the site", "site_gateway", |plan| {
        plan.set("ServiceCName", "other.contoso.test")
    }),
    planned!("the gateway is stopped in the site", "site_state", |plan| { plan.set("State", 6_u32) }),
    planned!("the traffic threshold has stopped it", "site_traffic", |plan| {
        plan.set("TrafficOutUsage", 9_001_u32)
    }),
    planned!("the site has no connection point", "site_connection_points", |plan| {
        plan.site_control = plan.site_control.replace("SMS Cloud Proxy Connector", "SMS Site System");
    }),
    planned!("no management point allows gateway traffic", "site_roles_open", |plan| {
        plan.site_control =
            plan.site_control.replace("\"AllowProxyTraffic\"; Value = 1", "\"AllowProxyTraffic\"; Value = 0");
    }),
    planned!("the management point takes HTTP", "site_roles_https", |plan| {
        plan.site_control = plan
            .site_control
            .replace("SslState = 1;", "SslState = 0;")
            .replace("Value = 1472", "Value = 448");
    }),
    planned!("the management point is for the intranet only", "site_roles_internet", |plan| {
        plan.site_control =
            plan.site_control.replace("\"MPInternetFacing\"; Value = 1", "\"MPInternetFacing\"; Value = 0");
    }),
    planned!("the site's clients use no PKI certificates", "site_pki", |plan| {
        plan.site_control = plan.site_control.replace("Value = 1472", "Value = 1216");
    }),
    planned!("the name leads nowhere", "dns_resolves", |plan| {
        plan.told.addresses = vec!["no-such-host.invalid:443".into()]
    }),
    running!("the only instance is down", "port_clients", 1, |gateway| { gateway.instances.clear() }),
    running!("one of two instances is down", "port_clients", 2, |gateway| {
        drop(gateway.instances.remove(1))
    }),
    running!("the tunnel's port is blocked", "port_tunnels", 1, |gateway| {
        gateway.told.instances[0].candidates = vec!["127.0.0.1:9".into()];
    }),
    running!("the admin address is another one", "admin_answers", 1, |gateway| {
        gateway.told.admin_addresses = vec!["127.0.0.1:9".into()];
    }),
    running!("something else listens on the port", "tls_handshake", 1, |gateway| {
        gateway.told.addresses = gateway.told.admin_addresses.clone();
    }),
    planned!("this machine's clock is two hours late", "clock", |plan| {
        plan.told.at = Some(now() - Duration::hours(2))
    }),
    planned!("this machine's clock is ten years ahead", "clock", |plan| {
        plan.told.at = Some(now() + Duration::days(3650))
    }),
    planned!("the server certificate has expired", "server_validity", |plan| {
        let owner = plan.shared.server_with(&plan.shared.server_ca, |params| params.not_after = yesterday());
        plan.serve_with(&owner);
    }),
    planned!("the server certificate is not valid yet", "server_validity", |plan| {
        let owner = plan
            .shared
            .server_with(&plan.shared.server_ca, |params| params.not_before = now() + Duration::DAY);
        plan.serve_with(&owner);
    }),
    planned!("one instance shows an older certificate", "server_same", 2, |plan| {
        let owner = plan.shared.server_with(&plan.shared.server_ca, |_| {});
        (plan.instances[1].certificate_chain_pem, plan.instances[1].key_pem) = owner.identity();
        plan.point.instance_pins.push(Pin::of(&owner.certificate));
    }),
    planned!("the gateway shows another certificate than it was given", "server_expected", |plan| {
        plan.told.server_certificate = Some(plan.shared.pki.server.certificate.clone());
    }),
    planned!("the site holds the thumbprint of another certificate", "server_thumbprint_site", |plan| {
        let other = mistyped(&plan.shared.server.certificate);
        plan.set("ServiceThumbprint", other);
    }),
    planned!("the server does not send its intermediate", "chain_served", |plan| {
        let mut owner = plan.shared.server.clone();
        owner.chain_pem = owner.certificate.to_pem();
        plan.serve_with(&owner);
        let both = format!(
            "{}{}",
            plan.shared.pki.root.certificate.to_pem(),
            plan.shared.server_ca.certificate.to_pem()
        );
        plan.told.trusted_roots = TrustedRoots::Pem(both.into_bytes());
    }),
    planned!("clients trust another root", "server_trusted", |plan| {
        plan.told.trusted_roots = TrustedRoots::Pem(plan.shared.stranger.certificate.to_pem().into_bytes());
    }),
    planned!("the server certificate is of another root", "server_trusted", |plan| {
        let owner = plan.shared.server_with(&plan.shared.stranger, |_| {});
        plan.serve_with(&owner);
    }),
    planned!("the server certificate is for another name", "server_name", |plan| {
        let owner = plan.shared.server_with(&plan.shared.server_ca, |params| {
            params.distinguished_name.push(rcgen::DnType::CommonName, "other.contoso.test");
            params.subject_alt_names =
                vec![rcgen::SanType::DnsName("other.contoso.test".try_into().unwrap())];
        });
        plan.serve_with(&owner);
    }),
    planned!("the server certificate is for clients", "server_trusted", |plan| {
        let owner = plan.shared.server_with(&plan.shared.server_ca, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        plan.serve_with(&owner);
    }),
    planned!("the server certificate has an elliptic key", "server_rules", |plan| {
        let key = rcgen::KeyPair::generate().unwrap();
        let owner = plan.shared.server_with_key(&plan.shared.server_ca, &key);
        plan.serve_with(&owner);
    }),
    planned!("the connection point does not run", "connection_point_connected", |plan| {
        plan.starts_point = false
    }),
    planned!("the connection point's certificate has expired", "point_certificate", |plan| {
        let owner = plan.shared.client_with(&plan.shared.pki.root, |params| params.not_after = yesterday());
        plan.point.certificate_chain_pem = owner.identity().0;
        plan.point.key_pem = owner.identity().1;
        plan.instances[0].connection_point_pins = vec![Pin::of(&owner.certificate)];
    }),
    planned!("the connection point pins an older certificate", "tunnel_pins", |plan| {
        plan.point.instance_pins = vec![Pin::of(&plan.shared.pki.server.certificate)];
    }),
    planned!("the instance pins another connection point", "tunnel_accepts_point", |plan| {
        plan.instances[0].connection_point_pins = vec![Pin::of(&plan.shared.pki.server.certificate)];
    }),
    planned!("the instance serves another gateway", "service_identity", |plan| {
        plan.point.configuration.service_name = "other.contoso.test".into();
    }),
    planned!("a thumbprint in the site lacks a digit", "site_list_wellformed", |plan| {
        let text = plan.shared.pki.sub_ca.certificate.thumbprint().to_string();
        plan.set("SubCACertThumbprint", text[..39].to_owned());
    }),
    planned!("a thumbprint in the site has a wrong digit", "site_list_uploaded", |plan| {
        let wrong = mistyped(&plan.shared.pki.sub_ca.certificate);
        let right = plan.shared.pki.other_sub_ca.certificate.thumbprint();
        plan.set("SubCACertThumbprint", format!("{wrong};{right}"));
    }),
    planned!("the site does not list a sub-CA", "sub_cas_listed", |plan| {
        let other = plan.shared.pki.other_sub_ca.certificate.thumbprint().to_string();
        plan.set("SubCACertThumbprint", other);
    }),
    planned!("a listed sub-CA was not uploaded", "site_list_uploaded", |plan| {
        plan.point.configuration.sub_cas.remove(0);
    }),
    planned!("the client's sub-CA is missing everywhere", "client_chain", |plan| {
        plan.point.configuration.sub_cas.remove(0);
        let other = plan.shared.pki.other_sub_ca.certificate.thumbprint().to_string();
        plan.set("SubCACertThumbprint", other);
    }),
    planned!("the gateway was given another root", "client_chain", |plan| {
        plan.point.configuration.roots = vec![plan.shared.stranger.certificate.clone()];
    }),
    planned!("a sub-CA was given for a root", "roots_right", |plan| {
        plan.point.configuration.roots.push(plan.shared.server_ca.certificate.clone());
    }),
    planned!("a client's certificate was uploaded for a sub-CA", "sub_cas_right", |plan| {
        let leaf = plan.shared.pki.client.certificate.clone();
        let list = plan.row.text("SubCACertThumbprint").unwrap().to_owned();
        plan.set("SubCACertThumbprint", format!("{list};{}", leaf.thumbprint()));
        plan.point.configuration.sub_cas.push(leaf);
    }),
    planned!("the client's key is another one", "client_certificate", |plan| {
        let key = PemSource::bytes(plan.shared.pki.other_client.key_pem.clone());
        plan.told.client_identity = Some((plan.shared.pki.client.identity().0, key));
    }),
    planned!("the client's certificate has expired", "client_validity", |plan| {
        let owner = plan.shared.client_with(&plan.shared.pki.sub_ca, |params| params.not_after = yesterday());
        plan.told.client_identity = Some(owner.identity());
    }),
    planned!("the client's certificate is for servers", "client_purpose", |plan| {
        let owner = plan.shared.client_with(&plan.shared.pki.sub_ca, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        });
        plan.told.client_identity = Some(owner.identity());
    }),
    planned!("the revocation list cannot be fetched", "crl_reachable", |plan| {
        plan.check_revocation(&[]);
        let owner = plan.shared.client_with(&plan.shared.pki.sub_ca, |params| {
            let uris = vec!["http://127.0.0.1:9/issuing.crl".to_owned()];
            params.crl_distribution_points = vec![rcgen::CrlDistributionPoint { uris }];
        });
        plan.told.client_identity = Some(owner.identity());
    }),
    planned!("the revocation list has ended", "crl_current", |plan| {
        let sub_ca = &plan.shared.pki.sub_ca;
        let list = sub_ca.revocation_list_between(&[], now() - Duration::days(9), now() - Duration::days(2));
        plan.check_revocation(&[list]);
    }),
    planned!("the client's certificate is revoked", "client_revocation", |plan| {
        let owner = plan
            .shared
            .client_with(&plan.shared.pki.sub_ca, |params| params.serial_number = Some(77_u64.into()));
        let list = plan.shared.pki.sub_ca.revocation_list_between(
            &[vec![77]],
            yesterday(),
            now() + Duration::days(9),
        );
        plan.check_revocation(&[list]);
        plan.told.client_identity = Some(owner.identity());
    }),
    planned!("no list speaks about the client", "client_revocation", |plan| {
        let other =
            plan.shared.pki.other_sub_ca.revocation_list_between(&[], yesterday(), now() + Duration::days(9));
        plan.check_revocation(&[other]);
    }),
    planned!("the token has ended", "token_dates", |plan| {
        plan.token(&[("exp", json!(now().unix_timestamp() - 60))]);
    }),
    planned!("the token is for another application", "token_rules", |plan| {
        plan.token(&[("aud", json!("https://other"))])
    }),
    planned!("the token is signed by a stranger", "request_token", |plan| {
        let stranger = cmgateway_tests::token_issuer::IssuerKey::new("one");
        plan.told.token =
            Some(Secret::new(stranger.sign("RS256", &cmgateway_tests::token_issuer::claims(&[]))));
    }),
    running!("the management point is stopped", "inside_reachable", 1, |gateway| {
        drop(gateway.inside.take())
    }),
    running!("the management point is stopped, seen from outside", "request_certificate", 1, |gateway| {
        gateway.told.asks_inside = false;
        drop(gateway.inside.take());
    }),
    planned!("the connection point does not trust the management point", "inside_tls", |plan| {
        plan.point.inside_roots = TrustedRoots::Pem(plan.shared.stranger.certificate.to_pem().into_bytes());
    }),
    planned!("the mapping leads to a server that refuses", "inside_answers", |plan| {
        plan.point.mappings = Vec::new();
        plan.refusing = true;
    }),
    running!("the mapping of a role is missing", "roles_published", 1, |gateway| {
        gateway.told.roles = vec![ROLE, ROLE + 1]
    }),
    running!("the instances did not get the new root", "request_certificate", 1, |gateway| {
        let client = gateway.stranger_client();
        gateway.told.client_identity = Some(client.identity());
        gateway.told.roots.push(gateway.shared.stranger.certificate.clone());
    }),
    planned!("the mapping leads to nobody", "inside_reachable", |plan| {
        plan.point.mappings = vec![mapping_to(ROLE, "https://localhost:9")];
    }),
];
