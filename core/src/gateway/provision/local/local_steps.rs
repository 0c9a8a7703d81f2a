//! The steps of a plan on this machine: files, and the processes that go by them.

use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::folder::{Folder, Told, Wanted, failed, read, write};
use super::{INSTANCES_MAX, LocalCloud, LocalPorts, probe, program, running, until};
use crate::cert::load_cer;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::provision::comparison::Observed;
use crate::gateway::provision::instance_settings::{InstanceSettings, pins};
use crate::gateway::provision::resource::{How, Resource};
use crate::gateway::provision::steps::{Begun, Steps};
use crate::gateway::provision::waiting::Waiting;
use crate::gateway::service::read_instance_file;
use crate::gateway::spec::CheckedSpec;
use crate::limits::LOCAL_PORTS;
use crate::proxy::InstanceOptions;

impl LocalCloud {
    /// Every resource, in order.
    pub(super) fn wanted(&self, spec: &CheckedSpec) -> Result<Vec<Resource>> {
        let folder = self.folder(&spec.prefix);
        let path = folder.path().display().to_string();
        let resource = |key: &str, kind, name: String, how, body| Resource {
            key: key.to_owned(),
            kind,
            name,
            how,
            path: path.clone(),
            api_version: "",
            body,
        };
        let thumbprint = spec.server.certificate.thumbprint().to_string();
        let mut all = vec![
            resource("folder", "folder", path.clone(), How::Folder, json!({})),
            resource(
                "certificate",
                "server certificate",
                spec.server.certificate.subject().to_string(),
                How::CertificateFiles,
                json!({ "thumbprint": thumbprint, "chain": spec.server_chain_pem().lines().count() }),
            ),
        ];
        let count = spec.spec.vm_instance_count as u16;
        for number in 0..count {
            let (key, body) = (format!("settings-{number}"), self.settings_body(spec, number, count)?);
            all.push(resource(&key, "instance", format!("instance {number}"), How::Settings, body));
        }
        let body = json!({ "running": count });
        all.push(resource("instances", "processes", format!("{count} running"), How::Instances, body));
        for number in folder.numbers().into_iter().filter(|number| *number >= count) {
            let key = format!("settings-{number}");
            all.push(resource(&key, "instance", format!("instance {number}"), How::Removal, Value::Null));
        }
        Ok(all)
    }

    /// What an instance shall go by; free ports are not part of it.
    fn settings_body(&self, spec: &CheckedSpec, number: u16, count: u16) -> Result<Value> {
        let pins: Vec<_> = pins(spec)?.iter().map(ToString::to_string).collect();
        let mut body =
            json!({ "number": number, "address": self.options.address, "connection_points": pins });
        if let (LocalPorts::Microsoft, Some(body)) = (self.options.ports, body.as_object_mut()) {
            let clients = if count == 1 { 443 } else { 10_124 + number };
            body.insert("port".into(), clients.into());
            body.insert("tunnel_port".into(), (10_140 + number).into());
        }
        Ok(body)
    }

    fn write_certificate(&self, folder: &Folder, spec: &CheckedSpec) -> Result<()> {
        // The key first: an instance that reads in between finds the old pair, then a pair that does not fit and keeps the old.
        write(&folder.key(), spec.server.private_key.to_pkcs8_pem().expose().as_bytes(), true)?;
        write(&folder.certificate(), spec.server_chain_pem().as_bytes(), false)
    }

