//! Local ports: how many of them the kernel would refuse to another connection to one target.
//!
//! Linux refuses a port only to the same remote address, and lends one in TIME_WAIT again after a second where
//! `net.ipv4.tcp_tw_reuse` allows that, as it does on loopback by default. Hence connections that were opened say little: the
//! kernel's own table is read, but only while so many sockets exist that it could matter.

use std::{collections::HashMap, fs, net::Ipv4Addr, ops::RangeInclusive, time::Duration};

use crate::metrics::generator::Used;

/// How long TIME_WAIT lasts on Linux (`TCP_TIMEWAIT_LEN`).
const TIME_WAIT: Duration = Duration::from_secs(60);
/// A unit of the timers in `/proc/net/tcp` (`USER_HZ`, the same on every architecture but Alpha and IA-64).
const TICK: Duration = Duration::from_millis(10);

/// The local ports of this machine, as far as connections to the targets can use them.
#[derive(Debug)]
pub(super) struct Ports {
    /// The ports of the targets.
    remote: Vec<u16>,
    /// The range that the kernel picks from; `None` where there is no such file.
    range: Option<RangeInclusive<u16>>,
    reuse: Reuse,
}

/// When a port in TIME_WAIT can be used for the same remote address again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reuse {
    Never,
    /// After this time, on loopback.
    OnLoopback(Duration),
    /// After this time.
    Everywhere(Duration),
}

impl Ports {
    /// For connections to these ports.
    pub(super) fn new(remote: Vec<u16>) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        let reuse = Reuse::of(&read("tcp_timestamps"), &read("tcp_tw_reuse"), &read("tcp_tw_reuse_delay"));
        Self { remote, range: range(&read("ip_local_port_range")), reuse }
    }

    /// The ports that are refused to the target with the most, or, while fewer than half as many sockets exist as ports,
    /// that number of sockets, which costs next to nothing.
    pub(super) fn used(&self) -> Used {
        let Some(range) = &self.range else { return Used::default() };
        let limit = u64::from(range.end() - range.start()) + 1;
        let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
        let sockets = sockets(&read("sockstat")) + sockets(&read("sockstat6"));
        if sockets < limit / 2 {
            return Used { most: sockets, limit };
        }
        let mut refused = HashMap::new();
        self.count(&read("tcp"), range, &mut refused);
        self.count(&read("tcp6"), range, &mut refused);
        // Several local addresses can hold the same port.
        Used { most: refused.into_values().max().unwrap_or(0).min(limit), limit }
    }

    /// Counts the sockets of a table of the kernel whose port is refused, by remote address.
    fn count(&self, table: &str, range: &RangeInclusive<u16>, refused: &mut HashMap<String, u64>) {
        for socket in table.lines().filter_map(Socket::parse) {
            let held = range.contains(&socket.local_port) && self.remote.contains(&socket.remote_port);
            if held && !self.reuse.allows(&socket) {
                *refused.entry(socket.remote.to_owned()).or_default() += 1;
            }
        }
    }
}

impl Reuse {
    /// From the kernel's settings; the delay is absent before Linux 6.14.
    fn of(timestamps: &str, reuse: &str, delay: &str) -> Self {
        let delay = Duration::from_millis(delay.trim().parse().unwrap_or(1_000));
        match (timestamps.trim(), reuse.trim()) {
            ("0", _) => Reuse::Never,
            (_, "1") => Reuse::Everywhere(delay),
            (_, "2") => Reuse::OnLoopback(delay),
            _ => Reuse::Never,
        }
    }

    fn allows(self, socket: &Socket<'_>) -> bool {
        let waited = socket.time_wait_left.map(|left| TIME_WAIT.saturating_sub(left));
        match self {
            Reuse::Never => false,
            Reuse::OnLoopback(delay) => socket.is_loopback() && waited.is_some_and(|waited| waited >= delay),
            Reuse::Everywhere(delay) => waited.is_some_and(|waited| waited >= delay),
        }
    }
}

/// A line of `/proc/net/tcp` or `tcp6`.
struct Socket<'a> {
    local_port: u16,
    /// Address and port, in hexadecimal.
    remote: &'a str,
    remote_port: u16,
    /// How long it stays in TIME_WAIT.
    time_wait_left: Option<Duration>,
}

impl<'a> Socket<'a> {
    /// `None` for the heading.
    fn parse(line: &'a str) -> Option<Self> {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
        let (_queues, timer) = (columns.next()?, columns.next()?);
        let port = |address: &str| u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok();
        let ticks = u32::from_str_radix(timer.rsplit_once(':')?.1, 16).ok()?;
        Some(Self {
            local_port: port(local)?,
            remote,
            remote_port: port(remote)?,
            time_wait_left: (state == "06").then(|| TICK * ticks),
        })
    }

