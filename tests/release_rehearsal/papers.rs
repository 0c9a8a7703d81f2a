//! What is read beside a release: changes, checksums.

use std::fmt::Write;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};

use crate::release::{Release, VERSION, said};
use crate::wheel::read;

/// Writes both.
pub(crate) fn write(release: &Release) -> Result<(), String> {
    let save = |name: &str, text: String| {
        let file = release.out.join(name);
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };
    let changelog = read(&release.sources.join("core/CHANGELOG.md"))?;
    let changes = changes_of(&String::from_utf8_lossy(&changelog), VERSION)?;
    let mut tools = String::new();
    for tool in [
        Command::new("rustc").arg("--version"),
        Command::new("cc").args(["-dumpfullversion", "-dumpmachine"]),
        release.python.module("maturin").arg("--version"),
    ] {
        let _ = writeln!(tools, "{}  ", said(tool)?.replace('\n', " "));
    }
    save("CHANGES.md", format!("# cmgateway {VERSION}\n\nBuilt with\n{tools}\n{changes}\n"))?;

    let entries = std::fs::read_dir(&release.out).map_err(|error| error.to_string())?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut sums = String::new();
    for file in files {
        let sum = digest(&SHA256, &read(&file)?);
        let hex = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let _ = writeln!(sums, "{hex}  {}", file.file_name().unwrap_or_default().to_string_lossy());
    }
    print!("{sums}");
    save("SHA256SUMS", sums)
}

/// The part of the changelog about a version; before it has its title, the one about what is unreleased.
fn changes_of(changelog: &str, version: &str) -> Result<String, String> {
    let parts: Vec<_> = changelog.split("\n## ").skip(1).collect();
    let titled = |title: &str| {
        parts.iter().find(|part| part.lines().next().is_some_and(|line| line.starts_with(title)))
    };
    let part = titled(version).or_else(|| titled("Unreleased"));
    let part = part.ok_or_else(|| format!("the changelog has no part about {version}"))?;
    Ok(format!("## {}", part.trim_end()))
}
