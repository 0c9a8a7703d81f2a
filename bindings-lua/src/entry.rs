//! What stock Lua calls when a script says `require "cmgateway"`.

use mlua::{Lua, Table};

#[mlua::lua_module(name = "cmgateway")]
fn entry(lua: &Lua) -> mlua::Result<Table> {
    let module = crate::module(lua)?;
    #[cfg(unix)]
    crate::runtime::wait(lua, async { catch_broken_pipes() })?;
    Ok(module)
}

/// Keeps the process alive where the other side of a connection hangs up while we write.
///
/// Rust and Python programs ignore SIGPIPE from their start; stock Lua dies of it. A handler, unlike ignoring, does
/// not reach the programs that the script starts.
#[cfg(unix)]
fn catch_broken_pipes() -> cmgateway::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // The handler stays when the stream of signals, which nobody reads, is dropped.
    signal(SignalKind::pipe()).map(drop).map_err(|error| {
        let kind = cmgateway::ErrorKind::Unavailable;
        cmgateway::Error::new(kind, "catch broken pipes", error.to_string()).with_source(error)
    })
}