    fn write_settings(&self, folder: &Folder, body: &Value, spec: &CheckedSpec) -> Result<()> {
        let number = body.get("number").and_then(Value::as_u64).unwrap_or_default() as u16;
        let old = read_instance_file(folder.settings(number)).ok();
        let mut taken = self.taken_ports(folder, number);
        let mut port = |name: &str, old: Option<SocketAddr>| -> Result<u16> {
            if let Some(port) = body.get(name).and_then(Value::as_u64) {
                return Ok(port as u16);
            }
            let port = match old.filter(|old| old.ip() == self.options.address) {
                Some(old) => old.port(),
                None => self.free_port(&taken)?,
            };
            taken.push(port);
            Ok(port)
        };
        let old_listen = old.as_ref().and_then(|old| old.listen.first().copied());
        let old_tunnel = old.as_ref().and_then(|old| old.tunnel_listen.first().copied());
        let (clients, tunnels) = (port("port", old_listen)?, port("tunnel_port", old_tunnel)?);
        let settings = InstanceSettings {
            number,
            listen: SocketAddr::new(self.options.address, clients).to_string(),
            tunnel_listen: Some(SocketAddr::new(self.options.address, tunnels).to_string()),
            certificate: "server.pem",
            key: "server.key",
            connection_points: pins(spec)?,
        };
        write(&folder.settings(number), settings.to_string().as_bytes(), false)
    }

    /// The ports that the settings of the other instances name.
    fn taken_ports(&self, folder: &Folder, number: u16) -> Vec<u16> {
        let others = (0..INSTANCES_MAX).filter(|other| *other != number);
        let settings = others.filter_map(|other| read_instance_file(folder.settings(other)).ok());
        let ports = settings.flat_map(|other| other.listen.into_iter().chain(other.tunnel_listen));
        ports.map(|address| address.port()).collect()
    }

    /// A port that nobody listens at now, out of those that no system gives to outgoing connections by itself. Another
    /// program may still take it before the instance does; the instance is then started again until it is free.
    fn free_port(&self, taken: &[u16]) -> Result<u16> {
        let bind = |port: u16| TcpListener::bind(SocketAddr::new(self.options.address, port));
        // The system gives ports in no order; where it begins spares several gateways a search from the same place.
        let somewhere =
            bind(0).and_then(|listener| listener.local_addr()).map_or(0, |address| address.port());
        let (first, count) = LOCAL_PORTS;
        let candidates = (0..count).map(|step| first + (somewhere % count + step) % count);
        let free = candidates.filter(|port| !taken.contains(port)).find(|port| bind(*port).is_ok());
        free.ok_or_else(|| {
            let operation = format!("find a free port of {}", self.options.address);
            let last = first + (count - 1);
            Error::new(
                ErrorKind::Unavailable,
                operation,
                format!("none of {first} to {last} can be listened at"),
            )
        })
    }

    /// Has the wanted instances run, goes by their settings, and asks each of them over HTTPS.
    async fn run(
        &self,
        folder: &Folder,
        body: &Value,
        spec: &CheckedSpec,
        waiting: &Waiting<'_>,
    ) -> Result<()> {
        let count = body.get("running").and_then(Value::as_u64).unwrap_or(1) as u16;
        let program = program::find(self.options.program.as_deref())?;
        let service_name = spec.service_name.clone();
        let wanted = Wanted { service_name, program: program.clone(), instances: count, is_running: true };
        folder.write_wanted(&wanted)?;
        self.supervise(folder, &program).await?;
        let digests = (0..count).map(|number| folder.digest(number)).collect::<Result<Vec<_>>>()?;
        until(folder, "start", waiting, |told| told.is_some_and(|told| is_as_wanted(told, &digests))).await?;
        for number in 0..count {
            let settings = read_instance_file(folder.settings(number))?;
            for address in &settings.listen {
                self.probed(*address, spec).await?;
            }
        }
        Ok(())
    }

    /// Asks until it is ready: an instance reads its settings anew a moment after it was told to.
    async fn probed(&self, address: SocketAddr, spec: &CheckedSpec) -> Result<()> {
        let mut tries = 0;
        loop {
            match probe::ready(address, &spec.service_name, &spec.server.certificate).await {
                Err(_) if tries < 40 => tries += 1,
                result => return result,
            }
            tokio::time::sleep(super::LOOK_EVERY).await;
        }
    }

