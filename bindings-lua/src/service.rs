//! Instances and connection points of a gateway, run from their settings files.

use std::time::Duration;

use cmgateway::gateway::service::{ConnectionPointService, InstanceService};
use cmgateway::proxy::{EndpointTraffic, InstanceStatus};
use cmgateway::wmi::Value as WmiValue;
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, MultiValue, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json;
use crate::options::Options;
use crate::runtime::wait;
use crate::value::to_lua;

/// Puts `start_instance` and `start_connection_point` into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "start_instance",
        lua.create_function(|lua, file: Value| answer(LuaInstanceService::start(lua, &file)))?,
    )?;
    module.set(
        "start_connection_point",
        lua.create_function(|lua, file: Value| answer(LuaConnectionPointService::start(lua, &file)))?,
    )
}

fn still<'a, T>(running: Option<&'a T>, operation: &str) -> mlua::Result<&'a T> {
    running.ok_or_else(|| expected(Error::new(ErrorKind::Stopped, operation, "it was stopped")))
}

fn count(lua: &Lua, number: u64) -> mlua::Result<Value> {
    to_lua(lua, &WmiValue::Integer(i128::from(number)), None)
}

struct LuaInstanceService {
    addresses: Vec<String>,
    admin_address: Option<String>,
    /// None once it is stopped. Where Lua collects a running one, its sockets close at once.
    running: Option<InstanceService>,
}

impl LuaInstanceService {
    fn start(lua: &Lua, file: &Value) -> mlua::Result<Self> {
        let file = Arguments("start_instance").text(1, file)?;
        let service = wait(lua, InstanceService::start(file))?;
        let addresses = service.addresses().iter().map(ToString::to_string).collect();
        let admin_address = service.admin_address().map(|address| address.to_string());
        Ok(LuaInstanceService { addresses, admin_address, running: Some(service) })
    }

    fn status(&self, lua: &Lua) -> mlua::Result<Table> {
        let state = still(self.running.as_ref(), "tell the status of the instance")?.state();
        let refused = lua.create_table()?;
        for (reason, number) in state.refused_certificates {
            refused.raw_set(reason, count(lua, number)?)?;
        }
        let status = lua.create_table()?;
        status.raw_set("number", state.number)?;
        status.raw_set("configuration", count(lua, state.configuration)?)?;
        status.raw_set("connection_points", state.connection_points)?;
        status.raw_set("tunnels", state.tunnels)?;
        status.raw_set("connections", state.connections)?;
        status.raw_set("open_requests", state.open_requests)?;
        status.raw_set("requests", count(lua, state.requests)?)?;
        status.raw_set("handshakes", count(lua, state.handshakes)?)?;
        status.raw_set("refused_certificates", refused)?;
        Ok(status)
    }

    fn reload(&self, lua: &Lua) -> mlua::Result<bool> {
        let service = still(self.running.as_ref(), "reload the instance")?;
        wait(lua, service.reload()).map(|()| true)
    }

    fn stop(&mut self, lua: &Lua) -> mlua::Result<bool> {
        let Some(service) = self.running.take() else { return Ok(true) };
        wait(lua, async {
            service.stop().await;
            Ok(true)
        })
    }
}

impl UserData for LuaInstanceService {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.InstanceService");
        fields.add_field_method_get("addresses", |_, this| Ok(this.addresses.clone()));
        fields.add_field_method_get("admin_address", |_, this| Ok(this.admin_address.clone()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "InstanceService");
        methods.add_method("status", |lua, this, ()| answer(this.status(lua)));
        methods.add_method("reload", |lua, this, ()| answer(this.reload(lua)));
        methods.add_method_mut("stop", |lua, this, ()| answer(this.stop(lua)));
        methods.add_meta_method_mut("__close", |lua, this, _: MultiValue| this.stop(lua).map(drop));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let state = if this.running.is_some() { "" } else { ", stopped" };
            Ok(format!("<cmgateway.InstanceService {}{state}>", this.addresses.join(" ")))
        });
    }
}

struct LuaConnectionPointService {
    name: String,
    /// None once it is stopped. Where Lua collects a running one, its connections close at once.
    running: Option<ConnectionPointService>,
}

