//! One instance, one connection point and one server inside, connected, in this process.

use cmgateway::proxy::{ConnectionPoint, ConnectionPointOptions, Instance, InstanceOptions};

use crate::curl::{self, Fetched, fetch};
use crate::gateway_client::GatewayClient;
use crate::gateway_parts::{GatewayPki, Owner, ROLE, url};
use crate::inside_server::InsideServer;
use crate::skip::skipped;

/// A gateway that serves.
#[derive(Debug)]
pub struct RunningGateway {
    /// Its authorities and owners.
    pub pki: GatewayPki,
    /// The server inside.
    pub inside: InsideServer,
    /// Its only instance.
    pub instance: Instance,
    /// Its only connection point.
    pub point: ConnectionPoint,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl RunningGateway {
    /// Starts all of it with the usual options.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start() -> Self {
        Self::start_with(|_, _| {}, |_, _| {}).await
    }

    /// Starts all of it with options that a test has changed.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start_with(
        instance: impl FnOnce(&GatewayPki, &mut InstanceOptions),
        point: impl FnOnce(&GatewayPki, &mut ConnectionPointOptions),
    ) -> Self {
        let pki = GatewayPki::new();
        let inside = InsideServer::start(&pki).await;
        let mut instance_options = pki.instance_options();
        instance(&pki, &mut instance_options);
        let instance = Instance::start(instance_options).await.expect("an instance");
        let mut point_options = pki.point_options("CP1", &[&instance], &inside.url());
        point(&pki, &mut point_options);
        let point = ConnectionPoint::start(point_options).await.expect("a connection point");
        point.ready(std::time::Duration::from_secs(20)).await.expect("ready");
        RunningGateway { pki, inside, instance, point }
    }

    /// Gets this rest of the role's address with curl, as the client.
    pub async fn get(&self, rest: &str, arguments: &[&str]) -> Fetched {
        self.get_as(Some(&self.pki.client), rest, arguments).await
    }

    /// Gets this rest of the role's address with curl.
    pub async fn get_as(&self, client: Option<&Owner>, rest: &str, arguments: &[&str]) -> Fetched {
        let address = url(&self.instance, rest);
        let arguments: Vec<&str> = arguments.iter().copied().chain([address.as_str()]).collect();
        fetch(&self.pki, client, &arguments).await
    }

    /// A client that keeps its connection.
    ///
    /// # Panics
    /// Where the certificates cannot be used.
    pub fn client(&self, owner: &Owner) -> GatewayClient {
        GatewayClient::new(&self.pki, owner, *self.instance.addresses().first().expect("an address"))
    }
}

/// The path of an endpoint of the published role.
pub fn path(rest: &str) -> String {
    format!("/CCM_Proxy_MutualAuth/{ROLE}/{rest}")
}

/// True where there is a curl; says so where there is none.
pub fn has_curl() -> bool {
    let there = curl::is_there();
    if !there {
        skipped("there is no curl");
    }
    there
}
