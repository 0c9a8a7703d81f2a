//! Checks of the way from the connection point to the instances; the protocol is this library's own.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::exchange::whole;
use super::reach::{connect, each, host_of};
use super::run::Run;
use super::trust::days_text;
use super::verdict::Verdict;
use crate::cert::Certificate;
use crate::net::gateway_tls::{Identity, TUNNEL_PROTOCOL, tunnel_dial};
use crate::net::tls_probe::probe;
use crate::proxy::Pin;

const NO_TUNNELS: &str =
    "no addresses of instances for the connection point were given, or it dials through a proxy";

/// How long an instance takes to refuse a certificate that it does not pin.
const REFUSAL: Duration = Duration::from_millis(300);

pub(super) async fn point_certificate(run: &mut Run) -> Verdict {
    let Some((chain, _)) = &run.options.point_identity else {
        return Verdict::skipped("no settings of a connection point were given");
    };
    let own = match chain.certificates() {
        Ok(chain) => chain,
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let Some(own) = own.first() else { return Verdict::failed(format!("{chain} holds no certificate")) };
    let words = format!("{} ends in {}", own.subject(), days_text(own.days_left(run.at)));
    match () {
        () if !own.is_valid_at(run.at) => Verdict::failed(super::certificate::out_of_date(own, run.at)),
        () if own.days_left(run.at) < run.options.warn_days => Verdict::warning(words),
        () => Verdict::passed(words),
    }
}

/// What an instance shows at its end of the tunnel.
async fn shown(address: String, time: Duration) -> Result<(String, bool, Option<Pin>), String> {
    let socket = connect(address.as_str(), time).await.map_err(|cause| format!("{address}: {cause}"))?;
    let probed = match timeout(time, probe(socket, host_of(&address), &[TUNNEL_PROTOCOL])).await {
        Ok(probed) => probed
            .map_err(|error| format!("{address} does not speak the tunnel's protocol: {}", error.cause()))?,
        Err(_) => return Err(format!("{address}: no handshake within {time:?}")),
    };
    let pin = probed.chain.first().and_then(|der| Certificate::from_der(der).ok()).map(|leaf| Pin::of(&leaf));
    Ok((address, probed.protocol.as_deref() == Some(TUNNEL_PROTOCOL), pin))
}

pub(super) async fn tunnel_protocol(run: &mut Run) -> Verdict {
    if run.tunnels.is_empty() {
        return Verdict::skipped(NO_TUNNELS);
    }
    let time = run.options.timeout;
    let (mut faults, mut unpinned) = (Vec::new(), Vec::new());
    for result in each(run.tunnels.clone(), move |address| shown(address, time)).await {
        match result {
            Err(cause) => faults.push(cause),
            Ok((address, false, _)) => faults.push(format!("{address} does not speak the tunnel's protocol")),
            Ok((address, true, Some(pin))) if run.options.instance_pins.contains(&pin) => drop(address),
            Ok((address, true, pin)) => {
                let pin = pin.map(|pin| pin.to_string()).unwrap_or_default();
                unpinned.push(format!("{address} shows {pin}, which instance_pins does not list"));
            }
        }
    }
    run.unpinned = unpinned;
    Verdict::of_faults(faults, format!("{} instances speak the tunnel's protocol", run.tunnels.len()))
}

pub(super) async fn tunnel_pins(run: &mut Run) -> Verdict {
    if run.tunnels.is_empty() || run.options.instance_pins.is_empty() {
        return Verdict::skipped("no pins of instances were given");
    }
    Verdict::of_faults(run.unpinned.clone(), "the connection point pins what the instances show")
}

pub(super) async fn tunnel_accepts_point(run: &mut Run) -> Verdict {
    let Some((chain, key)) = run.options.point_identity.clone() else {
        return Verdict::skipped("no settings of a connection point were given");
    };
    if run.tunnels.is_empty() {
        return Verdict::skipped(NO_TUNNELS);
    }
    let pins = run.options.instance_pins.iter().map(|pin| pin.bytes()).collect();
    let config = match Identity::read(&chain, &key).and_then(|identity| tunnel_dial(&identity, pins)) {
        Ok(config) => config,
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let time = run.options.timeout;
    let tried = each(run.tunnels.clone(), move |address: String| {
        let config = std::sync::Arc::clone(&config);
        async move {
            let socket = connect(address.as_str(), time).await?;
            let name = host_of(&address).to_owned();
            let name = rustls::pki_types::ServerName::try_from(name).map_err(|error| error.to_string())?;
            let shaken = timeout(time, tokio_rustls::TlsConnector::from(config).connect(name, socket)).await;
            let mut stream = match shaken {
                Ok(stream) => stream.map_err(|error| format!("{address}: {}", whole(&error)))?,
                Err(_) => return Err(format!("{address}: no handshake within {time:?}")),
            };
            // An instance that takes the certificate waits for us to speak first.
            match timeout(REFUSAL, stream.read_u8()).await {
                Ok(Err(error)) => {
                    Err(format!("{address} refuses the connection point's certificate: {}", whole(&error)))
                }
                _ => Ok(()),
            }
        }
    });
    let faults = tried.await.into_iter().filter_map(Result::err).collect();
    Verdict::of_faults(faults, "every instance takes the connection point's certificate")
}
