//! A small Rust program that embeds Lua and offers it the module `cmgateway`: what a tool maker does.

use std::process::ExitCode;

use mlua::{Lua, Result, Value};

/// Runs a script as the stock interpreter does: `SCRIPT [ARGUMENT…]`.
///
/// The script finds its arguments in `arg`; an error it does not catch goes to standard error, with exit code 1.
pub fn main(arguments: &[String]) -> ExitCode {
    let Some(script) = arguments.first() else {
        eprintln!("usage: lua-host SCRIPT [ARGUMENT…]");
        return ExitCode::FAILURE;
    };
    match run(script, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lua-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(script: &str, arguments: &[String]) -> Result<()> {
    let lua = Lua::new();
    // This is all a host has to do; `require "cmgateway"` then works in every script.
    cmgateway_lua::open(&lua)?;
    let arg = lua.create_table()?;
    for (index, argument) in arguments.iter().enumerate() {
        arg.set(index, argument.as_str())?;
    }
    // The program itself comes before the script, as in stock Lua: a script may start another one that way.
    arg.set(-1, std::env::args().next())?;
    lua.globals().set("arg", arg)?;
    let source =
        std::fs::read(script).map_err(|error| mlua::Error::external(format!("{script}: {error}")))?;
    let source = String::from_utf8_lossy(&source);
    // A first line that begins with # is for the shell; the line stays, so that numbers in messages fit.
    let source = if source.starts_with('#') { format!("--{source}") } else { source.into_owned() };
    lua.load(source).set_name(format!("@{script}")).call::<Value>(()).map(drop)
}
