//! WS-Management as a transport.

use std::sync::Arc;
use std::time::Duration;

use super::address::Endpoint;
use super::endpoint_reference::{self, resource};
use super::envelope::{RequestOption, identify, transfer};
use super::names::{ADDRESSING, MUTUAL_TLS};
use super::operation::Service;
use super::schema::Schema;
use super::xml::Element;
use super::{read_value, rows, write_value};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::WSMAN_RESPONSE_BYTES_MAX;
use crate::net::authenticated_http::{AuthenticatedHttp, AuthenticatedOptions, Authentication};
use crate::net::{AuthMethod, TrustedRoots, client_config};
use crate::secret::Secret;
use crate::site::access::Access;
use crate::site::transport::{Answer, PutMode, Rows, ServiceIdentity, Transport, unchanged};
use crate::wmi::wql::{AssociationQuery, Select};
use crate::wmi::{
    CallContext, Class, Identifier, Instance, MethodDefinition, ObjectPath, PARAMETERS_CLASS, Property,
    PropertyDefinition, RETURN_VALUE, Value,
};

/// Where a WS-Management service is and how to be let in.
pub(crate) struct WinRmOptions {
    pub(crate) endpoint: Endpoint,
    pub(crate) access: Access,
    pub(crate) trusted_roots: TrustedRoots,
    /// Longest wait for one answer.
    pub(crate) timeout: Duration,
    /// True where a password may travel in clear.
    pub(crate) danger_unencrypted: bool,
}

/// A namespace behind a WS-Management service; asked for the first time with the first call.
pub(crate) struct WinRm {
    service: Arc<Service>,
}

