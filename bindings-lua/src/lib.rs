//! The Lua face of cmgateway: a module that stock Lua loads, or a library for a Rust host.
//!
//! A function here takes its arguments apart, calls the core and wraps what comes back; every decision is the
//! core's. What can be expected to fail returns `nil, err`; wrong use raises. What scripts see is described in
//! `types/cmgateway.d.lua`.
//!
//! A stock interpreter loads the library that one of the features `lua54`, `lua53`, `lua51`, `luajit` makes. A Rust
//! host sets none of them, brings its own mlua, and calls [`open`]:
//!
//! ```no_run
//! # fn main() -> mlua::Result<()> {
//! let lua = mlua::Lua::new();
//! cmgateway_lua::open(&lua)?;
//! lua.load(r#"print(require "cmgateway".connect("sqlite:site.db"))"#).exec()?;
//! # Ok(()) }
//! ```

mod analyzer;
mod arguments;
mod association;
mod authority;
mod azure;
mod call;
mod cert;
mod certificate;
mod certificate_request;
mod chain;
mod class;
mod client_location;
mod cloud;
mod connection_point_roles;
mod crl;
mod datetime;
mod development_pki;
#[cfg(any(feature = "lua54", feature = "lua53", feature = "lua51", feature = "luajit"))]
mod entry;
mod error;
mod file_loading;
mod gateway;
mod gateway_spec;
mod instance;
mod json;
mod key_file;
mod locator;
mod monitor;
mod notices;
mod objects;
mod options;
mod parameters;
mod path;
mod pfx;
mod private_key;
mod required_ports;
mod rows;
mod runtime;
mod server;
mod server_certificate;
mod service;
mod site;
mod site_plan;
mod site_roles;
mod site_switches;
mod snapshot;
mod sub_ca;
mod sub_ca_plan;
mod thumbprint;
mod thumbprint_list;
mod value;
mod verifier;
mod watch;
mod wmi;

use mlua::{Lua, Table};

/// Makes the module, for `require "cmgateway"` and as the result.
///
/// A state has one: a second call gives the same table. The library's threads end with the last state that has it.
///
/// # Errors
/// An error where the operating system gives no threads or Lua has no memory.
pub fn open(lua: &Lua) -> mlua::Result<Table> {
    let loaded: Table = lua.globals().get::<Table>("package")?.get("loaded")?;
    if let Some(module) = loaded.get::<Option<Table>>(NAME)? {
        return Ok(module);
    }
    let module = module(lua)?;
    lua.register_module(NAME, &module)?;
    Ok(module)
}

const NAME: &str = "cmgateway";

/// The table that `require` gives.
fn module(lua: &Lua) -> mlua::Result<Table> {
    // First of all userdata, so that it is collected last: Lua finalises a closing state in reverse order.
    runtime::install(lua)?;
    let module = lua.create_table()?;
    site::add_to(lua, &module)?;
    locator::add_to(lua, &module)?;
    snapshot::add_to(lua, &module)?;
    server_certificate::add_to(lua, &module)?;
    service::add_to(lua, &module)?;
    gateway_spec::add_to(lua, &module)?;
    analyzer::add_to(lua, &module)?;
    monitor::add_to(lua, &module)?;
    notices::add_to(lua, &module)?;
    cloud::add_to(lua, &module)?;
    client_location::add_to(lua, &module)?;
    module.set("null", value::null(lua)?)?;
    module.set("azure", azure::module(lua)?)?;
    module.set("cert", cert::module(lua)?)?;
    module.set("wmi", wmi::module(lua)?)?;
    module.set("version", env!("CARGO_PKG_VERSION"))?;
    Ok(module)
}
