//! One connection to a namespace, on the thread of COM.
#![expect(unsafe_code, reason = "the objects of COM are called by pointers")]

use std::collections::HashMap;
use std::time::Duration;

use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COAUTHIDENTITY, CoCreateInstance, CoSetProxyBlanket, EOAC_NONE,
    RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_IMP_LEVEL_IMPERSONATE,
};
use windows::Win32::System::Rpc::SEC_WINNT_AUTH_IDENTITY_UNICODE;
use windows::Win32::System::Wmi::{
    IEnumWbemClassObject, IWbemCallResult, IWbemClassObject, IWbemContext, IWbemLocator, IWbemServices,
    WBEM_FLAG_FORWARD_ONLY, WBEM_FLAG_RETURN_IMMEDIATELY, WBEM_GENERIC_FLAG_TYPE, WbemContext, WbemLocator,
};
use windows::core::{BSTR, HRESULT, HSTRING, IUnknown, Interface, PCWSTR};
use zeroize::{Zeroize, Zeroizing};

use super::address::ComAddress;
use super::failure::failed;
use super::object::{read_instance, set};
use super::variant;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::ROWS_PER_BATCH;
use crate::secret::Secret;
use crate::wmi::{CallContext, Identifier, Instance};

/// `E_NOINTERFACE`: an object of this process has no proxy to set anything on.
const NO_INTERFACE: HRESULT = HRESULT(0x8000_4002_u32.cast_signed());
/// `WBEM_S_TIMEDOUT`
const TIMED_OUT: i32 = 0x0004_0004;
/// `RPC_C_AUTHN_DEFAULT` and `RPC_C_AUTHZ_DEFAULT`
const DEFAULT_SERVICE: u32 = u32::MAX;

/// Where to connect, and as whom.
pub(super) struct SessionOptions {
    pub(super) address: ComAddress,
    pub(super) login: Option<(String, Secret)>,
    pub(super) authority: Option<String>,
    pub(super) timeout: Duration,
}

/// The user of a remote connection; proxies keep pointers into it.
struct Login {
    user: Vec<u16>,
    domain: Vec<u16>,
    password: Zeroizing<Vec<u16>>,
}

/// A connection that is made with the first call.
pub(super) struct Session {
    options: SessionOptions,
    entered: HRESULT,
    services: Option<IWbemServices>,
    login: Option<Box<Login>>,
    queries: HashMap<u64, IEnumWbemClassObject>,
    next_query: u64,
}

impl Session {
    pub(super) fn new(options: SessionOptions, entered: HRESULT) -> Self {
        let login = options.login.as_ref().map(|(user, password)| {
            let (domain, user) = user.split_once('\\').unwrap_or(("", user));
            Box::new(Login {
                user: user.encode_utf16().collect(),
                domain: domain.encode_utf16().collect(),
                password: Zeroizing::new(password.expose().encode_utf16().collect()),
            })
        });
        Session { options, entered, services: None, login, queries: HashMap::new(), next_query: 0 }
    }

    /// The namespace, connected to where it was not yet.
    pub(super) fn services(&mut self, operation: &str) -> Result<IWbemServices> {
        if let Some(services) = &self.services {
            return Ok(services.clone());
        }
        self.entered.ok().map_err(|error| failed(operation, error))?;
        let services = self.connect().map_err(|error| {
            failed(operation, error).with_context("address", self.options.address.shown.as_str())
        })?;
        self.services = Some(services.clone());
        Ok(services)
    }

    fn connect(&mut self) -> windows::core::Result<IWbemServices> {
        let resource = BSTR::from(self.options.address.network_resource());
        let authority = BSTR::from(self.options.authority.as_deref().unwrap_or_default());
        let (user, password) = match &self.options.login {
            Some((user, password)) => (BSTR::from(user.as_str()), BSTR::from(password.expose())),
            None => (BSTR::new(), BSTR::new()),
        };
        // SAFETY: the texts live while the call lasts.
        let connected = unsafe {
            let locator: IWbemLocator = CoCreateInstance(&WbemLocator, None, CLSCTX_INPROC_SERVER)?;
            locator.ConnectServer(&resource, &user, &password, &BSTR::new(), 0, &authority, None)
        };
        wipe(password);
        let services = connected?;
        self.protect(&services)?;
        Ok(services)
    }

