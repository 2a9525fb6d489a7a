//! Opens a TCP connection to whichever address of a name answers first: attempts start one after the other without waiting
//! for those before to fail (RFC 8305, "Happy Eyeballs").

use std::{io, net::SocketAddr, panic, time::Duration};

use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// After this time, the next address is tried as well: the Connection Attempt Delay of RFC 8305 §5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// All attempts failed; the first failure.
    Failed(SocketAddr, io::Error),
    /// No attempt has succeeded in time.
    TimedOut,
}

/// A connection to one of `addresses`, which are tried in this order, and its address.
///
/// # Errors
/// When there is none within `limit`. Of several failures, the first one is reported.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<(SocketAddr, TcpStream), ConnectError> {
    // The usual case needs no task.
    if let [address] = *addresses {
        let connected = timeout(limit, TcpStream::connect(address)).await;
        let connected = connected.map_err(|_| ConnectError::TimedOut)?;
        return match connected {
            Ok(stream) => Ok((address, stream)),
            Err(error) => Err(ConnectError::Failed(address, error)),
        };
    }
    timeout(limit, race(addresses)).await.unwrap_or(Err(ConnectError::TimedOut))
}

/// Attempts that are still under way at the end are aborted with the set that holds them.
async fn race(addresses: &[SocketAddr]) -> Result<(SocketAddr, TcpStream), ConnectError> {
    let (mut attempts, mut waiting, mut failure) = (JoinSet::new(), addresses.iter().copied(), None);
    loop {
        let started = waiting.next();
        if let Some(address) = started {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
        }
        // Without another address there is nothing to do but wait.
        let pause = if waiting.len() > 0 { ATTEMPT_DELAY } else { Duration::MAX };
        match timeout(pause, attempts.join_next()).await {
            Ok(Some(Ok((address, Ok(stream))))) => return Ok((address, stream)),
            Ok(Some(Ok((address, Err(error))))) => {
                failure.get_or_insert(ConnectError::Failed(address, error));
            }
            Ok(Some(Err(error))) => panic::resume_unwind(error.into_panic()),
            Ok(None) => return Err(failure.unwrap_or(ConnectError::TimedOut)),
            Err(_) => {}
        }
    }
}
