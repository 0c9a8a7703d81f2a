//! Checks of the site's switches and roles: steps 5 to 7 of the set-up.

use super::run::Run;
use super::verdict::Verdict;
use crate::gateway::connection_point_role::ConnectionPointRoles;
use crate::gateway::site_roles::{ClientConnections, RoleKind, SiteRole, SiteRoles};
use crate::gateway::site_switches::{SiteSwitches, SiteSwitchesState};

const NO_SITE: &str = "no site was given";

/// What the site holds about roles and switches is on a real site, and on copies of one.
const NO_ROLES: &str = "the site holds no roles: the gateway goes by settings files";

async fn has_roles(run: &Run) -> bool {
    let Some(site) = &run.options.site else { return false };
    let wql = "SELECT ItemName FROM SMS_SCI_SysResUse";
    match site.query(wql, &crate::wmi::wql::Parameters::None).await {
        Ok(rows) => rows.all().await.is_ok_and(|rows| !rows.is_empty()),
        // The check itself then tells why.
        Err(_) => true,
    }
}

/// Reads something of the site within the time; the verdict where that is not possible.
async fn within<T>(run: &Run, read: impl Future<Output = crate::Result<T>>) -> Result<T, Verdict> {
    if !has_roles(run).await {
        return Err(Verdict::skipped(if run.options.site.is_some() { NO_ROLES } else { NO_SITE }));
    }
    match tokio::time::timeout(run.options.timeout, read).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(Verdict::failed(error.to_string())),
        Err(_) => Err(Verdict::failed(format!("no answer within {:?}", run.options.timeout))),
    }
}

async fn switches(run: &Run) -> Result<SiteSwitchesState, Verdict> {
    let Some(site) = &run.options.site else { return Err(Verdict::skipped(NO_SITE)) };
    within(run, SiteSwitches::of(site).read()).await
}

/// The roles that take gateway traffic.
async fn open_roles(run: &Run) -> Result<Vec<SiteRole>, Verdict> {
    let Some(site) = &run.options.site else { return Err(Verdict::skipped(NO_SITE)) };
    let mut roles = within(run, SiteRoles::of(site).list(None)).await?;
    roles.retain(|role| role.gateway_traffic);
    Ok(roles)
}

pub(super) async fn site_pki(run: &mut Run) -> Verdict {
    if run.options.client_identity.is_none() {
        return Verdict::skipped("no client certificate was given: clients may prove themselves otherwise");
    }
    match switches(run).await {
        Ok(state) if state.use_pki_client_certificate => Verdict::passed(state.text),
        Ok(state) => {
            Verdict::failed(format!("clients of the site do not use PKI certificates: {}", state.text))
        }
        Err(verdict) => verdict,
    }
}

pub(super) async fn site_http(run: &mut Run) -> Verdict {
    match switches(run).await {
        Ok(state) if state.https_only || state.enhanced_http => Verdict::passed(state.text),
        Ok(state) => Verdict::warning(format!("the site lets clients use plain HTTP: {}", state.text)),
        Err(verdict) => verdict,
    }
}

pub(super) async fn site_crl(run: &mut Run) -> Verdict {
    match switches(run).await {
        Ok(state) if state.check_crl => {
            Verdict::warning(format!("clients check revocation lists of site systems: {}", state.text))
        }
        Ok(state) => Verdict::passed(state.text),
        Err(verdict) => verdict,
    }
}

pub(super) async fn site_connection_points(run: &mut Run) -> Verdict {
    let Some(site) = run.options.site.clone() else { return Verdict::skipped(NO_SITE) };
    let roles = ConnectionPointRoles::of(&site);
    let read = async { Ok((roles.list().await?, roles.advice(&run.options.service_name).await?)) };
    let (list, advice) = match within(run, read).await {
        Ok(read) => read,
        Err(verdict) => return verdict,
    };
    // Where a real site keeps the link to the gateway is not published: without one a role counts.
    let unlinked = list.iter().filter(|role| role.gateway.is_none()).count();
    let existing = advice.existing.saturating_add(u32::try_from(unlinked).unwrap_or(u32::MAX));
    let words = format!(
        "{existing} connection points, {} recommended for {} instances",
        advice.recommended, advice.instances
    );
    match existing {
        0 => Verdict::failed("the site has no connection point for this gateway"),
        few if few < advice.recommended => Verdict::warning(words),
        _ => Verdict::passed(words),
    }
}

pub(super) async fn site_roles_open(run: &mut Run) -> Verdict {
    match open_roles(run).await {
        Ok(roles) if roles.iter().any(|role| role.kind == RoleKind::ManagementPoint) => {
            let names: Vec<String> = roles.iter().map(named).collect();
            Verdict::passed(format!("gateway traffic is allowed on {}", names.join(", ")))
        }
        Ok(_) => Verdict::failed("no management point of the site allows gateway traffic"),
        Err(verdict) => verdict,
    }
}

fn named(role: &SiteRole) -> String {
    format!("{} {}", role.kind.as_str(), role.server)
}

pub(super) async fn site_roles_https(run: &mut Run) -> Verdict {
    let (roles, state) = match (open_roles(run).await, switches(run).await) {
        (Ok(roles), Ok(state)) => (roles, state),
        (Err(verdict), _) | (_, Err(verdict)) => return verdict,
    };
    // With Enhanced HTTP the site gives management points a certificate of its own.
    let counts =
        |role: &&SiteRole| !(role.https || state.enhanced_http && role.kind == RoleKind::ManagementPoint);
    let faults = roles
        .iter()
        .filter(counts)
        .map(|role| format!("{} takes gateway traffic over plain HTTP", named(role)));
    Verdict::of_faults(faults.collect(), "every role that takes gateway traffic has HTTPS")
}

pub(super) async fn site_roles_internet(run: &mut Run) -> Verdict {
    match open_roles(run).await {
        Ok(roles) => {
            let inside =
                roles.iter().filter(|role| role.client_connections == Some(ClientConnections::Intranet));
            let faults = inside.map(|role| format!("{} allows clients of the intranet only", named(role)));
            Verdict::of_faults(
                faults.collect(),
                "roles that take gateway traffic allow clients of the Internet",
            )
        }
        Err(verdict) => verdict,
    }
}

pub(super) async fn site_revocation(run: &mut Run) -> Verdict {
    let Some(row) = &run.row else { return Verdict::skipped(NO_SITE) };
    let Some(crate::wmi::Value::Boolean(site)) = row.get("ClientCertRevocationEnabled") else {
        return Verdict::skipped(
            "the site does not say whether client certificates are checked for revocation",
        );
    };
    if run.options.instances.is_empty() {
        return Verdict::skipped("no settings of a connection point were given");
    }
    let given = run.options.revocation != crate::cert::RevocationMode::Off;
    let word = |on: bool| if on { "checked" } else { "not checked" };
    match *site == given {
        true => Verdict::passed(format!("the revocation of clients is {} on both sides", word(given))),
        false => Verdict::warning(format!(
            "the revocation of clients is {} in the site and {} at the gateway",
            word(*site),
            word(given)
        )),
    }
}
