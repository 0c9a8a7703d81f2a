//! A guide for people: errors and what to do about them, security, limits, Windows, questions that administrators ask.
//!
//! Every code block in it runs with the tests. The five-minute start is in the README, the twelve patterns of VBScript in
//! `examples/porting`, the checks of the analyzer in `core/CHECKS.md`.

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("windows.md")]
pub mod windows {}

#[doc = include_str!("questions.md")]
pub mod questions {}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;

    #[test]
    fn every_kind_of_error_has_its_remedy() {
        let chapter = include_str!("errors.md");
        let told: Vec<_> =
            chapter.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
        assert_eq!(told, ErrorKind::ALL.map(ErrorKind::as_str));
    }
}
