//! A slow link: sending an upload takes as long as the link does, and waiting is what the server takes.
//!
//! The link is a pair of virtual interfaces between two network namespaces of the test's own, of 4 Mbit/s (tc-tbf(8)). The test
//! starts itself twice more, as the server in one and as the client in the other. Where the system allows no namespaces, it
//! says that it was skipped.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use super::{
    namespace,
    server::{blob, client, plan, read_body, read_head, stored},
};

const NAME: &str = "shaped::the_sending_of_an_upload_is_the_links_time_and_waiting_is_the_servers";
/// In the test's own namespace, where nothing else has a port.
const SERVER: &str = "10.77.0.2:8080";

/// Both ends of the link, of which one is the namespace that this runs in.
const SCRIPT: &str = r#"
set -e
unshare --net sleep 120 & other=$!
trap 'kill $other $server 2>/dev/null || true' EXIT
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add near type veth peer name far
ip link set far netns $other
ip addr add 10.77.0.1/24 dev near
ip link set near up
nsenter --target $other --net sh -c 'ip addr add 10.77.0.2/24 dev far && ip link set far up'
tc qdisc add dev near root tbf rate 4mbit burst 16kb latency 30s
TEST_ROLE=server nsenter --target $other --net --preserve-credentials "$0" --exact "$1" --nocapture & server=$!
TEST_ROLE=client "$0" --exact "$1" --nocapture
"#;

#[tokio::test]
async fn the_sending_of_an_upload_is_the_links_time_and_waiting_is_the_servers() {
    match namespace::role().as_deref() {
        None => namespace::enter(NAME, SCRIPT),
        Some("server") => serve().await,
        Some(_) => measure().await,
    }
}

/// Answers as soon as a blob has arrived; ends with the script.
async fn serve() {
    let listener = TcpListener::bind(SERVER).await.unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            while let Some(head) = read_head(&mut stream).await {
                read_body(&mut stream, &head).await;
                stream.write_all(stored().as_bytes()).await.unwrap();
            }
        });
    }
}

async fn measure() {
    let begun = Instant::now();
    while TcpStream::connect(SERVER).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the server does not listen");
        tokio::task::yield_now().await;
    }
    let mut client = client(&plan(&format!("http://{SERVER}")));
    for size in [96 * 1024, 512 * 1024] {
        // Of several uploads the one that the machine disturbed least.
        let mut waits = Vec::new();
        for _ in 0..3 {
            let exchange = client.upload(0, blob(size).source()).await;
            assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
            let timing = exchange.record.timing;
            let (sending, waiting) =
                (timing.sent.unwrap() - timing.started, timing.first_byte.unwrap() - timing.sent.unwrap());
            // All but the burst takes its time on the link, and the last readings may be half a pause early.
            let link = Duration::from_secs_f64((size - 16 * 1024) as f64 * 8.0 / 4e6);
            assert!(sending > link.mul_f64(0.7), "{size}: {sending:?} of {link:?}");
            waits.push((waiting, link));
        }
        let (waiting, link) = waits.into_iter().min().unwrap();
        assert!(waiting < link / 4, "{size}: {waiting:?} of {link:?}");
    }
    namespace::done();
}
