//! What the client knows of the classes: `$metadata`, fetched once, when it is first needed.

use tokio::sync::OnceCell;

use super::answer;
use super::client::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Method;
use crate::site::odata::metadata::Metadata;
use crate::wmi::{Class, Identifier};

/// The classes of a site; empty where the server does not tell them.
#[derive(Default)]
pub(super) struct Schema {
    known: OnceCell<Result<Metadata, String>>,
}

impl Schema {
    /// The definition of a class; None where the server does not tell it, and then calls go on without it.
    ///
    /// # Errors
    /// `unavailable` and `certificate`: the call itself would meet the same.
    pub(super) async fn class(&self, connection: &Connection, name: &Identifier) -> Result<Option<Class>> {
        Ok(self.metadata(connection).await?.as_ref().ok().and_then(|metadata| metadata.class(name)))
    }

    /// The definition of a class for a caller who wants just that.
    pub(super) async fn required(&self, connection: &Connection, name: &Identifier) -> Result<Class> {
        let operation = format!("read class {name}");
        match self.metadata(connection).await? {
            Ok(metadata) => metadata.class(name).ok_or_else(|| {
                Error::new(ErrorKind::NotFound, operation, "the $metadata of the server has no such class")
            }),
            Err(cause) => Err(Error::new(
                ErrorKind::Unsupported,
                operation,
                format!("the server does not tell its classes: {cause}"),
            )),
        }
    }

    async fn metadata(&self, connection: &Connection) -> Result<&Result<Metadata, String>> {
        self.known
            .get_or_try_init(|| async {
                match fetch(connection).await {
                    Ok(metadata) => Ok(Ok(metadata)),
                    // Not remembered: the server may be there the next time.
                    Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Certificate) => {
                        Err(error)
                    }
                    Err(error) => Ok(Err(error.cause().to_owned())),
                }
            })
            .await
    }
}

async fn fetch(connection: &Connection) -> Result<Metadata> {
    let operation = "read $metadata";
    let url = connection.url("$metadata")?;
    let answer = connection.send(operation, Method::GET, &url, "application/xml", None).await?;
    let answer = answer::success(operation, &url, answer)?;
    Metadata::parse(&answer.body).map_err(|cause| answer::malformed(operation, &url, cause))
}