impl WinRm {
    /// Checks the options; connects to nothing yet. Reads the files of roots and of the client's certificate.
    pub(crate) fn new(options: WinRmOptions) -> Result<Self> {
        let WinRmOptions { endpoint, access, trusted_roots, timeout, danger_unencrypted } = options;
        let operation = format!("connect to {}", endpoint.shown);
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation.as_str(), cause));
        let is_plain = endpoint.url.scheme() == "http";
        let authentication = match access.authentication {
            Authentication::Negotiated { method, credentials, .. } => {
                Authentication::Negotiated { method, credentials, sealing: is_plain }
            }
            Authentication::Header(_) if is_plain && !danger_unencrypted && !is_local(&endpoint) => {
                return refuse(
                    "the password would travel in clear; use winrms:// or auth negotiate, or set danger_unencrypted",
                );
            }
            Authentication::None if access.method == Some(AuthMethod::Certificate) => match is_plain {
                true => return refuse("a client certificate needs winrms://"),
                false => Authentication::Header(Secret::new(MUTUAL_TLS)),
            },
            other => other,
        };
        let tls = match is_plain {
            true => None,
            false => Some(client_config(&trusted_roots, access.identity.as_ref())?),
        };
        let http = AuthenticatedHttp::new(AuthenticatedOptions {
            server: endpoint.url.clone(),
            tls,
            authentication,
            timeout,
            response_bytes_max: WSMAN_RESPONSE_BYTES_MAX,
        });
        let service = Service {
            http: Arc::new(http),
            endpoint,
            timeout,
            schema: Arc::new(Schema::default()),
            options: Vec::new(),
        };
        Ok(WinRm { service: Arc::new(service) })
    }

    /// Reads the properties of an instance as the service sends them, with its definition at hand.
    async fn read(&self, operation: &str, path: &ObjectPath) -> Result<Instance> {
        let service = &self.service;
        let request = service.request_to(operation, transfer("Get"), path).await?;
        let body = service.read(operation, &request).await?;
        let object = body.children.first();
        let object =
            object.ok_or_else(|| service.malformed(operation, "there is no instance in it".into()))?;
        let malformed = |cause| service.malformed(operation, cause);
        let class = read_value::class_name(object).map_err(malformed)?;
        service.learn(object, Some(&class)).await?;
        let read = read_value::instance(object, class, &|name| service.known(name)).map_err(malformed)?;
        let mut properties = read.properties().to_vec();
        if let Some(class) = service.known(read.class_name()) {
            properties.extend(read_value::absent_arrays(&class, &read));
        }
        let path = read.path().cloned().unwrap_or_else(|| path.relative());
        Ok(Instance::read(read.class_name().clone(), Some(path), properties))
    }

    async fn put(&self, instance: &Instance, mode: PutMode) -> Result<ObjectPath> {
        let operation = match instance.path() {
            Some(path) => format!("put {path}"),
            None => format!("put instance of class {}", instance.class_name()),
        };
        if mode == PutMode::CreateOnly {
            return self.create(&operation, instance).await;
        }
        let class = self.service.schema.class(&self.service, instance.class_name()).await?;
        let path = instance.path().map(ObjectPath::relative);
        let path = path.or_else(|| class.as_ref().and_then(|class| class.path_of(instance)));
        match (path, mode) {
            (Some(path), mode) => match self.change(&operation, instance, &path, mode).await {
                Err(error) if error.kind() == ErrorKind::NotFound && mode == PutMode::CreateOrUpdate => {
                    self.create(&operation, instance).await
                }
                changed => changed.map(|()| path),
            },
            (None, PutMode::UpdateOnly | PutMode::UpdateUnchanged) => {
                let cause = "the instance has no path and its key is not known; get it from the site first";
                Err(Error::new(ErrorKind::Config, operation, cause))
            }
            (None, _) => self.create(&operation, instance).await,
        }
    }

    /// Changes an instance: a Put replaces all of it, so it is read anew first, and nothing that was not read is lost.
    async fn change(
        &self,
        operation: &str,
        instance: &Instance,
        path: &ObjectPath,
        mode: PutMode,
    ) -> Result<()> {
        let mut whole = self.read(operation, path).await?;
        if mode == PutMode::UpdateUnchanged {
            unchanged(instance, &whole, operation)?;
        }
        let modified: Vec<&Property> =
            instance.properties().iter().filter(|property| property.is_modified()).collect();
        if modified.is_empty() {
            return Ok(());
        }
        let mut request = self.service.request_to(operation, transfer("Put"), path).await?;
        for property in modified {
            let value = self.typed(operation, instance.class_name(), property)?;
            whole.set(property.name.as_str(), value)?;
            request.options.push(RequestOption {
                name: "wmiarray:__MIInstanceModifiedPropertiesList".to_owned(),
                value: property.name.to_string(),
            });
        }
        request.body = self.written(operation, &whole)?;
        self.service.change(operation, &request).await.map(drop)
    }

    async fn create(&self, operation: &str, instance: &Instance) -> Result<ObjectPath> {
        let class = self.service.schema.class(&self.service, instance.class_name()).await?;
        let mut new = Instance::of(instance.class_name().clone());
        for property in instance.properties().iter().filter(|property| !property.value.is_null()) {
            let value = self.typed(operation, instance.class_name(), property)?;
            new.set(property.name.as_str(), value)?;
        }
        let own_path = class.as_ref().and_then(|class| class.path_of(&new));
        let mut request = self.service.request(transfer("Create"), instance.class_name().as_str());
        request.body = self.written(operation, &new)?;
        let body = match self.service.change(operation, &request).await {
            // Some services know Put only.
            Err(error) if error.kind() == ErrorKind::Unsupported && error.wbem().is_none() => {
                let path = own_path.as_ref().ok_or(error)?;
                let mut request = self.service.request_to(operation, transfer("Put"), path).await?;
                request.body = self.written(operation, &new)?;
                self.service.change(operation, &request).await?
            }
            other => other?,
        };
        let reference = body.descendant("ReferenceParameters").is_some().then(|| created(&body)).flatten();
        let told =
            reference.and_then(|element| endpoint_reference::path(element, |name| self.service.known(name)));
        told.or(own_path).ok_or_else(|| {
            let cause = "the instance was created, but the answer does not tell its key".to_owned();
            self.service.malformed(operation, cause)
        })
    }

    /// The value of a property as its class has it, so that a text of digits goes as the number that it is.
    fn typed(&self, operation: &str, class: &Identifier, property: &Property) -> Result<Value> {
        let class = self.service.known(class);
        let known = class.as_ref().and_then(|class| class.property(property.name.as_str()));
        let Some(known) = known else { return Ok(property.value.clone()) };
        property.value.clone().coerced(known.cim_type, known.is_array).map_err(|cause| {
            let cause = format!("property {}: {cause}", property.name);
            Error::new(ErrorKind::Config, operation, cause).with_context("property", property.name.as_str())
        })
    }

    fn written(&self, operation: &str, instance: &Instance) -> Result<String> {
        write_value::instance(instance, self.service.namespace())
            .map_err(|cause| Error::new(ErrorKind::Config, operation, cause))
    }

    async fn call(&self, path: &ObjectPath, method: &Identifier, input: &Instance) -> Result<Instance> {
        let operation = format!("call {}.{method}", path.class);
        let service = &self.service;
        let uri = resource(service.namespace(), path.class.as_str());
        let mut request = service.request_to(&operation, format!("{uri}/{method}"), path).await?;
        request.body = write_value::method_input(method.as_str(), &uri, input, service.namespace())
            .map_err(|cause| Error::new(ErrorKind::Config, operation.as_str(), cause))?;
        let body = service.change(&operation, &request).await?;
        let output = body.children.iter().find(|child| child.name.ends_with("_OUTPUT"));
        let output =
            output.ok_or_else(|| service.malformed(&operation, "there is no output in it".into()))?;
        service.learn(output, None).await?;
        // The method's outputs stand in for a class, so that they get their types.
        let class = service.known(&path.class);
        let declared = class.as_ref().and_then(|class| class.method(method.as_str()));
        let outputs = Identifier::new(PARAMETERS_CLASS)?;
        let shape = declared.map(|method| Class::new(outputs.clone(), output_definitions(method)));
        let classes = |name: &Identifier| match name == &outputs {
            true => shape.clone(),
            false => service.known(name),
        };
        read_value::instance(output, outputs.clone(), &classes)
            .map_err(|cause| service.malformed(&operation, cause))
    }
}

