//! How host names become addresses, and in which order these are tried.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// How host names become addresses.
#[derive(Debug, Clone, Default)]
pub enum Resolver {
    /// As the system does it.
    #[default]
    System,
    /// By this table, and nothing else: for tests.
    Table(Arc<BTreeMap<String, Vec<IpAddr>>>),
}

impl Resolver {
    /// The addresses of `name`, in the order of preference.
    ///
    /// # Errors
    /// When the name has none.
    pub(super) async fn look_up(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self {
            Resolver::System => Ok(tokio::net::lookup_host((name, port)).await?.collect()),
            Resolver::Table(table) => {
                let addresses = table.get(name).ok_or(io::ErrorKind::NotFound)?;
                Ok(addresses.iter().map(|address| SocketAddr::new(*address, port)).collect())
            }
        }
    }
}

/// The order in which the addresses of a name are tried for its connection of this number: connections go round them, and
/// address families alternate (RFC 8305 §4), since one of them is often broken as a whole.
pub(super) fn order(mut addresses: Vec<SocketAddr>, turn: usize) -> Vec<SocketAddr> {
    let count = addresses.len();
    addresses.rotate_left(turn % count.max(1));
    let Some(first) = addresses.first().copied() else { return addresses };
    let (one, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut ordered = Vec::with_capacity(count);
    while ordered.len() < count {
        ordered.extend(one.next());
        ordered.extend(other.next());
    }
    ordered
}

/// The first variable that names a proxy, if one is set: this client uses none.
pub(super) fn proxy_variable() -> Option<&'static str> {
    const VARIABLES: [&str; 6] =
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// What to say of a name that does not resolve while this variable is set; empty without one.
pub(super) fn proxy_hint(variable: Option<&str>) -> String {
    variable.map_or_else(String::new, |name| format!(" ({name} is set, but proxies are not used)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_go_round_the_addresses_and_families_alternate() {
        let addresses =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let four = addresses(&["[::1]:80", "[::2]:80", "1.1.1.1:80", "2.2.2.2:80"]);
        for (turn, expected) in [
            (0, ["[::1]:80", "1.1.1.1:80", "[::2]:80", "2.2.2.2:80"]),
            (1, ["[::2]:80", "1.1.1.1:80", "[::1]:80", "2.2.2.2:80"]),
            (2, ["1.1.1.1:80", "[::1]:80", "2.2.2.2:80", "[::2]:80"]),
            (7, ["2.2.2.2:80", "[::1]:80", "1.1.1.1:80", "[::2]:80"]),
        ] {
            assert_eq!(order(four.clone(), turn), addresses(&expected), "{turn}");
        }
        assert_eq!(order(addresses(&["1.1.1.1:80"]), 9), addresses(&["1.1.1.1:80"]));
        assert_eq!(order(Vec::new(), 3), []);
    }

    #[test]
    fn a_proxy_is_named_only_when_there_is_one() {
        assert_eq!(proxy_hint(None), "");
        assert_eq!(proxy_hint(Some("ALL_PROXY")), " (ALL_PROXY is set, but proxies are not used)");
    }
}
