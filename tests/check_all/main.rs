//! Builds everything and passes every test: `cargo check-all`.
//!
//! It needs Rust, a C compiler and Python with `venv`. What this machine lacks beyond that is named, with how to
//! get it, and counted as skipped; with `CI=true` or `--require-all` it counts as failed.

mod lua;
mod python;
mod supply_chain;

use std::process::ExitCode;

use cmgateway_examples::checkout::{cargo, run};
use cmgateway_examples::python_environment::PythonEnvironment;
use cmgateway_tests::skip::REQUIRE_ALL;

use cmgateway_tests::report::Report;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word != "--require-all") {
        eprintln!("usage: cargo check-all [-- --require-all]");
        return ExitCode::FAILURE;
    }
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let require_all = in_ci || !arguments.is_empty();
    let mut report = Report::new(require_all);
    // First, because a package of samples comes with it that the Rust tests read.
    let python = python::prepare(&mut report);
    rust(&mut report, require_all, python.as_ref());
    // The tests in Python and Lua start it by this name.
    report.step("servers for the tests in Python and Lua", || {
        let mut build = cargo();
        build.args(["build", "--quiet", "--package", "cmgateway-tests"]);
        Ok(run(build.args(["--bin", "misbehaving-servers", "--bin", "wsman-service"]))?)
    });
    if let Some(python) = &python {
        python::check(&mut report, python);
    }
    lua::check(&mut report);
    supply_chain::check(&mut report, python.as_ref());
    report.step("quick start", || Ok(run(cargo().arg("quickstart"))?));
    report.finish()
}

fn rust(report: &mut Report, require_all: bool, python: Option<&PythonEnvironment>) {
    report.step("rustfmt", || Ok(run(cargo().args(["fmt", "--all", "--check"]))?));
    report.step("clippy", || {
        Ok(run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?)
    });
    // What makes the module for stock Lua is behind a feature, which the workspace does not turn on.
    report.step("clippy of the Lua module", || {
        let mut clippy = cargo();
        clippy.args(["clippy", "--quiet", "--package", "cmgateway-lua", "--features", "lua54"]);
        Ok(run(clippy.args(["--", "-D", "warnings"]))?)
    });
    // Python and Lua have their own steps; the tests themselves name what they skip.
    report.step("Rust tests and doc examples", || {
        let mut tests = cargo();
        tests.args(["test", "--quiet"]).env(REQUIRE_ALL, if require_all { "1" } else { "0" });
        if let Some(samples) = python.and_then(|python| python.package_folder("cryptography_vectors")) {
            tests.env("CRYPTOGRAPHY_VECTORS", samples);
        }
        if let Some(python) = python {
            tests.env("CMGATEWAY_TEST_PYTHON", python.python());
        }
        Ok(run(&mut tests)?)
    });
    report.step("Rust documentation", || {
        let mut doc = cargo();
        doc.args(["doc", "--quiet", "--no-deps", "--package", "cmgateway"]);
        Ok(run(doc.env("RUSTDOCFLAGS", "-D warnings"))?)
    });
}
