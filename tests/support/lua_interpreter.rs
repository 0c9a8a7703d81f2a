//! Stock Lua interpreters: the one that is installed, else one that is built from the vendored sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use cmgateway_examples::checkout::{cargo, find_program, run};

/// A Lua that the module is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LuaVersion {
    /// Lua 5.4.
    Lua54,
    /// LuaJIT 2.1, which speaks Lua 5.1.
    LuaJit,
    /// Lua 5.3.
    Lua53,
    /// Lua 5.1.
    Lua51,
}

impl LuaVersion {
    /// All of them, the best supported first.
    pub const ALL: [LuaVersion; 4] =
        [LuaVersion::Lua54, LuaVersion::LuaJit, LuaVersion::Lua53, LuaVersion::Lua51];

    /// The feature of `cmgateway-lua` that builds the module for it.
    pub fn feature(self) -> &'static str {
        match self {
            LuaVersion::Lua54 => "lua54",
            LuaVersion::LuaJit => "luajit",
            LuaVersion::Lua53 => "lua53",
            LuaVersion::Lua51 => "lua51",
        }
    }

    /// The version of the language, as LuaRocks counts it.
    pub fn language(self) -> &'static str {
        match self {
            LuaVersion::Lua54 => "5.4",
            LuaVersion::Lua53 => "5.3",
            LuaVersion::Lua51 | LuaVersion::LuaJit => "5.1",
        }
    }

    /// The names its interpreter goes by, and what `-v` of it begins with.
    fn names(self) -> (&'static [&'static str], &'static str) {
        match self {
            LuaVersion::Lua54 => (&["lua5.4", "lua54", "lua"], "Lua 5.4"),
            LuaVersion::LuaJit => (&["luajit"], "LuaJIT 2.1"),
            LuaVersion::Lua53 => (&["lua5.3", "lua53", "lua"], "Lua 5.3"),
            LuaVersion::Lua51 => (&["lua5.1", "lua51", "lua"], "Lua 5.1"),
        }
    }

    /// The folder of its sources in the crate that brings them.
    fn sources(self) -> (&'static str, &'static str) {
        match self {
            LuaVersion::Lua54 => ("lua-src", "lua-5.4."),
            LuaVersion::LuaJit => ("luajit-src", "luajit2"),
            LuaVersion::Lua53 => ("lua-src", "lua-5.3."),
            LuaVersion::Lua51 => ("lua-src", "lua-5.1."),
        }
    }
}

/// The interpreter of this version: one on the search path, else one built below `target_dir`.
///
/// # Errors
/// A text that says what is missing and how to get it.
pub fn find_or_build(version: LuaVersion, target_dir: &Path) -> Result<PathBuf, String> {
    if let Some(installed) = installed(version) {
        return Ok(installed);
    }
    let folder = target_dir.join("lua").join(format!("{}-interpreter", version.feature()));
    let program = folder.join(format!("lua{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let built = match version {
            LuaVersion::LuaJit => build_luajit(&folder, &program),
            _ => build_lua(version, &program),
        };
        let name = version.names().0[0];
        built.map_err(|cause| format!("{name} is not installed and could not be built: {cause}"))?;
    }
    Ok(program)
}

/// A C program of few lines that embeds this Lua (`tests/support/lua_main.c`), built below `target_dir`.
///
/// # Errors
/// A text that says what is missing.
pub fn build_host(version: LuaVersion, target_dir: &Path) -> Result<PathBuf, String> {
    let folder = target_dir.join("lua").join(format!("{}-host", version.feature()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = folder.join(format!("lua-host-in-c{}", std::env::consts::EXE_SUFFIX));
    build_lua(version, &program)?;
    Ok(program)
}

fn installed(version: LuaVersion) -> Option<PathBuf> {
    let (names, begins) = version.names();
    names.iter().filter_map(|name| find_program(name)).find(|program| {
        let Ok(output) = Command::new(program).arg("-v").output() else { return false };
        // Lua 5.1 prints its version to standard error.
        output.stdout.starts_with(begins.as_bytes()) || output.stderr.starts_with(begins.as_bytes())
    })
}

/// One compiler call: all of Lua's C files and our small `main`.
fn build_lua(version: LuaVersion, program: &Path) -> Result<(), String> {
    let sources = source_folder(version)?;
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("support").join("lua_main.c");
    let mut compile = compiler();
    compile.args(["-O1", "-w", "-DLUA_COMPAT_5_3"]).arg("-I").arg(&sources).arg("-o").arg(program).arg(main);
    compile.args(c_files(&sources)?);
    if cfg!(target_os = "macos") {
        compile.args(["-DLUA_USE_MACOSX", "-lm"]);
    } else if cfg!(unix) {
        // -Wl,-E: a loaded module finds Lua's functions in the program. Lua 5.4 and 5.3 would also want readline
        // with LUA_USE_LINUX, but only in lua.c, which is not here.
        compile.args(["-DLUA_USE_POSIX", "-DLUA_USE_DLOPEN", "-Wl,-E", "-lm", "-ldl"]);
    }
    run(&mut compile)
}

/// LuaJIT's own makefile, on a copy, since the sources of a crate are not to be written to.
fn build_luajit(folder: &Path, program: &Path) -> Result<(), String> {
    let copy = folder.join("source");
    copy_tree(&source_folder(LuaVersion::LuaJit)?, &copy)
        .map_err(|error| format!("copy sources: {error}"))?;
    // The makefile takes the release's number from here where there is no git.
    std::fs::write(copy.join(".relver"), "0\n").map_err(|error| error.to_string())?;
    let make =
        find_program("gmake").or_else(|| find_program("make")).ok_or("make is not on the search path")?;
    run(Command::new(make).arg("-s").arg("-C").arg(copy.join("src")))?;
    std::fs::copy(copy.join("src").join("luajit"), program).map(drop).map_err(|error| error.to_string())
}

fn compiler() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// Lua's C files, without those that have a `main`.
///
/// # Errors
/// A text where the folder cannot be read.
pub fn c_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    // These have a `main` of their own in some releases.
    let own_main = ["lua.c", "luac.c", "onelua.c", "ltests.c"];
    Ok(files
        .filter(|file| file.extension().is_some_and(|ending| ending == "c"))
        .filter(|file| !own_main.iter().any(|name| file.ends_with(name)))
        .collect())
}

/// Where Cargo keeps the sources of the crate that brings this Lua.
///
/// # Errors
/// A text where Cargo does not tell it.
pub fn source_folder(version: LuaVersion) -> Result<PathBuf, String> {
    let (package, folder) = version.sources();
    let output = cargo().args(["metadata", "--format-version=1", "--offline"]).output();
    let output = output.map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let manifest = packages.iter().find(|found| found["name"] == package);
    let manifest = manifest.and_then(|found| found["manifest_path"].as_str());
    let top = manifest.and_then(|file| Path::new(file).parent());
    let top = top.ok_or_else(|| format!("the package {package} is not among the dependencies"))?;
    let entries = std::fs::read_dir(top).map_err(|error| format!("{}: {error}", top.display()))?;
    let found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(folder)));
    found.ok_or_else(|| format!("{} has no folder {folder}*", top.display()))
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map(drop)?;
        }
    }
    Ok(())
}