    /// Every call of a proxy is sealed and made as the user.
    fn protect(&self, proxy: &impl Interface) -> windows::core::Result<()> {
        let unknown: IUnknown = proxy.cast()?;
        let identity = self.login.as_ref().map(|login| COAUTHIDENTITY {
            User: login.user.as_ptr().cast_mut(),
            UserLength: length(&login.user),
            Domain: login.domain.as_ptr().cast_mut(),
            DomainLength: length(&login.domain),
            Password: login.password.as_ptr().cast_mut(),
            PasswordLength: length(&login.password),
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE.0,
        });
        let identity = identity.as_ref().map(|identity| (&raw const *identity).cast());
        // SAFETY: the login lives in a box of this session, which outlives its proxies.
        let set = unsafe {
            CoSetProxyBlanket(
                &unknown,
                DEFAULT_SERVICE,
                DEFAULT_SERVICE,
                PCWSTR::null(),
                RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                RPC_C_IMP_LEVEL_IMPERSONATE,
                identity,
                EOAC_NONE,
            )
        };
        match set {
            Err(error) if error.code() == NO_INTERFACE => Ok(()),
            other => other,
        }
    }

    /// The values that go with a call, as COM takes them.
    pub(super) fn context(context: &CallContext, operation: &str) -> Result<Option<IWbemContext>> {
        if context.is_empty() {
            return Ok(None);
        }
        // SAFETY: the values live while the calls last.
        let made: IWbemContext = unsafe { CoCreateInstance(&WbemContext, None, CLSCTX_INPROC_SERVER) }
            .map_err(|error| failed(operation, error))?;
        for (name, value) in context.values() {
            let refuse = |cause: String| {
                Error::new(ErrorKind::Config, operation, format!("context value {name}: {cause}"))
            };
            let (cim_type, _) = value.natural_type().ok_or_else(|| refuse("it says nothing".to_owned()))?;
            // Small numbers go as numbers; WMI has texts for 64 bit, which a provider would not expect here.
            let narrow = value
                .clone()
                .coerced(crate::wmi::CimType::Sint32, matches!(value, crate::wmi::Value::Array(_)));
            let cim_type = if value.as_integer().is_some() && narrow.is_ok() {
                crate::wmi::CimType::Sint32
            } else {
                cim_type
            };
            let variant = variant::write(value, cim_type, &|_| Err("an object cannot go along".to_owned()))
                .map_err(refuse)?;
            // SAFETY: the pointer is good for reading while the call lasts.
            unsafe { made.SetValue(&HSTRING::from(name.as_str()), 0, &raw const variant) }
                .map_err(|error| failed(operation, error))?;
        }
        Ok(Some(made))
    }

    /// One object: a class by its name, an instance by its path.
    pub(super) fn object(
        &mut self,
        path: &str,
        context: &CallContext,
        operation: &str,
    ) -> Result<IWbemClassObject> {
        let services = self.services(operation)?;
        let context = Self::context(context, operation)?;
        let mut object = None;
        // SAFETY: the pointer is good for writing, and what is written is ours.
        unsafe {
            services.GetObject(
                &BSTR::from(path),
                WBEM_GENERIC_FLAG_TYPE(0),
                context.as_ref(),
                Some(&raw mut object),
                None,
            )
        }
        .map_err(|error| failed(operation, error))?;
        object.ok_or_else(|| Error::new(ErrorKind::Protocol, operation, "WMI gives no object"))
    }

    /// A new instance with these properties, embedded objects included.
    pub(super) fn spawned(&mut self, class: &Identifier, operation: &str) -> Result<IWbemClassObject> {
        let class = self.object(class.as_str(), &CallContext::default(), operation)?;
        // SAFETY: no pointers go in.
        unsafe { class.SpawnInstance(0) }.map_err(|error| failed(operation, error))
    }

