//! The classic Service Management API ("ASM"), as it was until it was switched off on 2024-08-31.
//!
//! Kept for fidelity with the gateway of 2016 and checked against recorded exchanges. The real servers asked for the
//! management certificate by TLS renegotiation, which rustls does not do: it is sent in the first handshake here, to a service
//! that asks for it there.

mod client;
mod deployment;
mod deployment_calls;
pub(crate) mod element;
mod hosted_service;
mod management_certificate;
mod request;
mod role_configuration;
mod service_calls;
mod subscription;
mod subscription_calls;

pub use client::{ServiceAnswer, ServiceManagement, ServiceOperation};
pub use deployment::{Deployment, InstanceStatus, RoleInstance};
pub use deployment_calls::DeploymentAt;
pub use hosted_service::{HostedService, NameAvailability, ServiceCertificate};
pub use management_certificate::ManagementCertificate;
pub use request::{DeploymentRequest, DeploymentStatus, UpgradeMode};
pub use role_configuration::{RoleConfiguration, ServiceConfiguration};
pub use subscription::{Location, ManagementCertificateEntry, Subscription};
