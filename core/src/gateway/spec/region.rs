//! Regions, as Configuration Manager and Azure write them.

/// The regions of the cmdlet's help and some more, with the names that the classic API takes.
const REGIONS: &[(&str, &str)] = &[
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("centralus", "Central US"),
    ("northcentralus", "North Central US"),
    ("southcentralus", "South Central US"),
    ("westcentralus", "West Central US"),
    ("northeurope", "North Europe"),
    ("westeurope", "West Europe"),
    ("southeastasia", "Southeast Asia"),
    ("eastasia", "East Asia"),
    ("usgovvirginia", "USGov Virginia"),
    ("usgoviowa", "USGov Iowa"),
];

/// True for what can be a region's name; which regions a subscription has, only Azure knows.
pub(super) fn is_region(text: &str) -> bool {
    (3..=60).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
}

/// The name that the classic API takes, such as `West US 2` for `WestUS2`; an unknown one as it stands.
///
/// ```
/// assert_eq!(cmgateway::gateway::spec::display_region("WestUS2"), "West US 2");
/// ```
pub fn display_region(region: &str) -> String {
    let plain = region.replace(' ', "").to_ascii_lowercase();
    let known = REGIONS.iter().find(|(name, _)| *name == plain);
    known.map_or_else(|| region.to_owned(), |(_, display)| (*display).to_owned())
}
