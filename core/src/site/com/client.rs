//! WMI over COM as a transport.
#![expect(unsafe_code, reason = "the objects of COM are called by pointers")]

use std::sync::Arc;

use windows::Win32::System::Wmi::{
    IWbemClassObject, WBEM_FLAG_CREATE_ONLY, WBEM_FLAG_CREATE_OR_UPDATE, WBEM_FLAG_FORWARD_ONLY,
    WBEM_FLAG_RETURN_IMMEDIATELY, WBEM_FLAG_UPDATE_ONLY, WBEM_GENERIC_FLAG_TYPE,
};
use windows::core::{BSTR, HSTRING};

use super::address::ComAddress;
use super::apartment::Apartment;
use super::class_reader::read_class;
use super::failure::{failed, malformed};
use super::object::{read_instance, read_output, set};
use super::session::{Session, SessionOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::net::AuthMethod;
use crate::site::ConnectOptions;
use crate::site::transport::{Answer, PutMode, RowSource, Rows, Transport, unchanged};
use crate::wmi::wql::{AssociationQuery, Select};
use crate::wmi::{CallContext, Class, Identifier, Instance, ObjectPath, PARAMETERS_CLASS};

/// A namespace of a machine's WMI.
pub(super) struct Com {
    apartment: Apartment,
    shown: String,
    context: CallContext,
}

impl Com {
    pub(super) fn new(address: ComAddress, options: &ConnectOptions) -> Result<Self> {
        let shown = address.shown.clone();
        let authority = match (options.auth, &options.realm) {
            (Some(AuthMethod::Ntlm), Some(domain)) => Some(format!("ntlmdomain:{domain}")),
            _ => None,
        };
        let login = options.user.clone().zip(options.password.clone());
        let apartment =
            Apartment::start(SessionOptions { address, login, authority, timeout: options.timeout })?;
        Ok(Com { apartment, shown, context: CallContext::default() })
    }

    async fn ask(&self, operation: String, wql: String) -> Result<Rows> {
        let (context, asked) = (self.context.clone(), operation.clone());
        let query =
            self.apartment.run(&operation, move |session| session.query(&wql, &context, &asked)).await?;
        Ok(Rows::new(ComRows { apartment: self.apartment.clone(), operation, query }))
    }
}

/// The rows of a query, kept on the thread of COM.
struct ComRows {
    apartment: Apartment,
    operation: String,
    query: u64,
}

impl RowSource for ComRows {
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>> {
        Box::pin(async {
            let (query, operation) = (self.query, self.operation.clone());
            let rows =
                self.apartment.run(&self.operation, move |session| session.rows(query, &operation)).await?;
            Ok(Some(rows).filter(|rows| !rows.is_empty()))
        })
    }
}

impl Drop for ComRows {
    fn drop(&mut self) {
        self.apartment.close(self.query);
    }
}

/// Writes an instance, on the thread of COM.
fn put(
    session: &mut Session,
    instance: &Instance,
    mode: PutMode,
    context: &CallContext,
) -> Result<ObjectPath> {
    let operation = match instance.path() {
        Some(path) => format!("put {path}"),
        None => format!("put instance of class {}", instance.class_name()),
    };
    let refuse = |cause: String| Error::new(ErrorKind::Config, operation.as_str(), cause);
    let services = session.services(&operation)?;
    let make = |inner: &Instance| Session::made(&services, inner);
    let stored = match instance.path().filter(|_| mode != PutMode::CreateOnly) {
        None => None,
        Some(path) => match session.object(&path.relative().to_string(), context, &operation) {
            Ok(object) => Some(object),
            Err(error) if error.kind() == ErrorKind::NotFound && mode == PutMode::CreateOrUpdate => None,
            Err(error) => return Err(error),
        },
    };
    let is_new = stored.is_none();
    let object = match stored {
        Some(object) => object,
        None => session.spawned(instance.class_name(), &operation)?,
    };
    if mode == PutMode::UpdateUnchanged && !is_new {
        let read = read_instance(&object).map_err(|cause| malformed(&operation, cause))?;
        unchanged(instance, &read, &operation)?;
    }
    // The object that was read has its lazy properties, so that a put of all of it wipes none.
    let written = instance.properties().iter().filter(|property| match is_new {
        true => !property.value.is_null(),
        false => property.is_modified(),
    });
    set(&object, written, &make).map_err(refuse)?;
    let flags = match mode {
        PutMode::CreateOnly => WBEM_FLAG_CREATE_ONLY.0,
        PutMode::UpdateOnly | PutMode::UpdateUnchanged => WBEM_FLAG_UPDATE_ONLY.0,
        PutMode::CreateOrUpdate => WBEM_FLAG_CREATE_OR_UPDATE.0,
    };
    let context = Session::context(context, &operation)?;
    let mut result = None;
    // SAFETY: the pointer is good for writing, and what is written is ours.
    unsafe {
        services.PutInstance(&object, WBEM_GENERIC_FLAG_TYPE(flags), context.as_ref(), Some(&raw mut result))
    }
    .map_err(|error| failed(&operation, error))?;
    let told = Session::created(result.as_ref()).and_then(|path| ObjectPath::parse(&path).ok());
    let path = told.map(|path| path.relative()).or_else(|| instance.path().map(ObjectPath::relative));
    path.or_else(|| read_instance(&object).ok().and_then(|written| written.path().cloned())).ok_or_else(
        || malformed(&operation, "the instance was written, but WMI does not tell its key".to_owned()),
    )
}

/// Calls a method, on the thread of COM.
fn call(
    session: &mut Session,
    path: &ObjectPath,
    method: &Identifier,
    input: &Instance,
    context: &CallContext,
) -> Result<Instance> {
    let operation = format!("call {}.{method}", path.class);
    let class = session.object(path.class.as_str(), context, &operation)?;
    let services = session.services(&operation)?;
    let (mut takes, mut gives): (Option<IWbemClassObject>, Option<IWbemClassObject>) = (None, None);
    let context = Session::context(context, &operation)?;
    // SAFETY: the pointers are good for writing, and what is written is ours.
    let output = unsafe {
        class
            .GetMethod(&HSTRING::from(method.as_str()), 0, &raw mut takes, &raw mut gives)
            .map_err(|error| failed(&operation, error))?;
        let given = match &takes {
            None => None,
            Some(takes) => Some(takes.SpawnInstance(0).map_err(|error| failed(&operation, error))?),
        };
        if let Some(given) = &given {
            let values = input.properties().iter().filter(|property| !property.value.is_null());
            set(given, values, &|inner| Session::made(&services, inner))
                .map_err(|cause| Error::new(ErrorKind::Config, operation.as_str(), cause))?;
        }
        let mut output: Option<IWbemClassObject> = None;
        services
            .ExecMethod(
                &BSTR::from(path.relative().to_string()),
                &BSTR::from(method.as_str()),
                WBEM_GENERIC_FLAG_TYPE(0),
                context.as_ref(),
                given.as_ref(),
                Some(&raw mut output),
                None,
            )
            .map_err(|error| failed(&operation, error))?;
        output
    };
    match output {
        Some(output) => read_output(&output).map_err(|cause| malformed(&operation, cause)),
        None => Ok(Instance::read(Identifier::new(PARAMETERS_CLASS)?, None, Vec::new())),
    }
}

/// Reads every class of the namespace, on the thread of COM.
fn classes(session: &mut Session, context: &CallContext) -> Result<Vec<Class>> {
    let operation = "list classes";
    let services = session.services(operation)?;
    let context = Session::context(context, operation)?;
    let flags = WBEM_GENERIC_FLAG_TYPE(WBEM_FLAG_FORWARD_ONLY.0 | WBEM_FLAG_RETURN_IMMEDIATELY.0);
    // SAFETY: the text lives while the call lasts.
    let results = unsafe { services.CreateClassEnum(&BSTR::new(), flags, context.as_ref()) };
    let query = session.keep(results.map_err(|error| failed(operation, error))?, operation)?;
    let mut all = Vec::new();
    loop {
        let objects = session.next(query, operation)?;
        if objects.is_empty() {
            return Ok(all);
        }
        for object in &objects {
            all.push(read_class(object).map_err(|cause| malformed(operation, cause))?);
        }
    }
}

impl Transport for Com {
    fn address(&self) -> &str {
        &self.shown
    }

    fn query<'a>(&'a self, select: &'a Select) -> Answer<'a, Rows> {
        Box::pin(self.ask("run query".to_owned(), select.to_string()))
    }

    fn associations<'a>(&'a self, query: &'a AssociationQuery) -> Answer<'a, Option<Rows>> {
        Box::pin(async {
            let operation = format!("find what belongs to {}", query.path);
            self.ask(operation, query.to_string()).await.map(Some)
        })
    }

    fn class_objects<'a>(&'a self, select: &'a Select) -> Answer<'a, Option<Rows>> {
        Box::pin(async { self.ask("query classes".to_owned(), select.to_string()).await.map(Some) })
    }

    fn get<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, Instance> {
        let (operation, relative) = (format!("get {path}"), path.relative().to_string());
        let context = self.context.clone();
        Box::pin(async move {
            let named = operation.clone();
            let read = move |session: &mut Session| {
                let object = session.object(&relative, &context, &named)?;
                read_instance(&object).map_err(|cause| malformed(&named, cause))
            };
            self.apartment.run(&operation, read).await
        })
    }

    fn put<'a>(&'a self, instance: &'a Instance, mode: PutMode) -> Answer<'a, ObjectPath> {
        let (instance, context) = (instance.clone(), self.context.clone());
        let operation = format!("put instance of class {}", instance.class_name());
        Box::pin(async move {
            self.apartment.run(&operation, move |session| put(session, &instance, mode, &context)).await
        })
    }

    fn delete<'a>(&'a self, path: &'a ObjectPath) -> Answer<'a, ()> {
        let (operation, relative) = (format!("delete {path}"), path.relative().to_string());
        let context = self.context.clone();
        Box::pin(async move {
            let named = operation.clone();
            let delete = move |session: &mut Session| {
                let services = session.services(&named)?;
                let context = Session::context(&context, &named)?;
                // SAFETY: the text lives while the call lasts.
                unsafe {
                    services.DeleteInstance(
                        &BSTR::from(relative),
                        WBEM_GENERIC_FLAG_TYPE(0),
                        context.as_ref(),
                        None,
                    )
                }
                .map_err(|error| failed(&named, error))
            };
            self.apartment.run(&operation, delete).await
        })
    }

    fn class<'a>(&'a self, name: &'a Identifier) -> Answer<'a, Class> {
        let (operation, name, context) =
            (format!("read class {name}"), name.to_string(), self.context.clone());
        Box::pin(async move {
            let named = operation.clone();
            let read = move |session: &mut Session| {
                let object = session.object(&name, &context, &named)?;
                read_class(&object).map_err(|cause| malformed(&named, cause))
            };
            self.apartment.run(&operation, read).await
        })
    }

    fn classes(&self) -> Answer<'_, Vec<Class>> {
        let context = self.context.clone();
        Box::pin(async move {
            self.apartment.run("list classes", move |session| classes(session, &context)).await
        })
    }

    fn call<'a>(
        &'a self,
        path: &'a ObjectPath,
        method: &'a Identifier,
        input: &'a Instance,
    ) -> Answer<'a, Instance> {
        let (path, method, input, context) =
            (path.clone(), method.clone(), input.clone(), self.context.clone());
        let operation = format!("call {}.{method}", path.class);
        Box::pin(async move {
            self.apartment
                .run(&operation, move |session| call(session, &path, &method, &input, &context))
                .await
        })
    }

    fn with_context(&self, context: CallContext) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(Com { apartment: self.apartment.clone(), shown: self.shown.clone(), context }))
    }
}
