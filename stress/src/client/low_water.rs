//! When the reader of a large body is woken, if its server is on the same machine: not for every packet, but once there is a
//! buffer full of it, or its end.
//!
//! There, waking is the server's work, and a reader who is faster is woken for next to nothing each time: that slows down
//! what is measured. Linux waits with it until a mark is reached (`SO_RCVLOWAT` in socket(7)), and wakes before if the
//! connection ends or its buffers are full. Over a network it would be wrong: bytes that wait for a mark hold back the window
//! that is to grow, and every packet held back costs a way there and back.

use tokio::net::TcpStream;

/// The mark while a large body comes in: as much as is read at a time.
pub(super) const FULL: u32 = 256 * 1024;
/// How many bytes of a body have to be on their way for the mark to be worth its system calls.
const LARGE: u64 = 4 * FULL as u64;

/// A socket's mark: how many bytes have to lie there before its reader is woken.
#[derive(Debug)]
pub(super) struct LowWater {
    mark: u32,
    /// Whether the server is on this machine, as soon as that matters.
    near: Option<bool>,
}

impl Default for LowWater {
    fn default() -> Self {
        Self { mark: 1, near: None }
    }
}

impl LowWater {
    /// Sets the mark of `socket` for a body of which `left` bytes have not come; 0 when that is not known, or it has ended.
    /// Where the server is elsewhere or the system refuses, every byte wakes.
    pub(super) fn follow(&mut self, socket: &TcpStream, left: u64) {
        let mark = next(self.mark, left);
        if mark == self.mark || !*self.near.get_or_insert_with(|| is_near(socket)) {
            return;
        }
        if system::set(socket, mark).is_ok() {
            self.mark = mark;
        }
    }

    /// How many bytes lie in `socket` that nobody was woken for.
    pub(super) fn unread(&self, socket: &TcpStream) -> u64 {
        if self.mark == 1 { 0 } else { system::unread(socket) }
    }
}

/// Whether both ends of a connection are on this machine.
fn is_near(socket: &TcpStream) -> bool {
    let (Ok(ours), Ok(theirs)) = (socket.local_addr(), socket.peer_addr()) else { return false };
    theirs.ip().is_loopback() || theirs.ip() == ours.ip()
}

/// The mark after `mark`, when `left` bytes of a body have not come. It is never above them: its reader would not be woken.
fn next(mark: u32, left: u64) -> u32 {
    if left < LARGE && (mark == 1 || left == 0) {
        return 1;
    }
    u32::try_from(left).map_or(FULL, |left| left.min(FULL))
}

/// Whether a kernel of this release (`6.1.0-13-amd64`) wakes below the mark when a socket's buffers are full: before 4.18 it
/// neither did nor made them large enough, and up to 5.7 not when many small packets filled them.
#[cfg(any(target_os = "linux", test))]
fn is_fit(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 8),
        _ => false,
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{io, mem::size_of, os::fd::AsRawFd, sync::LazyLock};

    use tokio::net::TcpStream;

    /// Whether this machine's kernel can be asked.
    static FIT: LazyLock<bool> =
        LazyLock::new(|| rustix::system::uname().release().to_str().is_ok_and(super::is_fit));

    /// No library that is in use here knows this option.
    #[expect(unsafe_code, reason = "the call itself")]
    pub(super) fn set(socket: &TcpStream, mark: u32) -> io::Result<()> {
        if !*FIT {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let value = libc::c_int::try_from(mark).map_err(io::Error::other)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is four")]
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: the descriptor is the borrowed socket's and open; the system only reads the value, which outlives the
        // call, and is told its true length.
        let done = unsafe {
            let value = (&raw const value).cast();
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVLOWAT, value, length)
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(super) fn unread(socket: &TcpStream) -> u64 {
        rustix::io::ioctl_fionread(socket).unwrap_or(0)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use tokio::net::TcpStream;

    pub(super) fn set(_: &TcpStream, _: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn unread(_: &TcpStream) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_mark_is_never_above_what_is_still_to_come(
            length in 0_u64..3_000_000, pieces in prop::collection::vec(1_u64..400_000, 0..40),
        ) {
            let (mut mark, mut left) = (1, length);
            for piece in pieces {
                mark = next(mark, left);
                prop_assert!(u64::from(mark) <= left.max(1) && (1..=FULL).contains(&mark));
                left = left.saturating_sub(piece);
            }
            prop_assert_eq!(next(mark, 0), 1);
        }
    }

    #[test]
    fn old_and_unknown_kernels_are_not_asked() {
        for fit in ["5.8.0", "5.14.0-427.el9.x86_64", "6.1.0-13-amd64", "10.0"] {
            assert!(is_fit(fit), "{fit}");
        }
        for unfit in ["5.7.19", "4.18.0-553.el8.x86_64", "4.4.0", "3.10.0", "6", "", "next"] {
            assert!(!is_fit(unfit), "{unfit}");
        }
    }

    #[test]
    fn only_large_bodies_are_waited_for_but_those_to_their_end() {
        assert_eq!((next(1, LARGE - 1), next(1, LARGE), next(1, u64::MAX)), (1, FULL, FULL));
        assert_eq!((next(FULL, LARGE - 1), next(FULL, 1000), next(1000, 7)), (FULL, 1000, 7));
    }
}