    fn observed_settings(&self, folder: &Folder, key: &str) -> Result<Option<Value>> {
        let number: u16 = key.rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(INSTANCES_MAX);
        if read(&folder.settings(number))?.is_none() {
            return Ok(None);
        }
        // What cannot be read is written anew.
        Ok(Some(read_instance_file(folder.settings(number)).map_or_else(|_| json!({}), |read| shown(&read))))
    }
}

fn is_as_wanted(told: &Told, digests: &[String]) -> bool {
    let goes_by = |number: usize, digest: &String| {
        told.instances
            .iter()
            .any(|one| usize::from(one.number) == number && one.state == "running" && one.settings == *digest)
    };
    told.instances.len() == digests.len()
        && digests.iter().enumerate().all(|(number, digest)| goes_by(number, digest))
}

fn shown(settings: &InstanceOptions) -> Value {
    let pins: Vec<_> = settings.connection_point_pins.iter().map(ToString::to_string).collect();
    let port = |list: &[SocketAddr]| list.first().map(SocketAddr::port);
    json!({
        "number": settings.number,
        "address": settings.listen.first().map(SocketAddr::ip),
        "connection_points": pins,
        "port": port(&settings.listen),
        "tunnel_port": port(&settings.tunnel_listen),
    })
}

impl Steps for LocalCloud {
    async fn observe(&self, resource: &Resource, _known: &Observed) -> Result<Option<Value>> {
        let folder = Folder::new(resource.path.clone().into());
        match resource.how {
            How::Folder => Ok(folder.path().is_dir().then(|| json!({}))),
            How::CertificateFiles => {
                let (Some(pem), Some(_)) = (read(&folder.certificate())?, read(&folder.key())?) else {
                    return Ok(None);
                };
                let certificates = load_cer(&pem).unwrap_or_default();
                let thumbprint = certificates.first().map(|first| first.thumbprint().to_string());
                let lines = String::from_utf8_lossy(&pem).lines().count();
                Ok(Some(json!({ "thumbprint": thumbprint, "chain": lines })))
            }
            How::Settings | How::Removal => self.observed_settings(&folder, &resource.key),
            How::Instances => {
                let count = resource.body.get("running").and_then(Value::as_u64).unwrap_or_default() as u16;
                let told = folder.read_told()?.unwrap_or_default();
                let mut digests = Vec::new();
                for number in 0..count {
                    digests.push(folder.digest(number)?);
                }
                // One that does not go by its settings does not count.
                let is_wanted = is_as_wanted(&told, &digests);
                let seen = match (is_wanted, running(&told)) {
                    (true, _) => usize::from(count),
                    (false, seen) if seen == usize::from(count) => 0,
                    (false, seen) => seen,
                };
                Ok(Some(json!({ "running": seen })))
            }
            _ => Ok(None),
        }
    }

    async fn begin(
        &self,
        resource: &Resource,
        body: &Value,
        spec: &CheckedSpec,
        waiting: &Waiting<'_>,
    ) -> Result<Begun> {
        let folder = Folder::new(resource.path.clone().into());
        match resource.how {
            How::Folder => std::fs::create_dir_all(folder.path())
                .map_err(|error| failed("make", folder.path(), error))?,
            How::CertificateFiles => self.write_certificate(&folder, spec)?,
            How::Settings => self.write_settings(&folder, body, spec)?,
            How::Instances => self.run(&folder, body, spec, waiting).await?,
            How::Removal => {
                let number = resource.key.rsplit('-').next().and_then(|text| text.parse().ok());
                let path = folder.settings(number.unwrap_or(INSTANCES_MAX));
                std::fs::remove_file(&path).map_err(|error| failed("delete", &path, error))?;
            }
            _ => {}
        }
        Ok(Begun::Done)
    }

    async fn finish(&self, _under_way: Value, _waiting: &Waiting<'_>) -> Result<()> {
        Ok(())
    }

    fn now(&self) -> OffsetDateTime {
        LocalCloud::now(self)
    }
}