    /// Makes an embedded object.
    pub(super) fn made(
        services: &IWbemServices,
        instance: &Instance,
    ) -> std::result::Result<IWbemClassObject, String> {
        let said =
            |error: windows::core::Error| format!("an object of class {}: {error}", instance.class_name());
        let mut class = None;
        // SAFETY: the pointer is good for writing, and what is written is ours.
        let spawned = unsafe {
            services
                .GetObject(
                    &BSTR::from(instance.class_name().as_str()),
                    WBEM_GENERIC_FLAG_TYPE(0),
                    None,
                    Some(&raw mut class),
                    None,
                )
                .map_err(said)?;
            let class: IWbemClassObject = class.ok_or("WMI gives no class")?;
            class.SpawnInstance(0).map_err(said)?
        };
        let given = instance.properties().iter().filter(|property| !property.is_left_out());
        set(&spawned, given, &|inner| Self::made(services, inner))?;
        Ok(spawned)
    }

    /// Keeps an enumeration of results; its number stands for it outside of this thread.
    pub(super) fn keep(&mut self, results: IEnumWbemClassObject, operation: &str) -> Result<u64> {
        self.protect(&results).map_err(|error| failed(operation, error))?;
        self.next_query += 1;
        self.queries.insert(self.next_query, results);
        Ok(self.next_query)
    }

    /// Asks a question in WQL; the number stands for its results.
    pub(super) fn query(&mut self, wql: &str, context: &CallContext, operation: &str) -> Result<u64> {
        let services = self.services(operation)?;
        let context = Self::context(context, operation)?;
        let flags = WBEM_GENERIC_FLAG_TYPE(WBEM_FLAG_FORWARD_ONLY.0 | WBEM_FLAG_RETURN_IMMEDIATELY.0);
        // SAFETY: the texts live while the call lasts.
        let results =
            unsafe { services.ExecQuery(&BSTR::from("WQL"), &BSTR::from(wql), flags, context.as_ref()) };
        self.keep(results.map_err(|error| failed(operation, error))?, operation)
    }

    /// The next objects of a query; none at the end.
    pub(super) fn next(&mut self, query: u64, operation: &str) -> Result<Vec<IWbemClassObject>> {
        let Some(results) = self.queries.get(&query) else { return Ok(Vec::new()) };
        let mut objects = vec![None; ROWS_PER_BATCH];
        let mut count = 0;
        let time = i32::try_from(self.options.timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the slice and the count are good for writing, and what is written is ours.
        let said = unsafe { results.Next(time, &mut objects, &raw mut count) };
        let objects: Vec<_> = objects.into_iter().flatten().collect();
        if said.is_err() {
            self.close(query);
            return Err(failed(operation, said.into()));
        }
        if objects.is_empty() {
            self.close(query);
            if said.0 == TIMED_OUT {
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    operation,
                    "WMI gives no further object in time",
                ));
            }
        }
        Ok(objects)
    }

    /// Lets go of a query.
    pub(super) fn close(&mut self, query: u64) {
        self.queries.remove(&query);
    }

    /// Reads the rows of the next batch.
    pub(super) fn rows(&mut self, query: u64, operation: &str) -> Result<Vec<Instance>> {
        let objects = self.next(query, operation)?;
        let rows: std::result::Result<Vec<_>, String> = objects.iter().map(read_instance).collect();
        rows.map_err(|cause| super::failure::malformed(operation, cause))
    }

    /// What a put gave: the path of the instance.
    pub(super) fn created(result: Option<&IWbemCallResult>) -> Option<String> {
        // SAFETY: no pointers go in; the call is over, so that nothing is waited for.
        unsafe { result?.GetResultString(0) }
            .ok()
            .map(|path| path.to_string())
            .filter(|path| !path.is_empty())
    }
}

fn length(text: &[u16]) -> u32 {
    u32::try_from(text.len()).unwrap_or(0)
}

/// Overwrites a text of COM before it is freed.
fn wipe(text: BSTR) {
    if !text.is_empty() {
        // SAFETY: the text is ours, has this length, and nobody else reads it.
        unsafe { std::slice::from_raw_parts_mut(text.as_ptr().cast_mut(), text.len()) }.zeroize();
    }
}
