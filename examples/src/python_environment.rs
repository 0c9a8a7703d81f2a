//! A Python environment of the checkout's own, with the wheel of the bindings in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout::{find_program, root, run, target};

/// The build back end of the wheel; the same range stands in `pyproject.toml`.
const MATURIN: &str = "maturin>=1.9.4,<2";

/// A virtual environment under the target folder.
pub struct PythonEnvironment {
    folder: PathBuf,
}

impl PythonEnvironment {
    /// Makes the environment where it is missing.
    ///
    /// # Errors
    /// A text that says what is missing on this machine and how to get it.
    pub fn prepare() -> Result<Self> {
        let environment = PythonEnvironment { folder: target().join("venv") };
        if !environment.python().is_file() {
            let python = find_python()?;
            let made = Command::new(&python).args(["-m", "venv"]).arg(&environment.folder).status();
            if !made.is_ok_and(|status| status.success()) {
                // A half-made folder would pass for an environment the next time.
                let _ = std::fs::remove_dir_all(&environment.folder);
                return Err(format!(
                    "{} cannot make a virtual environment; on Debian: apt-get install python3-venv",
                    python.display()
                ));
            }
        }
        Ok(environment)
    }

    /// The environment's interpreter.
    pub fn python(&self) -> PathBuf {
        if cfg!(windows) { self.folder.join(r"Scripts\python.exe") } else { self.folder.join("bin/python") }
    }

    /// A program that an installed package brings.
    pub fn program(&self, name: &str) -> PathBuf {
        self.python().with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The interpreter, ready to run a module: `python -m module`.
    pub fn module(&self, module: &str) -> Command {
        let mut command = Command::new(self.python());
        command.current_dir(root()).args(["-m", module]);
        command
    }

    /// The folder that an installed package lies in.
    pub fn package_folder(&self, package: &str) -> Option<PathBuf> {
        let code = format!("import {package}, os; print(os.path.dirname({package}.__file__))");
        let output = Command::new(self.python()).args(["-c", &code]).output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| PathBuf::from(folder.trim()))
    }

    /// Installs packages, once for each list.
    ///
    /// # Errors
    /// A text where pip cannot install them.
    pub fn install(&self, packages: &[&str]) -> Result<()> {
        let marker = self.folder.join("installed.txt");
        let installed = std::fs::read_to_string(&marker).unwrap_or_default();
        let missing: Vec<_> =
            packages.iter().filter(|package| !installed.lines().any(|line| line == **package)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        run(self.module("pip").args(["install", "--quiet", "--disable-pip-version-check"]).args(&missing))?;
        let all = missing.into_iter().fold(installed, |list, package| format!("{list}{package}\n"));
        std::fs::write(&marker, all).map_err(|error| format!("could not write {}: {error}", marker.display()))
    }

    /// Installs what builds the wheel.
    ///
    /// # Errors
    /// A text where pip cannot install it.
    pub fn install_maturin(&self) -> Result<()> {
        self.install(&[MATURIN])
    }

    /// Builds the wheel and installs it, so that `import cmgateway` works.
    ///
    /// # Errors
    /// A text where the build or the installation fails.
    pub fn install_bindings(&self) -> Result<()> {
        self.install_maturin()?;
        let wheels = target().join("wheels");
        let _ = std::fs::remove_dir_all(&wheels);
        let mut build = self.module("maturin");
        build.args(["build", "--quiet", "--manifest-path", "bindings-python/Cargo.toml", "--interpreter"]);
        run(build.arg(self.python()).arg("--out").arg(&wheels).arg("--target-dir").arg(target()))?;
        let wheel = only_file(&wheels)?;
        run(self
            .module("pip")
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--force-reinstall"])
            .arg(wheel))
    }
}

type Result<T> = std::result::Result<T, String>;

fn find_python() -> Result<PathBuf> {
    let newer = |python: &Path| {
        let check = "import sys; sys.exit(sys.version_info < (3, 9))";
        Command::new(python).args(["-c", check]).status().is_ok_and(|status| status.success())
    };
    ["python3", "python"].into_iter().filter_map(find_program).find(|python| newer(python)).ok_or_else(|| {
        "Python 3.9 or newer is not on the search path; on Debian: apt-get install python3-venv".to_owned()
    })
}

/// The one file of a folder.
///
/// # Errors
/// A text where there is none, or more than one.
pub fn only_file(folder: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| format!("could not read {}: {error}", folder.display());
    let mut files = std::fs::read_dir(folder).map_err(failed)?;
    let first = files.next().ok_or_else(|| format!("{} is empty", folder.display()))?.map_err(failed)?;
    match files.next() {
        None => Ok(first.path()),
        Some(_) => Err(format!("{} holds more than one file", folder.display())),
    }
}
