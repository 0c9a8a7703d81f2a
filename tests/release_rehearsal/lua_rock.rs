//! The package for LuaRocks.

use std::process::Command;

use cmgateway_examples::checkout::{find_program, run, target};
use cmgateway_tests::lua_interpreter::{LuaVersion, find_or_build};
use cmgateway_tests::report::Skip;
use cmgateway_tests::rock::luarocks;

use crate::release::{Release, VERSION, said};
use crate::wheel::{copy, read};

/// The rockspec of this version, and a rock with the sources in it, which is installed for a try.
pub(crate) fn write(release: &Release) -> Result<(), Skip> {
    let rockspec = release.out.join(format!("cmgateway-{VERSION}-1.rockspec"));
    let archive = format!("cmgateway-{VERSION}-source.tar.gz");
    std::fs::write(&rockspec, of_this_version(release, &archive)?)
        .map_err(|error| format!("{}: {error}", rockspec.display()))?;
    let rock = release.out.join(format!("cmgateway-{VERSION}-1.src.rock"));
    let sources = release.out.join(&archive);
    run(release.python.module("zipfile").arg("-c").arg(&rock).arg(&rockspec).arg(&sources))?;
    let Some(program) = find_program("luarocks") else {
        return Err(Skip::Missing("written, not tried: luarocks is not on the search path".to_owned()));
    };
    run(Command::new(&program).arg("lint").arg(&rockspec))?;
    let version = LuaVersion::Lua54;
    let interpreter = find_or_build(version, &target()).map_err(Skip::Missing)?;
    let folder = release.work.join("rocks");
    let mut install = luarocks(&program, version, &interpreter, &folder)?;
    // The profile for tests: whether the sources are complete shows there too, in a tenth of the time. In a folder of its own:
    // Cargo would take what these sources make for the checkout's, where those are older.
    let built = release.work.join("rock-target");
    install.env("CMGATEWAY_ROCK_PROFILE", "dev").env("CARGO_TARGET_DIR", built);
    run(install.arg("install").arg(&rock))?;
    let loaded = said(
        Command::new(interpreter)
            .env("LUA_CPATH", folder.join("tree/lib/lua/5.4/?.so"))
            .args(["-e", "print(require('cmgateway').version)"]),
    )?;
    match loaded == VERSION {
        true => Ok(()),
        false => Err(Skip::Failed(format!("the rock's module says that it is {loaded}"))),
    }
}

/// The rockspec of the repository, with a version and an archive in place of a branch.
fn of_this_version(release: &Release, archive: &str) -> Result<String, String> {
    let copied = release.work.join("dev.rockspec");
    copy(&release.sources.join("bindings-lua/cmgateway-dev-1.rockspec"), &copied)?;
    let text = String::from_utf8_lossy(&read(&copied)?).into_owned();
    let repository = env!("CARGO_PKG_REPOSITORY");
    let replaced = [
        ("version = \"dev-1\"".to_owned(), format!("version = \"{VERSION}-1\"")),
        (
            format!("url = \"git+{repository}.git\""),
            format!("url = \"{repository}/releases/download/v{VERSION}/{archive}\""),
        ),
        ("dir = \"cmgateway/".to_owned(), format!("dir = \"cmgateway-{VERSION}/")),
    ];
    replaced.iter().try_fold(text, |text, (from, to)| match text.matches(from.as_str()).count() {
        1 => Ok(text.replace(from, to)),
        _ => Err(format!("the rockspec has not exactly one {from}")),
    })
}
