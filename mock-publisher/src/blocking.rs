//! Work that blocks, on a thread for it.

use std::io;
use std::panic::resume_unwind;

/// Does blocking work on a thread for it. If the work panics, so does the caller, whose connection then ends without an
/// answer and counts a panic, as if the work had been done in the handler itself.
///
/// # Errors
/// The runtime shuts down.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(cancelled) => Err(io::Error::other(cancelled)),
        },
    }
}
