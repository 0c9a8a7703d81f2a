//! The steps that need Python.

use cmgateway_examples::checkout::run;
use cmgateway_examples::python_environment::PythonEnvironment;

use cmgateway_tests::report::{Report, Skip};

/// Test and lint tools; kept to one major version each, so that a new one does not turn a run red.
const TOOLS: &[&str] = &[
    "pytest>=8,<10",
    "ruff>=0.8,<1",
    "mypy>=1.13,<3",
    "cryptography>=44",
    "cryptography_vectors>=44",
    "tomli>=2",
    // A mail server.
    "aiosmtpd>=1.4,<2",
    // Foreign clients of WS-Management.
    "pypsrp>=0.8,<1",
    "pywinrm>=0.5,<1",
];

/// Our Python files, below the top folder.
const SOURCES: &[&str] = &["bindings-python/python", "examples/python", "tests/python", "tests/bench"];

/// Builds and installs the wheel and the tools.
pub(crate) fn prepare(report: &mut Report) -> Option<PythonEnvironment> {
    let mut environment = None;
    report.step("Python environment and wheel", || {
        let python = PythonEnvironment::prepare().map_err(Skip::Missing)?;
        python.install_bindings()?;
        python.install(TOOLS)?;
        environment = Some(python);
        Ok(())
    });
    environment
}

/// Lints, checks types and stubs, and runs the Python tests.
pub(crate) fn check(report: &mut Report, python: &PythonEnvironment) {
    report.step("ruff", || {
        run(python.module("ruff").arg("check").args(SOURCES))?;
        Ok(run(python.module("ruff").args(["format", "--check"]).args(SOURCES))?)
    });
    report.step("mypy and stubtest", || {
        run(python.module("mypy").args(["--strict", "-p", "cmgateway"]))?;
        run(python.module("mypy").args(["--strict", "examples/python"]))?;
        Ok(run(python.module("mypy.stubtest").args(["cmgateway", "--concise"]))?)
    });
    report.step("Python tests", || Ok(run(python.module("pytest").args(["-q", "tests/python"]))?));
}
