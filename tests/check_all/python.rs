//! The steps that need Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use cmgateway_examples::checkout::{find_program, root, run};
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
    // It is JavaScript, and so brings what runs that.
    "pyright[nodejs]>=1.1.400,<2",
    // Foreign clients of WS-Management.
    "pypsrp>=0.8,<1",
    "pywinrm>=0.5,<1",
];

/// The versions that the package is for.
const VERSIONS: &[&str] = &["3.9", "3.10", "3.11", "3.12", "3.13"];

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
        run(python.module("mypy").args(["--strict", "tests/python/typed_user_code.py"]))?;
        Ok(run(python.module("mypy.stubtest").args(["cmgateway", "--concise"]))?)
    });
    report.optional_step("pyright on user code", || {
        // It fetches itself when it is first asked.
        run(python.module("pyright").arg("--version")).map_err(Skip::Missing)?;
        let mut pyright = python.module("pyright");
        pyright.arg("--pythonpath").arg(python.python());
        Ok(run(pyright.args(["--project", "tests/python/pyrightconfig.json"]))?)
    });
    other_versions(report, python);
    report.step("Python tests", || Ok(run(python.module("pytest").args(["-q", "tests/python"]))?));
}

/// Runs the smoke test under each version of Python that this machine has.
fn other_versions(report: &mut Report, python: &PythonEnvironment) {
    for version in VERSIONS {
        report.optional_step(&format!("smoke test under Python {version}"), || {
            let interpreter = interpreter(version).ok_or_else(|| {
                Skip::Missing(format!("neither python{version} nor pyenv has a Python {version}"))
            })?;
            let installed =
                python.package_folder("cmgateway").ok_or("the package is not installed".to_owned())?;
            let packages = installed.parent().unwrap_or(&installed);
            let mut smoke = Command::new(interpreter);
            Ok(run(smoke.current_dir(root()).arg("tests/python/smoke.py").arg(packages))?)
        });
    }
}

/// A Python of this version: on the search path, or among those of pyenv.
fn interpreter(version: &str) -> Option<PathBuf> {
    let runs = |python: &Path| {
        let output = Command::new(python).arg("--version").output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).contains(&format!("Python {version}."))
        })
    };
    let home = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let kept = home.and_then(|home| std::fs::read_dir(home.join("versions")).ok()).into_iter().flatten();
    let kept = kept.filter_map(|entry| Some(entry.ok()?.path().join("bin").join("python")));
    find_program(&format!("python{version}")).into_iter().chain(kept).find(|python| runs(python))
}
