//! Builds everything for Windows and tests it under Wine: `cargo check-windows`.
//!
//! It needs rustup, and installs what else it lacks on a Debian: the compiler of MinGW and Wine. On Windows itself
//! `cargo check-all` does the same work; this is for the days between.

mod lua;
mod python;
mod rust_tests;
mod wine;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use cmgateway_examples::checkout::{cargo, find_program, run, target};
use cmgateway_tests::report::{Report, Skip};

use self::wine::Wine;

/// What is built for: the one that MinGW links.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// Programs that are needed, and the packages of Debian that bring them.
const NEEDED: &[(&str, &[&str])] = &[
    ("x86_64-w64-mingw32-gcc", &["gcc-mingw-w64-x86-64-posix"]),
    ("x86_64-w64-mingw32-g++", &["g++-mingw-w64-x86-64-posix"]),
    ("wine", &["wine", "wine64"]),
];

fn main() -> ExitCode {
    if cfg!(windows) {
        println!("This is Windows: cargo check-all does it.");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new(std::env::var("CI").is_ok_and(|value| value == "true"));
    let mut wine = None;
    report.step("compiler and Wine", || {
        install()?;
        run(Command::new("rustup").args(["target", "add", TARGET])).map_err(Skip::Missing)?;
        wine = Some(Wine::prepare()?);
        Ok(())
    });
    let Some(wine) = wine else { return report.finish() };
    report.step("everything compiles", || {
        let mut check = cargo();
        check.args(["check", "--quiet", "--workspace", "--all-targets", "--target", TARGET]);
        Ok(run(&mut check)?)
    });
    report.step("the program runs", || {
        run(cargo().args(["build", "--quiet", "--package", "cmgateway-program", "--target", TARGET]))?;
        Ok(run(wine.command().arg(built("cmgateway.exe")).arg("--version"))?)
    });
    rust_tests::check(&mut report, &wine);
    lua::check(&mut report, &wine);
    python::check(&mut report, &wine);
    wine.stop();
    report.finish()
}

/// Where the compiler puts a file.
pub(crate) fn built(file: &str) -> PathBuf {
    target().join(TARGET).join("debug").join(file)
}

/// Installs what is missing, where this is a Debian.
fn install() -> Result<(), Skip> {
    let missing: Vec<_> = NEEDED.iter().filter(|(program, _)| find_program(program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().flat_map(|(_, packages)| packages.iter().copied()).collect();
    let Some(apt) = find_program("apt-get") else {
        return Err(Skip::Missing(format!(
            "these are missing, by their names in Debian: {}",
            packages.join(" ")
        )));
    };
    let mut install = match find_program("sudo") {
        Some(sudo) => Command::new(sudo),
        None => Command::new("env"),
    };
    install.arg("DEBIAN_FRONTEND=noninteractive").arg(apt);
    run(install.args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
        .map_err(Skip::Missing)
}
