//! What adding, changing or removing a connection point would do; pure.

use super::internet_proxy::InternetProxy;
use super::role::{KnownGateway, Link};
use super::{ROLE_NAME, SITE_SYSTEM};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::site_control::{Edit, PropertyChange, SitePlan, new_role};
use crate::wmi::{Instance, ObjectPath};

/// What a plan is made from.
pub(super) struct Planned<'a> {
    pub(super) site_code: &'a str,
    pub(super) server: &'a str,
    /// The role of the server, where it has it.
    pub(super) item: Option<&'a Instance>,
    /// How many other servers have it.
    pub(super) others: usize,
    /// The server's role of a site system.
    pub(super) system: Option<&'a Instance>,
    /// Whether a server that is no site system becomes one.
    pub(super) makes_systems: bool,
    pub(super) gateways: Vec<KnownGateway>,
    /// The gateway that is asked for, in the site's spelling.
    pub(super) gateway: Option<String>,
    pub(super) internet_proxy: Option<&'a Option<InternetProxy>>,
}

impl Planned<'_> {
    pub(super) fn add(&self) -> Result<SitePlan> {
        let Some(gateway) = &self.gateway else {
            return Err(
                self.refusal(ErrorKind::Config, "gateway is missing; name the gateway it shall belong to")
            );
        };
        if let Some(item) = self.item {
            let link = Link::of(item, &self.gateways)?;
            // Also one that the site does not know: it may be about to come, or named in another way.
            if let Some(other) = link.named().filter(|other| other != gateway) {
                let cause =
                    format!("the server has the role already, for gateway {other}; change it instead");
                return Err(self.refusal(ErrorKind::Conflict, &cause));
            }
            return self.change();
        }
        let mut plan = self.new_plan();
        plan.note(&self.title(), "role", None, Some(ROLE_NAME.to_owned()));
        plan.note(&self.title(), "gateway", None, Some(gateway.clone()));
        let (item, instance) = new_role(self.site_code, self.server, ROLE_NAME, &[Link::of_new(gateway)])?;
        let role = Edit::Add { item, instance: Box::new(instance) };
        // The proxy first: the new role dials at once.
        self.plan_proxy(&mut plan, true)?;
        plan.edits.push(role);
        Ok(plan)
    }

    pub(super) fn change(&self) -> Result<SitePlan> {
        let Some(item) = self.item else {
            return Err(
                self.refusal(ErrorKind::NotFound, &format!("the server does not have the role {ROLE_NAME}"))
            );
        };
        if self.gateway.is_none() && self.internet_proxy.is_none() {
            return Err(self.refusal(ErrorKind::Config, "nothing is given to change"));
        }
        let mut plan = self.new_plan();
        let link = Link::of(item, &self.gateways)?;
        if let Some(gateway) = &self.gateway {
            plan.note(&self.title(), "gateway", link.named(), Some(gateway.clone()));
            if link.service_name.as_ref() != Some(gateway) {
                let after = link.wanted(gateway);
                let change = PropertyChange { name: link.property, before: link.stored, after };
                plan.edit(self.path_of(item)?, vec![change]);
            }
        }
        self.plan_proxy(&mut plan, false)?;
        Ok(plan)
    }

    pub(super) fn remove(&self) -> Result<SitePlan> {
        let mut plan = self.new_plan();
        let Some(item) = self.item else {
            plan.warnings.push(format!("{} does not have the role", self.server));
            return Ok(plan);
        };
        plan.note(&self.title(), "role", Some(ROLE_NAME.to_owned()), None);
        plan.edits.push(Edit::Remove { item: self.path_of(item)?.clone() });
        if self.others == 0 {
            plan.warnings.push(
                "it is the site's last connection point: clients on the Internet are cut off".to_owned(),
            );
        }
        Ok(plan)
    }

    /// The proxy lies at the role of the site system.
    fn plan_proxy(&self, plan: &mut SitePlan, is_new: bool) -> Result<()> {
        let shown =
            |proxy: Option<&InternetProxy>| Some(proxy.map_or("none".to_owned(), ToString::to_string));
        let item = format!("{SITE_SYSTEM} on {}", self.server);
        match self.system {
            Some(system) => {
                let Some(wanted) = self.internet_proxy else { return Ok(()) };
                let before = InternetProxy::read(system)?;
                plan.note(&item, "internet_proxy", shown(before.as_ref()), shown(wanted.as_ref()));
                if before != *wanted {
                    let changes = InternetProxy::changes(system, wanted.as_ref())?;
                    plan.edit(self.path_of(system)?, changes);
                }
                self.warn_of_proxy(plan);
                Ok(())
            }
            None if self.makes_systems && (is_new || self.internet_proxy.is_some()) => {
                let wanted = self.internet_proxy.and_then(Option::as_ref);
                let properties = InternetProxy::properties(wanted);
                let (path, instance) = new_role(self.site_code, self.server, SITE_SYSTEM, &properties)?;
                plan.note(&item, "role", None, Some(SITE_SYSTEM.to_owned()));
                plan.note(&item, "internet_proxy", None, shown(wanted));
                plan.edits.push(Edit::Add { item: path, instance: Box::new(instance) });
                self.warn_of_proxy(plan);
                Ok(())
            }
            None if is_new || self.internet_proxy.is_some() => {
                let cause = "the server is no site system of this site; create it in the console first";
                Err(self.refusal(ErrorKind::NotFound, cause))
            }
            None => Ok(()),
        }
    }

    fn warn_of_proxy(&self, plan: &mut SitePlan) {
        if self.internet_proxy.is_some_and(Option::is_some) {
            plan.warnings.push(
                "the proxy must let CONNECT through to as many ports as the gateway has instances, from 10124 on (443 \
                 alone for one instance); other roles of the server go through it as well"
                    .to_owned(),
            );
        }
    }

    fn new_plan(&self) -> SitePlan {
        SitePlan::new(format!("connection point {} of site {}", self.server, self.site_code))
    }

    fn title(&self) -> String {
        format!("{ROLE_NAME} on {}", self.server)
    }

    fn path_of<'a>(&self, item: &'a Instance) -> Result<&'a ObjectPath> {
        item.path().ok_or_else(|| {
            self.refusal(ErrorKind::Protocol, "the site answered without the keys of the item")
        })
    }

    fn refusal(&self, kind: ErrorKind, cause: &str) -> Error {
        Error::new(kind, format!("plan connection point {}", self.server), cause)
    }
}
