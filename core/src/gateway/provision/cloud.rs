//! What every cloud does with a gateway.

use std::fmt;
use std::pin::Pin;

use serde::Serialize;

use super::apply::{Go, Progress};
use super::plan::GatewayPlan;
use crate::error::Result;
use crate::gateway::Gateway;
use crate::gateway::spec::GatewaySpec;
use crate::site::Site;

/// A call that waits.
pub type CloudFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What is told of each step; it says whether the application goes on.
pub type ProgressFn<'a> = dyn Fn(&Progress) -> Go + Send + Sync + 'a;

/// An instance of a gateway, as its cloud tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CloudInstance {
    /// Its name there.
    pub name: String,
    /// The cloud's own word, such as `running` or `ReadyRole`.
    pub state: String,
    /// True where it serves.
    pub is_ready: bool,
    /// Where clients connect, `host:port`; empty where the cloud does not tell.
    pub address: String,
    /// Where only tunnels connect; empty where that is the same.
    pub tunnel_address: String,
    /// The process on this machine.
    pub process: Option<u32>,
    /// How often it was started again after it had ended by itself.
    pub restarts: u32,
}

/// Where the instances of gateways run.
///
/// A plan changes nothing; each change is read back and safe to make twice. What waits tells its progress as it comes, and at
/// least once a second: [`Go::Stop`] ends any wait within that time, and what was begun goes on by itself.
pub trait Cloud: fmt::Debug + Send + Sync {
    /// What it is called in plans.
    fn name(&self) -> &'static str;

    /// Says what creating or changing the gateway would do; nothing is changed.
    fn plan<'a>(&'a self, spec: &'a GatewaySpec) -> CloudFuture<'a, GatewayPlan>;

    /// As [`plan`](Cloud::plan), and says what would change in the gateway's row in this site, which holds what no cloud does:
    /// roots, thresholds, switches.
    fn plan_in<'a>(&'a self, site: &'a Site, spec: &'a GatewaySpec) -> CloudFuture<'a, GatewayPlan>;

    /// Does what a plan says, keeps the gateway in the site, and reads back.
    fn apply<'a>(
        &'a self,
        site: &'a Site,
        plan: &'a GatewayPlan,
        progress: &'a ProgressFn<'a>,
    ) -> CloudFuture<'a, Gateway>;

    /// Starts the instances of a gateway that was stopped.
    fn start<'a>(
        &'a self,
        site: &'a Site,
        service_name: &'a str,
        progress: &'a ProgressFn<'a>,
    ) -> CloudFuture<'a, ()>;

    /// Stops the instances of a gateway; it can be started again.
    fn stop<'a>(
        &'a self,
        site: &'a Site,
        service_name: &'a str,
        progress: &'a ProgressFn<'a>,
    ) -> CloudFuture<'a, ()>;

    /// Deletes a gateway, then its row in the site.
    fn delete<'a>(
        &'a self,
        site: &'a Site,
        service_name: &'a str,
        progress: &'a ProgressFn<'a>,
    ) -> CloudFuture<'a, ()>;

    /// What the cloud tells of the instances of a gateway.
    fn instances<'a>(&'a self, site: &'a Site, service_name: &'a str) -> CloudFuture<'a, Vec<CloudInstance>>;
}

/// Gives a type that has the calls of a cloud as functions of its own the trait as well, which boxes them.
macro_rules! boxed_cloud {
    ($cloud:ty, $name:expr) => {
        impl $crate::gateway::provision::Cloud for $cloud {
            fn name(&self) -> &'static str {
                $name
            }

            fn plan<'a>(&'a self, spec: &'a GatewaySpec) -> super::CloudFuture<'a, GatewayPlan> {
                Box::pin(<$cloud>::plan(self, spec))
            }

            fn plan_in<'a>(
                &'a self,
                site: &'a Site,
                spec: &'a GatewaySpec,
            ) -> super::CloudFuture<'a, GatewayPlan> {
                Box::pin(<$cloud>::plan_in(self, site, spec))
            }

            fn apply<'a>(
                &'a self,
                site: &'a Site,
                plan: &'a GatewayPlan,
                progress: &'a ProgressFn<'a>,
            ) -> super::CloudFuture<'a, Gateway> {
                Box::pin(<$cloud>::apply(self, site, plan, progress))
            }

            fn start<'a>(
                &'a self,
                site: &'a Site,
                name: &'a str,
                progress: &'a ProgressFn<'a>,
            ) -> super::CloudFuture<'a, ()> {
                Box::pin(<$cloud>::start(self, site, name, progress))
            }

            fn stop<'a>(
                &'a self,
                site: &'a Site,
                name: &'a str,
                progress: &'a ProgressFn<'a>,
            ) -> super::CloudFuture<'a, ()> {
                Box::pin(<$cloud>::stop(self, site, name, progress))
            }

            fn delete<'a>(
                &'a self,
                site: &'a Site,
                name: &'a str,
                progress: &'a ProgressFn<'a>,
            ) -> super::CloudFuture<'a, ()> {
                Box::pin(<$cloud>::delete(self, site, name, progress))
            }

            fn instances<'a>(
                &'a self,
                site: &'a Site,
                name: &'a str,
            ) -> super::CloudFuture<'a, Vec<super::CloudInstance>> {
                Box::pin(<$cloud>::instances(self, site, name))
            }
        }
    };
}

pub(super) use boxed_cloud;