/// The outputs of a method, its return value among them.
fn output_definitions(method: &MethodDefinition) -> Vec<PropertyDefinition> {
    let name = Identifier::new(RETURN_VALUE).ok();
    let returned = name
        .zip(method.returns)
        .map(|(name, cim_type)| PropertyDefinition::new(name, cim_type, false, false));
    method.outputs().cloned().chain(returned).collect()
}

/// The element of a Create's answer that refers to the new instance.
fn created(body: &Element) -> Option<&Element> {
    let refers = |element: &Element| element.child_in(ADDRESSING, "ReferenceParameters").is_some();
    body.children.iter().find_map(|child| if refers(child) { Some(child) } else { created(child) })
}

/// True for a service on this machine, which a password in clear does not leave.
fn is_local(endpoint: &Endpoint) -> bool {
    let host = endpoint.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Transport for WinRm {
    fn address(&self) -> &str {
        &self.service.endpoint.shown
    }

    fn query<'a>(&'a self, select: &'a Select) -> Answer<'a, Rows> {
        Box::pin(rows::query(&self.service, select))
    }

    fn associations<'a>(&'a self, query: &'a AssociationQuery) -> Answer<'a, Option<Rows>> {
        Box::pin(async {
            let operation = format!("find what belongs to {}", query.path);
            let wql = query.to_string();
            rows::read(&self.service, operation, query.path.class.clone(), &wql).await.map(Some)
        })
    }

    fn class_objects<'a>(&'a self, select: &'a Select) -> Answer<'a, Option<Rows>> {
        Box::pin(async { rows::query(&self.service, select).await.map(Some) })
    }

    fn get<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, Instance> {
        Box::pin(async move { self.read(&format!("get {path}"), path).await })
    }

    fn put<'a>(&'a self, instance: &'a Instance, mode: PutMode) -> Answer<'a, ObjectPath> {
        Box::pin(self.put(instance, mode))
    }

    fn delete<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, ()> {
        Box::pin(async move {
            let operation = format!("delete {path}");
            let request = self.service.request_to(&operation, transfer("Delete"), path).await?;
            self.service.change(&operation, &request).await.map(drop)
        })
    }

    fn class<'a>(&'a self, name: &'a Identifier) -> Answer<'a, Class> {
        Box::pin(self.service.schema.required(&self.service, name))
    }

    fn call<'a>(
        &'a self,
        path: &'a ObjectPath,
        method: &'a Identifier,
        input: &'a Instance,
    ) -> Answer<'a, Instance> {
        Box::pin(self.call(path, method, input))
    }

    fn identify(&self) -> Answer<'_, ServiceIdentity> {
        Box::pin(async {
            let operation = "identify the service";
            let body = self.service.post(operation, identify(), true, None).await?;
            let response = body.child("IdentifyResponse");
            let response = response
                .ok_or_else(|| self.service.malformed(operation, "there is no identity in it".into()))?;
            let text = |name: &str| {
                response.child(name).map(|child| child.text.trim().to_owned()).unwrap_or_default()
            };
            Ok(ServiceIdentity {
                protocol_version: text("ProtocolVersion"),
                product_vendor: text("ProductVendor"),
                product_version: text("ProductVersion"),
            })
        })
    }

    fn with_context(&self, context: CallContext) -> Result<Arc<dyn Transport>> {
        let mut options = Vec::new();
        for (name, value) in context.values() {
            let (prefix, values) = match value {
                Value::Array(items) => ("wmiarray", items.as_slice()),
                single => ("wmi", std::slice::from_ref(single)),
            };
            for value in values {
                options.push(RequestOption {
                    name: format!("{prefix}:{name}"),
                    value: context_text(name, value)?,
                });
            }
        }
        let service = Service {
            http: Arc::clone(&self.service.http),
            endpoint: self.service.endpoint.clone(),
            timeout: self.service.timeout,
            schema: Arc::clone(&self.service.schema),
            options,
        };
        Ok(Arc::new(WinRm { service: Arc::new(service) }))
    }
}

fn context_text(name: &Identifier, value: &Value) -> Result<String> {
    match value.clone().coerced(crate::wmi::CimType::String, false) {
        Ok(Value::String(text)) => Ok(text),
        _ => match value {
            Value::Boolean(flag) => Ok(flag.to_string()),
            other => {
                let cause = format!("{} cannot go with a call over WS-Management", other.described());
                Err(Error::new(ErrorKind::Config, format!("set context value {name}"), cause))
            }
        },
    }
}
