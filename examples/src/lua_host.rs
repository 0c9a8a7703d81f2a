//! A small Rust program that embeds Lua and offers it the module `cmgateway`: what a tool maker does.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use mlua::{Lua, LuaString, Result, Value};

/// Runs a script as the stock interpreter does: `SCRIPT [ARGUMENT…]`.
///
/// The script finds its arguments in `arg`; an error it does not catch goes to standard error, with exit code 1.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let Some(script) = arguments.first() else {
        eprintln!("usage: lua-host SCRIPT [ARGUMENT…]");
        return ExitCode::FAILURE;
    };
    match run(Path::new(script), arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lua-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(script: &Path, arguments: &[OsString]) -> Result<()> {
    let lua = Lua::new();
    // This is all a host has to do; `require "cmgateway"` then works in every script.
    cmgateway_lua::open(&lua)?;
    let arg = lua.create_table()?;
    for (index, argument) in arguments.iter().enumerate() {
        arg.set(index, text(&lua, argument)?)?;
    }
    // The program itself comes before the script, as in stock Lua: a script may start another one that way.
    if let Some(program) = std::env::args_os().next() {
        arg.set(-1, text(&lua, &program)?)?;
    }
    lua.globals().set("arg", arg)?;
    let shown = script.display();
    let source = std::fs::read(script).map_err(|error| mlua::Error::external(format!("{shown}: {error}")))?;
    let source = String::from_utf8_lossy(&source);
    // A first line that begins with # is for the shell; the line stays, so that numbers in messages fit.
    let source = if source.starts_with('#') { format!("--{source}") } else { source.into_owned() };
    lua.load(source).set_name(format!("@{shown}")).call::<Value>(()).map(drop)
}

/// An argument as the script sees it: Lua's text is bytes, so it need not be Unicode.
fn text(lua: &Lua, argument: &OsStr) -> Result<LuaString> {
    lua.create_string(argument.as_encoded_bytes())
}
