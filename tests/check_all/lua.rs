//! The steps that need Lua interpreters.

use std::path::Path;
use std::process::Command;

use cmgateway_examples::checkout::{cargo, find_program, root, run, target};
use cmgateway_tests::lua_interpreter::{LuaVersion, build_host, find_or_build};

use cmgateway_tests::report::{Report, Skip};
use cmgateway_tests::rock::luarocks;

/// Builds the module for each Lua and runs the Lua tests under it, in stock interpreters and in the Rust host.
pub(crate) fn check(report: &mut Report) {
    report.step("luacheck", || {
        let Some(luacheck) = find_program("luacheck") else {
            let how = "luacheck is not on the search path; on Debian: apt-get install lua-check";
            return Err(Skip::Missing(how.to_owned()));
        };
        let sources = ["examples/lua", "tests/lua", "bindings-lua"];
        Ok(run(Command::new(luacheck).current_dir(root()).arg("--quiet").args(sources))?)
    });
    report.step("luarocks lint", || {
        let Some(luarocks) = find_program("luarocks") else {
            let how = "luarocks is not on the search path; on Debian: apt-get install luarocks";
            return Err(Skip::Missing(how.to_owned()));
        };
        let rockspec = "bindings-lua/cmgateway-dev-1.rockspec";
        Ok(run(Command::new(luarocks).current_dir(root()).args(["lint", rockspec]))?)
    });
    let with_luarocks = find_program("luarocks");
    for version in LuaVersion::ALL {
        report.step(&format!("Lua tests under {}", version.feature()), || {
            let interpreter = find_or_build(version, &target()).map_err(Skip::Missing)?;
            let folder = build_module(version)?;
            run_tests(Command::new(interpreter), &folder, &[])
        });
        report.step(&format!("luarocks make for {}", version.feature()), || {
            let Some(program) = &with_luarocks else {
                let how = "luarocks is not on the search path; on Debian: apt-get install luarocks";
                return Err(Skip::Missing(how.to_owned()));
            };
            make_rock(program, version)
        });
    }
    report.step("Lua tests in a C host", || {
        let version = LuaVersion::Lua54;
        let host = build_host(version, &target()).map_err(Skip::Missing)?;
        let folder = build_module(version)?;
        run_tests(Command::new(&host), &folder, &[])?;
        // One process, many states, each closed with work in flight.
        let mut states = Command::new(host);
        states.current_dir(root()).env("LUA_CPATH", module_pattern(&folder)).env("LUA_HOST_STATES", "20");
        Ok(run(states.arg("tests/lua/leave_work_in_flight.lua"))?)
    });
    report.step("Lua tests in the Rust host", || {
        run(cargo().args(["build", "--quiet", "--package", "cmgateway-examples", "--bin", "lua-host"]))?;
        let host = target().join("debug").join(format!("lua-host{}", std::env::consts::EXE_SUFFIX));
        run_tests(Command::new(host), &target(), &[])
    });
}

/// Builds the loadable module and puts it where `require "cmgateway"` finds it.
fn build_module(version: LuaVersion) -> Result<std::path::PathBuf, Skip> {
    let feature = version.feature();
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", "cmgateway-lua", "--features", feature]);
    run(&mut build)?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let built = target().join("debug").join(format!("{prefix}cmgateway_lua{suffix}"));
    let folder = target().join("lua").join(feature);
    // Lua looks for .so on every Unix, also where the linker says .dylib.
    let ending = if cfg!(windows) { "dll" } else { "so" };
    let copied = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(&built, folder.join(format!("cmgateway.{ending}"))));
    copied.map_err(|error| Skip::Failed(format!("could not copy {}: {error}", built.display())))?;
    Ok(folder)
}

/// Makes and installs the rock into a folder, and runs a few tests with the module in it.
fn make_rock(program: &Path, version: LuaVersion) -> Result<(), Skip> {
    let interpreter = find_or_build(version, &target()).map_err(Skip::Missing)?;
    let folder = target().join("lua").join(format!("{}-rock", version.feature()));
    let _ = std::fs::remove_dir_all(&folder);
    let mut make = luarocks(program, version, &interpreter, &folder)?;
    make.current_dir(root().join("bindings-lua")).arg("make");
    // What the step before has built.
    make.env("CMGATEWAY_ROCK_PROFILE", "dev").env("CARGO_TARGET_DIR", target());
    run(make.arg("cmgateway-dev-1.rockspec"))?;
    let modules = folder.join("tree").join("lib").join("lua").join(version.language());
    run_tests(Command::new(interpreter), &modules, &["connect_to_a_site", "close_the_state"])
}

fn module_pattern(folder: &Path) -> std::path::PathBuf {
    folder.join(if cfg!(windows) { "?.dll" } else { "?.so" })
}

/// Runs these stories, or all.
fn run_tests(mut interpreter: Command, module_folder: &Path, stories: &[&str]) -> Result<(), Skip> {
    interpreter.current_dir(root()).env("LUA_CPATH", module_pattern(module_folder));
    Ok(run(interpreter.arg("tests/lua/run.lua").args(stories))?)
}
