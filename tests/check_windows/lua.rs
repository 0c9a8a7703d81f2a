//! A Lua for Windows, the module for it, and the Lua tests under Wine.

use std::path::{Path, PathBuf};
use std::process::Command;

use cmgateway_examples::checkout::{cargo, root, run, target};
use cmgateway_tests::lua_interpreter::{LuaVersion, c_files, source_folder};
use cmgateway_tests::report::{Report, Skip};

use crate::wine::Wine;
use crate::{TARGET, built};

/// Stories of `tests/lua` that run under Wine. The others start programs of Unix, or many processes.
const UNDER_WINE: &[&str] = &[
    "connect_to_a_site",
    "query_with_values",
    "read_and_write_objects",
    "call_methods_and_edit_in_place",
    "keep_values_exact",
    "tell_errors_apart",
    "define_classes",
    "read_certificates",
    "read_key_files",
    "trust_a_chain",
    "requests_and_authorities",
    "check_the_gateways_certificate",
    "change_sub_cas",
];

/// Builds Lua and the module, and runs the tests.
pub(crate) fn check(report: &mut Report, wine: &Wine) {
    report.step("Lua tests under Wine", || {
        let folder = target().join(TARGET).join("lua");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let interpreter = build_lua(&folder)?;
        let mut build = cargo();
        build.args([
            "build",
            "--quiet",
            "--package",
            "cmgateway-lua",
            "--features",
            "lua54",
            "--target",
            TARGET,
        ]);
        // The module takes Lua's functions from the library that the interpreter has, not from a copy.
        run(build.env("LUA_LIB", &folder).env("LUA_LIB_NAME", "lua54"))?;
        let module = folder.join("cmgateway.dll");
        std::fs::copy(built("cmgateway_lua.dll"), &module)
            .map_err(|error| format!("{}: {error}", module.display()))?;
        let mut tests = wine.command();
        tests.current_dir(root());
        tests.env("LUA_CPATH", format!(r"Z:{}\?.dll", folder.display().to_string().replace('/', "\\")));
        Ok(run(tests.arg(interpreter).arg("tests/lua/run.lua").args(UNDER_WINE))?)
    });
}

/// `lua54.dll` and a `lua.exe` over it; the crate with the sources has no program of Lua's own.
fn build_lua(folder: &Path) -> Result<PathBuf, Skip> {
    let (library, program) = (folder.join("lua54.dll"), folder.join("lua.exe"));
    let sources = source_folder(LuaVersion::Lua54)?;
    let compile = |output: &Path| {
        let mut compile = Command::new("x86_64-w64-mingw32-gcc");
        compile.args(["-O1", "-w", "-DLUA_BUILD_AS_DLL", "-I"]).arg(&sources).arg("-o").arg(output);
        compile
    };
    if !program.is_file() {
        run(compile(&library).arg("-shared").args(c_files(&sources)?))?;
        run(compile(&program).arg(root().join("tests/support/lua_main.c")).arg(&library))?;
    }
    Ok(program)
}
