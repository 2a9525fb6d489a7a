//! How much of what was written to a connection its peer has not acknowledged: the only file of the workspace with `unsafe`,
//! because neither rustix nor socket2 has `SIOCOUTQ` (tcp(7)).
#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "an ioctl that writes one integer"))]

use tokio::net::TcpStream;

/// Bytes that the peer has not acknowledged; `None` where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn unacknowledged(stream: &TcpStream) -> Option<u64> {
    use std::ffi::c_int;

    use rustix::ioctl::{Getter, Opcode, ioctl};

    /// The same number as `TIOCOUTQ`.
    const SIOCOUTQ: Opcode = if cfg!(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "sparc64"
    )) {
        0x7472
    } else {
        0x5411
    };
    // SAFETY: SIOCOUTQ reads nothing from its argument and writes one `int` there, which is what `Getter` provides; the
    // descriptor is borrowed from an open socket.
    let queued = unsafe { ioctl(stream, Getter::<SIOCOUTQ, c_int>::new()) };
    queued.ok().and_then(|queued| u64::try_from(queued).ok())
}

/// Bytes that the peer has not acknowledged; `None` where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(super) fn unacknowledged(_: &TcpStream) -> Option<u64> {
    None
}
