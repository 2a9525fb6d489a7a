//! Local ports: when the kernel has none left for a target, the record says that it was not the server that refused.

#![cfg(target_os = "linux")]

use stress::sample::FailureClass;

use super::{
    namespace,
    server::{Server, blob, failure, stored},
};

const NAME: &str = "ports::a_connection_for_which_the_kernel_has_no_port_is_known_as_such";

/// Ten ports, of which the server has one.
const SCRIPT: &str = r#"
set -e
ip link set lo up
echo "50000 50009" > /proc/sys/net/ipv4/ip_local_port_range
TEST_ROLE=client exec "$0" --exact "$1" --nocapture
"#;

#[tokio::test]
async fn a_connection_for_which_the_kernel_has_no_port_is_known_as_such() {
    if namespace::role().is_none() {
        return namespace::enter(NAME, SCRIPT);
    }
    let server = Server::responding_with(stored()).await;
    let mut clients: Vec<_> = (0..11).map(|_| server.client()).collect();
    let mut opened = 0;
    for client in &mut clients {
        // Those before keep their connections.
        let exchange = client.upload(0, blob(10).source()).await;
        if exchange.outcome.is_success() {
            opened += 1;
            assert!(!exchange.record.lacked_port);
        } else {
            let failure = failure(&exchange);
            assert_eq!(
                (failure.class, exchange.record.lacked_port),
                (FailureClass::Refused, true),
                "{failure}"
            );
            assert!(failure.message.contains("no free port"), "{failure}");
        }
    }
    assert!((8..=10).contains(&opened), "{opened}");
    namespace::done();
}
