//! The site control file, as far as the verbs of the trade change it: items, their named properties, and one shape of
//! plan for all of them.
//!
//! What a site is set to lies in items (`SMS_SCI_Component`, `SMS_SCI_SiteDefinition`, `SMS_SCI_SysResUse`). An item has
//! `Props`: named properties of one number and two texts each. A verb reads items, makes a [`SitePlan`], and
//! [`SitePlan::apply`] writes the properties that change, nothing else, and reads them back.

mod apply;
mod embedded_property;
mod item;
mod plan;
mod role_item;

pub(super) use self::apply::make;
pub(super) use self::embedded_property::{PropertyValue, changed, flag, new as new_property, number, text};
pub(super) use self::item::{COMPONENT, components, roles, site_definitions};
pub(super) use self::plan::{Edit, PropertyChange};
pub use self::plan::{SiteAction, SitePlan, SiteStep};
pub(super) use self::role_item::{new_role, server_of};
