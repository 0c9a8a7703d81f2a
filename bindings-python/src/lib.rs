//! The native module of the Python package `cmgateway`: extracts, calls the core, wraps.
//!
//! Every class is immutable or locks what changes, so the module is safe without the GIL.

use pyo3::prelude::*;

mod analyzer;
mod association;
mod authority;
mod azure;
mod call;
mod cancel_token;
mod cert;
mod certificate_parts;
mod chain;
mod class;
mod client_location;
mod cloud;
mod connection_point_roles;
mod crl;
mod datetime;
mod error;
mod file_source;
mod gateway;
mod gateway_spec;
mod instance;
mod json;
mod keywords;
mod locator;
mod monitor;
mod notices;
mod p7b;
mod path;
mod pfx;
mod pki;
mod plan;
mod private_key;
mod program;
mod request;
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
mod source;
mod sub_ca;
mod thumbprint;
mod thumbprint_list;
mod value;
mod verifier;
mod watch;
mod wql;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::analyzer::{AnalysisReport, CheckResult, analyze, checks_page};
    #[pymodule_export]
    use crate::authority::Authority;
    #[pymodule_export]
    use crate::azure::{
        Credential, KeyVault, ManagementCertificate, Operation, ResourceManager, ServiceManagement,
        access_token, azure_cli, client_certificate, client_secret, managed_identity,
    };
    #[pymodule_export]
    use crate::call::BoundMethod;
    #[pymodule_export]
    use crate::cancel_token::CancelToken;
    #[pymodule_export]
    use crate::cert::{Certificate, load_cer};
    #[pymodule_export]
    use crate::certificate_parts::{CertificateExtension, CertificateTemplate, NameConstraints};
    #[pymodule_export]
    use crate::chain::{Chain, FetchedChain, IssuerDownload, MissingIssuer, build_chain, fetch_issuers};
    #[pymodule_export]
    use crate::class::{ClassDefinition, PropertyDefinition};
    #[pymodule_export]
    use crate::client_location::{
        ReferenceClient, always_on_internet_here, decide_location, group_policy_preferences, registry_file,
        set_always_on_internet_here,
    };
    #[pymodule_export]
    use crate::cloud::{
        Cloud, GatewayPlan, classic_cloud, local_cloud, plan_offline, resource_manager_cloud, site_cloud,
    };
    #[pymodule_export]
    use crate::connection_point_roles::ConnectionPointRoles;
    #[pymodule_export]
    use crate::crl::{Crl, Revocation, load_crl};
    #[pymodule_export]
    use crate::datetime::DateTime;
    #[pymodule_export]
    use crate::gateway::Gateway;
    #[pymodule_export]
    use crate::gateway_spec::GatewaySpec;
    #[pymodule_export]
    use crate::instance::Instance;
    #[pymodule_export]
    use crate::locator::Locator;
    #[pymodule_export]
    use crate::monitor::{Monitor, expiry_warnings};
    #[pymodule_export]
    use crate::notices::{Mail, Notices, Webhook};
    #[pymodule_export]
    use crate::p7b::{load_p7b, write_p7b};
    #[pymodule_export]
    use crate::path::ObjectPath;
    #[pymodule_export]
    use crate::pfx::{Pfx, PfxCertificate, PfxKey, PfxKeyPair, PfxMac, load_pfx, write_pfx};
    #[pymodule_export]
    use crate::pki::{DevelopmentPki, IssuedCertificate};
    #[pymodule_export]
    use crate::plan::{PlanStep, SubCaPlan};
    #[pymodule_export]
    use crate::private_key::{PrivateKey, load_private_key};
    #[pymodule_export]
    use crate::program::_main;
    #[pymodule_export]
    use crate::request::{
        CertificateRequest, RequestOrigin, certreq_inf, create_csr, generate_key, load_csr,
    };
    #[pymodule_export]
    use crate::required_ports::RequiredPorts;
    #[pymodule_export]
    use crate::rows::Rows;
    #[pymodule_export]
    use crate::server::AdminServiceServer;
    #[pymodule_export]
    use crate::server_certificate::{
        Finding, ServerCertificateReport, check_cname, check_name_prefix, check_renewal,
        check_server_certificate, deployment_name, service_name,
    };
    #[pymodule_export]
    use crate::service::{ConnectionPointService, InstanceService, start_connection_point, start_instance};
    #[pymodule_export]
    use crate::site::{Site, connect, create_site};
    #[pymodule_export]
    use crate::site_plan::SitePlan;
    #[pymodule_export]
    use crate::site_roles::SiteRoles;
    #[pymodule_export]
    use crate::site_switches::SiteSwitches;
    #[pymodule_export]
    use crate::snapshot::{SiteDifference, diff};
    #[pymodule_export]
    use crate::sub_ca::SubCa;
    #[pymodule_export]
    use crate::thumbprint::Thumbprint;
    #[pymodule_export]
    use crate::thumbprint_list::ThumbprintList;
    #[pymodule_export]
    use crate::verifier::{VerifiedChain, Verifier};
    #[pymodule_export]
    use crate::watch::Watch;
    #[pymodule_export]
    use crate::wql::{format_query, like_literal, quote};

    #[expect(non_upper_case_globals, reason = "the name that Python expects")]
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
