//! Runs a Lua script with `cmgateway` in it, by an embedded Lua: see `cmgateway_examples::lua_host`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    cmgateway_examples::lua_host::main(&arguments)
}
