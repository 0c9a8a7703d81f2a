//! Which roles are published, with which endpoints.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::external_path::{Authentication, ExternalPath, ExternalTarget, RoleId, decode};
use super::internal_address::InternalAddress;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{MAPPING_ENDPOINTS_MAX, MAPPINGS_MAX};

/// The endpoints that a management point publishes.
pub const MANAGEMENT_POINT_ENDPOINTS: [&str; 6] =
    ["CCM_System", "CCM_Incoming", "SMS_MP", "CCM_STS", "ccm_system_tokenauth", "CCM_Client"];
/// The endpoint of an SMS Provider that publishes its administration service.
pub const ADMIN_SERVICE_ENDPOINTS: [&str; 1] = ["AdminService"];

/// What an instance has to know about a published role: nothing of the inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The number of the role.
    pub id: u64,
    /// The endpoints that pass, such as `SMS_MP`; whole path parts, compared without case.
    pub endpoints: Vec<String>,
    /// The largest request body that passes, in bytes; nothing for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body_bytes_max: Option<u64>,
}

/// One published role, and where it lives inside.
///
/// ```
/// use cmgateway::proxy::{MANAGEMENT_POINT_ENDPOINTS, Mapping};
/// let mapping = Mapping::new(9, &MANAGEMENT_POINT_ENDPOINTS, &["https://mp1.contoso.com"])?;
/// assert_eq!(mapping.internal.len(), 1);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mapping {
    /// What is published.
    pub published: Published,
    /// The servers that serve it, asked in turn.
    pub internal: Vec<InternalAddress>,
}

impl Mapping {
    /// Publishes these endpoints of these servers under this number.
    ///
    /// # Errors
    /// `config` where an address or an endpoint cannot be one, or there is none.
    pub fn new(id: u64, endpoints: &[&str], internal: &[&str]) -> Result<Self> {
        let internal = internal.iter().map(|text| text.parse()).collect::<Result<Vec<_>>>()?;
        if internal.is_empty() {
            return Err(refuse(id, "it names no internal address"));
        }
        let endpoints = endpoints.iter().map(|&text| text.to_owned()).collect();
        Ok(Mapping { published: Published { id, endpoints, request_body_bytes_max: None }, internal })
    }
}

fn refuse(id: u64, cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, format!("publish role {id}"), cause)
}

/// Every published role, by its number.
///
/// ```
/// use cmgateway::proxy::{ExternalPath, MappingTable, Published};
/// let role = Published { id: 9, endpoints: vec!["SMS_MP".into()], request_body_bytes_max: None };
/// let table = MappingTable::new(vec![role])?;
/// assert!(table.find(&ExternalPath::read("/CCM_Proxy_MutualAuth/9/sms_mp/.sms_aut").unwrap()).is_some());
/// assert!(table.find(&ExternalPath::read("/CCM_Proxy_MutualAuth/9/admin").unwrap()).is_none());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingTable {
    roles: HashMap<RoleId, Published>,
}

impl MappingTable {
    /// Takes the published roles.
    ///
    /// # Errors
    /// `config` for an id given twice, an endpoint that is no path part, and beyond
    /// [`MAPPINGS_MAX`](crate::limits::MAPPINGS_MAX) and
    /// [`MAPPING_ENDPOINTS_MAX`](crate::limits::MAPPING_ENDPOINTS_MAX).
    pub fn new(published: Vec<Published>) -> Result<Self> {
        let mut roles = HashMap::with_capacity(published.len().min(MAPPINGS_MAX));
        for role in published {
            if roles.len() == MAPPINGS_MAX {
                return Err(refuse(role.id, format!("there are more than {MAPPINGS_MAX}")));
            }
            if role.endpoints.is_empty() || role.endpoints.len() > MAPPING_ENDPOINTS_MAX {
                return Err(refuse(role.id, format!("it needs 1 to {MAPPING_ENDPOINTS_MAX} endpoints")));
            }
            if let Some(wrong) = role.endpoints.iter().find(|endpoint| !is_endpoint(endpoint)) {
                return Err(refuse(
                    role.id,
                    format!("the endpoint {wrong:?} is no path without slashes around it"),
                ));
            }
            let id = role.id;
            if roles.insert(RoleId::new(id), role).is_some() {
                return Err(refuse(id, "it is published twice"));
            }
        }
        Ok(MappingTable { roles })
    }

    /// The endpoint that a path leads to, as it is published, where it is.
    pub fn find(&self, path: &ExternalPath<'_>) -> Option<(&Published, &str)> {
        let ExternalTarget::Role(id) = path.target else { return None };
        let role = self.roles.get(&id)?;
        let endpoint = role.endpoints.iter().find(|endpoint| leads_to(path.rest, endpoint))?;
        Some((role, endpoint))
    }

    /// The external path of a role, as clients are told it.
    pub fn external_path(authentication: Authentication, id: RoleId) -> String {
        format!("/{}/{id}", authentication.as_str())
    }

    /// How many roles are published.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// True where nothing is published.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }
}

fn is_endpoint(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        !part.is_empty() && part.bytes().all(is_plain) && !part.bytes().all(|byte| byte == b'.')
    };
    text.split('/').all(is_part)
}

/// Whole parts only: `SMS_MPx` does not lead to `SMS_MP`.
fn leads_to(rest: &str, endpoint: &str) -> bool {
    let mut asked = rest.split('/').skip(1);
    endpoint.split('/').all(|part| {
        asked.next().is_some_and(|asked| match asked.contains('%') {
            true => decode(asked).is_some_and(|asked| asked.eq_ignore_ascii_case(part)),
            false => asked.eq_ignore_ascii_case(part),
        })
    })
}
