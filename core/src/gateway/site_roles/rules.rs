//! What a role must be to take gateway traffic; pure. Each rule has a name, which errors carry as the context `rule`.

use super::role::{ClientConnections, RoleKind, SiteRole};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::site_switches::SiteSwitchesState;

/// What the rules look at beside the role itself.
pub(super) struct Around<'a> {
    /// The switches of the site; None where the site does not tell them.
    pub(super) switches: Option<&'a SiteSwitchesState>,
    /// How many servers of the site are connection points.
    pub(super) connection_points: usize,
}

/// Refuses what the product would not take, and gives what the administrator should know.
pub(super) fn check(before: &SiteRole, after: &SiteRole, around: &Around<'_>) -> Result<Vec<String>> {
    let operation = format!("plan {}", after.title());
    let refuse = |kind, rule: &str, cause: &str| {
        Err(Error::new(kind, operation.as_str(), format!("rule {rule}: {cause}")).with_context("rule", rule))
    };
    if after.kind == RoleKind::DistributionPoint && after.gateway_traffic && !before.gateway_traffic {
        return refuse(
            ErrorKind::Unsupported,
            "no_distribution_point",
            "a distribution point takes no gateway traffic. Technical Preview 1606 had it, and the set-up page of 1610 \
             still names it in step 7; every release since serves content from the gateway's own storage \
             (enable_cloud_dp_function of the gateway), and only management and software update points take traffic",
        );
    }
    let enhanced_http = around.switches.is_some_and(|switches| switches.enhanced_http);
    if around.switches.is_some_and(|switches| switches.https_only) && !after.https && before.https {
        return refuse(
            ErrorKind::Config,
            "site_is_https_only",
            "the site takes HTTPS only, so the role must; set https, or clear https_only at the site first",
        );
    }
    if after.gateway_traffic && !after.https && !enhanced_http {
        return refuse(
            ErrorKind::Config,
            "gateway_needs_https",
            "gateway traffic needs HTTPS at the role, or Enhanced HTTP at the site; set https, or enhanced_http first",
        );
    }
    if after.gateway_traffic && after.client_connections == Some(ClientConnections::Intranet) {
        return refuse(
            ErrorKind::Config,
            "gateway_needs_internet",
            "clients behind the gateway are on the Internet; client_connections must be internet or \
             internet_and_intranet",
        );
    }
    let takes_internet = after.client_connections.is_some_and(|all| all != ClientConnections::Intranet);
    if !after.gateway_traffic && takes_internet && !after.https {
        return refuse(
            ErrorKind::Config,
            "internet_needs_gateway_or_https",
            "without gateway traffic and HTTPS its clients must be on the intranet; client_connections must be intranet",
        );
    }
    Ok(warnings(before, after, around))
}

fn warnings(before: &SiteRole, after: &SiteRole, around: &Around<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if after.gateway_traffic {
        if around.connection_points == 0 {
            warnings.push(
                "no server of the site is a connection point yet; nothing comes until one is".to_owned(),
            );
        }
        if around.switches.is_none() {
            warnings.push(
                "the site does not tell its switches; whether it has Enhanced HTTP is not known".to_owned(),
            );
        }
        if after.https && after.kind == RoleKind::ManagementPoint {
            warnings.push(
                "where clients show PKI certificates, the connection point needs a client certificate as well".to_owned(),
            );
        }
    } else if after.client_connections.is_some_and(|all| all != ClientConnections::Intranet) {
        warnings.push(
            "it takes clients of the Internet without a gateway: they must reach the server itself over HTTPS".to_owned(),
        );
    }
    if before.gateway_traffic && after.kind == RoleKind::DistributionPoint && after.gateway_traffic {
        warnings.push(
            "this distribution point is set to take gateway traffic, which no release since Technical Preview 1606 \
             does; clear gateway_traffic"
                .to_owned(),
        );
    }
    warnings
}
