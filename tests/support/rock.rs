//! LuaRocks, for each Lua.

use std::path::Path;
use std::process::Command;

use crate::lua_interpreter::{LuaVersion, source_folder};

/// LuaRocks as it works for this interpreter, with a tree of rocks in `folder`.
///
/// # Errors
/// A text where the folder cannot be written, or Cargo does not tell where Lua's headers are.
pub fn luarocks(
    program: &Path,
    version: LuaVersion,
    interpreter: &Path,
    folder: &Path,
) -> Result<Command, String> {
    let settings = folder.join("luarocks.lua");
    let directory = interpreter.parent().unwrap_or(folder);
    let name = interpreter.file_name().unwrap_or_default();
    // Nothing is compiled with them, but LuaRocks does not go on without.
    let sources = source_folder(version)?;
    let headers = if version == LuaVersion::LuaJit { sources.join("src") } else { sources };
    let variables = format!("LUA = {interpreter:?}, LUA_BINDIR = {directory:?}, LUA_INCDIR = {headers:?}");
    let language = version.language();
    let text =
        format!("lua_version = {language:?}\nlua_interpreter = {name:?}\nvariables = {{ {variables} }}\n");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&settings, text))
        .map_err(|error| format!("{}: {error}", settings.display()))?;
    let mut luarocks = Command::new(program);
    luarocks.env("LUAROCKS_CONFIG", settings).arg("--tree").arg(folder.join("tree"));
    Ok(luarocks)
}
