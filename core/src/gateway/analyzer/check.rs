//! What a check is, and the page that describes all of them.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;

use super::run::Run;
use super::table::CHECKS;
use super::verdict::Verdict;

/// A check at work.
pub(super) type Checking<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// One named check of the analyzer.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Check {
    /// Its name, for scripts, such as `server_name`.
    pub id: &'static str,
    /// What it is about, such as `certificate`.
    pub area: &'static str,
    /// What holds where it passes.
    pub proves: &'static str,
    /// What must be given for it; without that it is skipped.
    pub needs: &'static str,
    /// The checks that must not have failed, or been skipped because of one that failed.
    pub after: &'static [&'static str],
    /// What is usually behind it where it fails.
    pub cause: &'static str,
    /// What to do then.
    pub remedy: &'static str,
    /// True where a gateway of Microsoft answers it too; the others need what only this library's gateways say.
    pub works_with_microsofts: bool,
    pub(super) run: for<'a> fn(&'a mut Run) -> Checking<'a>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every check of the analyzer, in the order in which they are made.
///
/// ```
/// use cmgateway::gateway::analyzer::checks;
/// assert!(checks().len() > 40);
/// assert_eq!(checks().iter().filter(|check| check.id == "server_name").count(), 1);
/// ```
pub fn checks() -> &'static [Check] {
    &CHECKS
}

/// The page that describes every check, as Markdown; `core/CHECKS.md` is this text.
///
/// ```
/// use cmgateway::gateway::analyzer::checks_page;
/// assert!(checks_page().contains("### `server_name`"));
/// ```
pub fn checks_page() -> String {
    let mut page = String::from(
        "# The checks of the analyzer\n\n\
         This page is made from the table in the code (`cmgateway analyze --list-checks`); a test compares them.\n\n\
         Checks run in this order, and the first that failed is the cause to look at: what can only be judged after it is\n\
         skipped and says so. What a check needs and was not given skips it too. Checks marked *own* read what only this\n\
         library's gateways say; the others were written for Microsoft's gateway as well, from its documents: none of them\n\
         has met a live one.\n",
    );
    let mut area = "";
    for check in checks() {
        if check.area != area {
            area = check.area;
            let _ = write!(page, "\n## {area}\n");
        }
        let own = if check.works_with_microsofts { "" } else { " (own)" };
        let after = if check.after.is_empty() { "nothing".to_owned() } else { check.after.join(", ") };
        let _ = write!(
            page,
            "\n### `{}`{own}\n\nProves: {}\\\nNeeds: {}; after: {after}\\\nWhere it fails: {}\\\nRemedy: {}\n",
            check.id, check.proves, check.needs, check.cause, check.remedy
        );
    }
    page
}