    fn is_loopback(&self) -> bool {
        let (address, _) = self.remote.rsplit_once(':').unwrap_or_default();
        // The kernel prints words of 32 bits in the byte order of the machine; an IPv4 address is the last of them.
        let (before, last) = address.split_at(address.len().saturating_sub(8));
        let word = u32::from_str_radix(last, 16).unwrap_or(0);
        match before {
            "" | "0000000000000000FFFF0000" => Ipv4Addr::from(word.to_ne_bytes()).is_loopback(),
            before => before.bytes().all(|byte| byte == b'0') && word.to_ne_bytes() == [0, 0, 0, 1],
        }
    }
}

/// A range like `32768 60999`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ends = text.split_whitespace().map(str::parse);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (first <= last).then_some(first..=last)
}

/// The TCP sockets that `/proc/net/sockstat` counts, those in TIME_WAIT included.
fn sockets(stat: &str) -> u64 {
    let Some(line) = stat.lines().find(|line| line.starts_with("TCP")) else { return 0 };
    let words: Vec<_> = line.split_whitespace().collect();
    let count = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    count("inuse").unwrap_or(0) + count("tw").unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_ranges_are_read() {
        for (text, expected) in [
            ("32768\t60999\n", Some(32_768..=60_999)),
            ("5 5", Some(5..=5)),
            ("9 3", None),
            ("", None),
            ("1024 x", None),
            ("1 65536", None),
        ] {
            assert_eq!(range(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sockets_are_counted_with_those_that_wait() {
        let stat = "sockets: used 39\nTCP: inuse 4 orphan 0 tw 100 alloc 4 mem 386\nUDP: inuse 7 mem 0\n";
        assert_eq!((sockets(stat), sockets("TCP6: inuse 3\nUDP6: inuse 0\n"), sockets("")), (104, 3, 0));
    }

    /// To 127.0.0.1:8080: one established, one that has waited for 0.5 s and one for 2 s, one from a port outside the range;
    /// to 192.0.2.1:8080 one that has waited for 2 s; a listener; one to another port.
    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:8001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:8002 0100007F:1F90 06 00000000:00000000 03:0000173E 00000000     0        0 0 3 0
   2: 0100007F:8003 0100007F:1F90 06 00000000:00000000 03:000016A8 00000000     0        0 0 3 0
   3: 0100007F:0400 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   4: 010200C0:8004 010200C0:1F90 06 00000000:00000000 03:000016A8 00000000     0        0 0 3 0
   5: 00000000:8005 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   6: 0100007F:8006 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn only_what_the_kernel_would_refuse_is_counted_and_each_remote_address_apart() {
        let second = Duration::from_secs(1);
        for (reuse, local, remote) in [
            (Reuse::Never, 3, Some(1)),
            (Reuse::OnLoopback(second), 2, Some(1)),
            (Reuse::Everywhere(second), 2, None),
        ] {
            let ports = Ports { remote: vec![8_080], range: None, reuse };
            let mut refused = HashMap::new();
            ports.count(TABLE, &(32_768..=60_999), &mut refused);
            assert_eq!(refused.remove("0100007F:1F90"), Some(local), "{reuse:?}");
            assert_eq!(refused.remove("010200C0:1F90"), remote, "{reuse:?}");
            assert!(refused.is_empty(), "{refused:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn open_connections_are_found_in_the_kernels_table() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let _open: Vec<_> = (0..20).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        let ports = Ports::new(vec![address.port()]);
        let mut refused = HashMap::new();
        ports.count(
            &fs::read_to_string("/proc/net/tcp").unwrap(),
            ports.range.as_ref().unwrap(),
            &mut refused,
        );
        assert_eq!(refused.into_values().collect::<Vec<_>>(), [20]);
        assert!(ports.used().most >= 20 && ports.used().limit > 20);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn loopback_is_recognised_in_both_families() {
        for (remote, expected) in [
            ("0100007F:0050", true),
            ("010200C0:0050", false),
            ("00000000000000000000000001000000:0050", true),
            ("0000000000000000FFFF00000100007F:0050", true),
            ("0000000000000000FFFF0000010200C0:0050", false),
            ("B80D0120000000000000000001000000:0050", false),
        ] {
            let socket = Socket { local_port: 0, remote, remote_port: 80, time_wait_left: None };
            assert_eq!(socket.is_loopback(), expected, "{remote}");
        }
    }

    #[test]
    fn the_settings_of_the_kernel_decide_on_reuse() {
        let second = Duration::from_secs(1);
        for (timestamps, reuse, delay, expected) in [
            ("1\n", "2\n", "", Reuse::OnLoopback(second)),
            ("1", "1", "250\n", Reuse::Everywhere(Duration::from_millis(250))),
            ("1", "0", "", Reuse::Never),
            ("0", "1", "", Reuse::Never),
            ("", "", "", Reuse::Never),
        ] {
            assert_eq!(Reuse::of(timestamps, reuse, delay), expected, "{timestamps} {reuse}");
        }
    }
}
