//! What the first label of a gateway's name may look like.

use super::finding::Finding;

/// Checks the first label of a service name, which becomes the name in Azure, against every published rule.
///
/// Microsoft's pages contradict each other: "server-auth-cert" allows digits and lower-case letters only, for a storage account
/// has the name too; "supported-configurations" allows hyphens inside and asks for a letter in front; the page of version 1610
/// says alphanumeric, and its example has capitals. What all of them forbid is an error, what one of them forbids is a warning
/// that says which. `^[a-z][a-z0-9]{2,23}$` satisfies all.
///
/// ```
/// use cmgateway::gateway::server_certificate::{Severity, check_name_prefix};
/// assert!(check_name_prefix("granitefalls").is_empty());
/// let findings = check_name_prefix("granite-falls");
/// assert_eq!((findings[0].severity, findings[0].rule), (Severity::Warning, "name_hyphen"));
/// ```
pub fn check_name_prefix(prefix: &str) -> Vec<Finding> {
    let mut out = Vec::new();
    let length = prefix.chars().count();
    if !(3..=24).contains(&length) {
        out.push(Finding::error(
            "name_length",
            format!("{prefix:?} has {length} characters; the name in Azure has 3 to 24"),
        ));
    }
    if let Some(wrong) = prefix.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        let text =
            format!("{prefix:?} has {wrong:?}; letters, digits and, after one page, hyphens are allowed");
        out.push(Finding::error("name_characters", text));
    }
    if prefix.starts_with('-') || prefix.ends_with('-') || prefix.contains("--") {
        let text = format!("{prefix:?} has a hyphen at an end or two in a row, which every page forbids");
        out.push(Finding::error("name_hyphen", text));
    } else if prefix.contains('-') {
        let text = format!(
            "{prefix:?} has a hyphen: allowed by the page \"supported-configurations\", forbidden by \"server-auth-cert\" \
             and by that of version 1610; with content enabled, its storage account cannot have one"
        );
        out.push(Finding::warning("name_hyphen", text));
    }
    if prefix.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let text = format!(
            "{prefix:?} has capitals: \"server-auth-cert\" allows lower case only, though Microsoft's example GraniteFalls has \
             them; Azure makes them small"
        );
        out.push(Finding::warning("name_case", text));
    }
    if prefix.starts_with(|first: char| first.is_ascii_digit()) {
        let text =
            format!("{prefix:?} begins with a digit, which \"supported-configurations\" forbids (Key Vault)");
        out.push(Finding::warning("name_first_letter", text));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(prefix: &str) -> Vec<String> {
        let short = |finding: Finding| format!("{} {}", finding.severity.as_str(), finding.rule);
        check_name_prefix(prefix).into_iter().map(short).collect()
    }

    #[test]
    fn each_rule_is_told() {
        assert!(rules("granitefalls").is_empty());
        assert!(rules("gw1").is_empty());
        assert_eq!(rules("GraniteFalls"), ["warning name_case"]);
        assert_eq!(rules("gw"), ["error name_length"]);
        assert_eq!(rules(&"g".repeat(25)), ["error name_length"]);
        assert!(rules(&"g".repeat(24)).is_empty());
        assert_eq!(rules("gw_1"), ["error name_characters"]);
        assert_eq!(rules("granite-falls"), ["warning name_hyphen"]);
        assert_eq!(rules("granite--falls"), ["error name_hyphen"]);
        assert_eq!(rules("granite-"), ["error name_hyphen"]);
        assert_eq!(rules("1gw"), ["warning name_first_letter"]);
        assert_eq!(rules("*"), ["error name_length", "error name_characters"]);
        assert_eq!(rules("-A"), ["error name_length", "error name_hyphen", "warning name_case"]);
    }
}
