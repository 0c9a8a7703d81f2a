//! The program, with its manual pages.

use std::path::Path;

use cmgateway_examples::checkout::run;
use cmgateway_tests::program_commands::each_command;

use crate::release::{Release, VERSION, only_file, said};
use crate::wheel::{copy, forget_folder};

/// Builds the program and packs it with what belongs to it.
pub(crate) fn build(release: &Release) -> Result<(), String> {
    // Maturin, because it writes down what is in the program, as it does for the wheel.
    let wheels = release.work.join("program-wheel");
    let mut maturin = release.maturin(&release.work, &release.build_folder());
    maturin.current_dir(&release.sources).args(["build", "--quiet", "--release", "--locked", "--strip"]);
    run(maturin
        .args(["--bindings", "bin", "--manifest-path", "core/program/Cargo.toml", "--out"])
        .arg(&wheels))?;
    let wheel = only_file(&wheels, ".whl")?;
    forget_folder(release, &wheel, &release.sources)?;
    let contents = release.work.join("program-contents");
    run(release.python.module("zipfile").arg("-e").arg(wheel).arg(&contents))?;
    let name = format!("cmgateway_program-{VERSION}");
    let list = only_file(&contents.join(format!("{name}.dist-info/sboms")), ".cyclonedx.json")?;
    copy(&list, &release.out.join("cmgateway-program.cyclonedx.json"))?;

    let folder = format!("cmgateway-{VERSION}-{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let packed = release.work.join(&folder);
    let made = |folder: &Path| {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
    };
    made(&packed)?;
    let file = format!("cmgateway{}", std::env::consts::EXE_SUFFIX);
    let program = packed.join(&file);
    copy(&contents.join(format!("{name}.data/scripts")).join(&file), &program)?;
    runnable(&program)?;
    for paper in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
        copy(&release.sources.join(paper), &packed.join(paper))?;
    }
    made(&packed.join("examples"))?;
    let examples = release.sources.join("examples/gateway");
    for entry in std::fs::read_dir(&examples).map_err(|error| format!("{}: {error}", examples.display()))? {
        let from = entry.map_err(|error| error.to_string())?.path();
        copy(&from, &packed.join("examples").join(from.file_name().unwrap_or_default()))?;
    }
    made(&packed.join("man"))?;
    manual_pages(&packed.join("man"))?;
    let version = said(std::process::Command::new(&program).arg("--version"))?;
    if version != format!("cmgateway {VERSION}") {
        return Err(format!("the program says {version}"));
    }
    let size = std::fs::metadata(&program).map_err(|error| error.to_string())?.len();
    println!("{}: {:.1} MB", program.display(), size as f64 / 1e6);
    release.pack(&folder, &format!("{folder}.tar.gz"))
}

/// A page for the program and for each command, `cmgateway-gateway-run.1` and so on.
fn manual_pages(folder: &Path) -> Result<(), String> {
    clap_mangen::generate_to(cmgateway_program::command(), folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut missing = Vec::new();
    each_command(&cmgateway_program::command(), &mut |path, _| {
        let page = format!("{}.1", path.replace(' ', "-"));
        if !folder.join(&page).is_file() {
            missing.push(page);
        }
    });
    if missing.is_empty() { Ok(()) } else { Err(format!("not written: {}", missing.join(", "))) }
}

/// Lets everybody run it; an archive of wheels does not say so.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there every program may be run"))]
fn runnable(program: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))
            .map_err(|error| format!("{}: {error}", program.display()))?;
    }
    Ok(())
}
