//! An AdminService that serves an embedded site.

use std::net::SocketAddr;
use std::path::PathBuf;

use cmgateway::net::PemSource;
use cmgateway::site::{AdminServiceServer, ServerOptions, Site};
use cmgateway::{Error, ErrorKind, Secret};
use mlua::{Lua, MultiValue, Table, UserData, UserDataFields, UserDataMethods};

use crate::error::{answer, expected, misuse, no_other_fields};
use crate::options::Options;
use crate::runtime::wait;

const OPTIONS: [&str; 4] = ["address", "certificate_file", "key_file", "token"];

pub(crate) struct LuaServer {
    url: String,
    /// None once it is stopped. Where Lua collects a running one, it stops without a wait.
    running: Option<AdminServiceServer>,
}

/// Starts a server for the site behind this connection.
pub(crate) fn serve(lua: &Lua, site: &Site, options: Option<Table>) -> mlua::Result<LuaServer> {
    let given = Options::read("serve", options, &OPTIONS)?;
    let needed = |key| {
        let value = given.get::<String>(lua, key)?;
        value.ok_or_else(|| misuse(format!("option '{key}' to 'serve' is missing")))
    };
    let address = given.get::<String>(lua, "address")?.unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let options = ServerOptions {
        address: address_from(&address)?,
        certificate_chain_pem: PemSource::File(PathBuf::from(needed("certificate_file")?)),
        key_pem: PemSource::File(PathBuf::from(needed("key_file")?)),
        token: Secret::new(needed("token")?),
    };
    let site = site.embedded().map_err(expected)?.clone();
    let server = wait(lua, AdminServiceServer::start(site, options))?;
    Ok(LuaServer { url: server.url(), running: Some(server) })
}

fn address_from(text: &str) -> mlua::Result<SocketAddr> {
    text.parse().map_err(|_| {
        let cause = "an address is an IP address and a port, for example 127.0.0.1:0";
        expected(Error::new(ErrorKind::Config, format!("serve a site on {text}"), cause))
    })
}

impl LuaServer {
    fn stop(&mut self, lua: &Lua) -> mlua::Result<bool> {
        match self.running.take() {
            Some(server) => wait(lua, async {
                server.stop().await;
                Ok(true)
            }),
            None => Ok(true),
        }
    }
}

impl UserData for LuaServer {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.AdminServiceServer");
        fields.add_field_method_get("url", |lua, this| lua.create_string(&this.url));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "AdminServiceServer");
        methods.add_method_mut("stop", |lua, this, ()| answer(this.stop(lua)));
        methods.add_meta_method_mut("__close", |lua, this, _: MultiValue| this.stop(lua).map(drop));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let state = if this.running.is_some() { "" } else { ", stopped" };
            Ok(format!("<cmgateway.AdminServiceServer {}{state}>", this.url))
        });
    }
}
