//! The steps that need Lua interpreters.

use std::path::Path;
use std::process::Command;

use cmgateway_examples::checkout::{cargo, find_program, root, run, target};
use cmgateway_tests::lua_interpreter::{LuaVersion, find_or_build};

use cmgateway_tests::report::{Report, Skip};

/// Builds the module for each Lua and runs the Lua tests under it, in stock interpreters and in the Rust host.
pub(crate) fn check(report: &mut Report) {
    report.step("luacheck", || {
        let Some(luacheck) = find_program("luacheck") else {
            let how = "luacheck is not on the search path; on Debian: apt-get install lua-check";
            return Err(Skip::Missing(how.to_owned()));
        };
        let sources = ["examples/lua", "tests/lua"];
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
    for version in LuaVersion::ALL {
        report.step(&format!("Lua tests under {}", version.feature()), || {
            let interpreter = find_or_build(version, &target()).map_err(Skip::Missing)?;
            let folder = build_module(version)?;
            run_tests(Command::new(interpreter), &folder)
        });
    }
    report.step("Lua tests in the Rust host", || {
        run(cargo().args(["build", "--quiet", "--package", "cmgateway-examples", "--bin", "lua-host"]))?;
        let host = target().join("debug").join(format!("lua-host{}", std::env::consts::EXE_SUFFIX));
        run_tests(Command::new(host), &target())
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

fn run_tests(mut interpreter: Command, module_folder: &Path) -> Result<(), Skip> {
    let ending = if cfg!(windows) { "dll" } else { "so" };
    let pattern = module_folder.join(format!("?.{ending}"));
    interpreter.current_dir(root()).env("LUA_CPATH", &pattern).arg("tests/lua/run.lua");
    Ok(run(&mut interpreter)?)
}