impl LuaConnectionPointService {
    fn start(lua: &Lua, file: &Value) -> mlua::Result<Self> {
        let file = Arguments("start_connection_point").text(1, file)?;
        let service = wait(lua, ConnectionPointService::start(file))?;
        Ok(LuaConnectionPointService { name: service.status().name, running: Some(service) })
    }

    fn status(&self, lua: &Lua) -> mlua::Result<Table> {
        let given = still(self.running.as_ref(), "tell the status of the connection point")?.status();
        let instances = given.instances.into_iter().map(|instance| instance_table(lua, instance));
        let traffic = given.traffic.into_iter().map(|endpoint| traffic_table(lua, endpoint));
        let status = lua.create_table()?;
        status.raw_set("name", given.name)?;
        status.raw_set("configuration", count(lua, given.configuration)?)?;
        status.raw_set("instances", instances.collect::<mlua::Result<Vec<_>>>()?)?;
        status.raw_set("traffic", traffic.collect::<mlua::Result<Vec<_>>>()?)?;
        Ok(status)
    }

    fn health(&self, lua: &Lua) -> mlua::Result<Value> {
        let service = still(self.running.as_ref(), "tell the gateway's health")?;
        json::to_lua(lua, &wait(lua, async { Ok(service.health().await) })?)
    }

    fn dashboard_url(&self) -> mlua::Result<Option<String>> {
        Ok(still(self.running.as_ref(), "tell where the dashboard is")?.dashboard_url())
    }

    fn ready(&self, lua: &Lua, options: Value) -> mlua::Result<bool> {
        let options = Arguments("ready").options(1, options)?;
        let given = Options::read("ready", options, &["timeout"])?;
        let operation = "wait for the instances";
        let seconds = given.get::<f64>(lua, "timeout")?.unwrap_or(30.0);
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| {
            let cause = format!("{seconds} is no number of seconds above 0");
            expected(Error::new(ErrorKind::Config, operation, cause))
        })?;
        wait(lua, still(self.running.as_ref(), operation)?.ready(time)).map(|()| true)
    }

    fn reload(&self, lua: &Lua) -> mlua::Result<bool> {
        let service = still(self.running.as_ref(), "reload the connection point")?;
        wait(lua, service.reload()).map(|()| true)
    }

    fn stop(&mut self, lua: &Lua) -> mlua::Result<bool> {
        let Some(service) = self.running.take() else { return Ok(true) };
        wait(lua, async {
            service.stop().await;
            Ok(true)
        })
    }
}

fn instance_table(lua: &Lua, instance: InstanceStatus) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("addresses", instance.addresses)?;
    table.raw_set("number", instance.number)?;
    table.raw_set("connections", instance.connections)?;
    table.raw_set("configuration", count(lua, instance.configuration)?)?;
    table.raw_set("refused", instance.refused)?;
    table.raw_set("last_error", instance.last_error)?;
    Ok(table)
}

fn traffic_table(lua: &Lua, endpoint: EndpointTraffic) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("role", count(lua, endpoint.role)?)?;
    table.raw_set("endpoint", endpoint.endpoint)?;
    table.raw_set("requests", count(lua, endpoint.requests)?)?;
    table.raw_set("failures", count(lua, endpoint.failures)?)?;
    table.raw_set("cancelled", count(lua, endpoint.cancelled)?)?;
    table.raw_set("bytes_in", count(lua, endpoint.bytes_in)?)?;
    table.raw_set("bytes_out", count(lua, endpoint.bytes_out)?)?;
    Ok(table)
}

impl UserData for LuaConnectionPointService {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.ConnectionPointService");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ConnectionPointService");
        methods.add_method("health", |lua, this, ()| answer(this.health(lua)));
        methods.add_method("dashboard_url", |_, this, ()| answer(this.dashboard_url()));
        methods.add_method("status", |lua, this, ()| answer(this.status(lua)));
        methods.add_method("ready", |lua, this, options: Value| answer(this.ready(lua, options)));
        methods.add_method("reload", |lua, this, ()| answer(this.reload(lua)));
        methods.add_method_mut("stop", |lua, this, ()| answer(this.stop(lua)));
        methods.add_meta_method_mut("__close", |lua, this, _: MultiValue| this.stop(lua).map(drop));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let state = if this.running.is_some() { "" } else { ", stopped" };
            Ok(format!("<cmgateway.ConnectionPointService {}{state}>", this.name))
        });
    }
}
