//! A guide for people: from the first five minutes to running a gateway, errors, security, limits, questions.
//!
//! Its Rust runs as documentation tests, its Python, settings files and lines of the program by
//! `tests/python/test_guide.py`, its Lua by `tests/lua/run_the_guide.lua`, all as they stand. VBScript stands there to be
//! compared with; its twelve patterns are in `examples/porting`.

#[doc = include_str!("start.md")]
pub mod start {}

#[doc = include_str!("porting.md")]
pub mod porting {}

#[doc = include_str!("eight_steps.md")]
pub mod eight_steps {}

#[doc = include_str!("running_a_gateway.md")]
pub mod running_a_gateway {}

#[doc = include_str!("../../CHECKS.md")]
pub mod checks {}

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
