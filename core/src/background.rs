//! Work that would hold up the threads that drive I/O.

use crate::error::{Error, ErrorKind, Result};

/// Runs work that blocks, such as reading a file, off the threads that drive I/O.
///
/// A wait for it can be given up; the work itself then ends by itself.
///
/// # Errors
/// Those of the work; `internal` where it panicked.
///
/// ```
/// # cmgateway::blocking::Runtime::shared()?.wait(async {
/// let made = cmgateway::background::run("add", || Ok(1 + 1)).await?;
/// assert_eq!(made, 2);
/// # Ok(()) }, || Ok::<(), cmgateway::Error>(()))?;
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub async fn run<T, F>(operation: &str, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => {
            Err(Error::new(ErrorKind::Internal, operation, "the work panicked").with_source(error))
        }
        Err(error) => {
            Err(Error::new(ErrorKind::Stopped, operation, "the runtime stopped").with_source(error))
        }
    }
}
