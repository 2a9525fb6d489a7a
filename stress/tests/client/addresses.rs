//! Names with several addresses: connections go round them, and a dead one costs little.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use stress::{
    client::{Network, Resolver},
    sample::{Clock, ExchangeRecord, FailureClass, Link},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
};

use super::server::{Client, blob, failure, plan, read_body, read_head, stored};

const NAME: &str = "walrus.test";

/// A client of the name on this port, which has these addresses.
fn client(port: u16, addresses: &[&str]) -> Client {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let resolver = Resolver::Table(Arc::new(BTreeMap::from([(NAME.to_owned(), addresses)])));
    let network = Network::new(&plan(&format!("http://{NAME}:{port}"))).unwrap().resolving(&resolver);
    Client::new(stress::client::Client::new(Arc::new(network), Clock::start()))
}

/// Stores whatever is sent to this address, and closes.
async fn store_at(address: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await.unwrap();
            read_body(&mut stream, &head).await;
            stream.write_all(stored().as_bytes()).await.unwrap();
        }
    });
    address
}

/// An address at which handshakes are dropped, because the accept queue is full.
async fn drop_handshakes_at(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    let (listener, mut waiting) = (socket.listen(0).unwrap(), Vec::new());
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        waiting.push(stream.unwrap());
    }
    (listener, waiting)
}

fn tcp(record: &ExchangeRecord) -> Duration {
    let Some(Link::Fresh(connecting)) = record.link else { panic!("{record:?}") };
    assert!(connecting.dns.is_some());
    connecting.tcp
}

#[tokio::test]
async fn connections_go_round_the_addresses_of_a_name_and_records_have_the_peer() {
    let first = store_at("127.0.0.1:0".parse().unwrap()).await;
    let second = store_at(SocketAddr::new("127.0.0.2".parse().unwrap(), first.port())).await;
    let mut client = client(first.port(), &["127.0.0.1", "127.0.0.2"]);
    for expected in [first, second, first, second] {
        let exchange = client.upload(0, blob(1000).source()).await;
        assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
        assert_eq!(exchange.record.peer, Some(expected));
    }
}

#[tokio::test]
async fn a_dead_first_address_costs_a_quarter_of_a_second_and_a_closed_one_nothing() {
    let live = store_at("127.0.0.1:0".parse().unwrap()).await;
    let dead = SocketAddr::new("127.0.0.2".parse().unwrap(), live.port());
    let _dropping = drop_handshakes_at(dead).await;
    let exchange = client(live.port(), &["127.0.0.2", "127.0.0.1"]).upload(0, blob(1000).source()).await;
    assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
    assert_eq!(exchange.record.peer, Some(live));
    // Far less than the connect timeout of 10 s, of which a dead address once took its share.
    let took = tcp(&exchange.record);
    assert!((Duration::from_millis(250)..Duration::from_secs(5)).contains(&took), "{took:?}");
    // Nothing listens on 127.0.0.3: the next address is tried at once, and the one after it is not waited for.
    let addresses = ["127.0.0.3", "127.0.0.1", "127.0.0.2"];
    let exchange = client(live.port(), &addresses).upload(0, blob(1000).source()).await;
    assert_eq!((exchange.outcome.is_success(), exchange.record.peer), (true, Some(live)));
}

#[tokio::test]
async fn without_a_live_address_the_first_failure_is_reported() {
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let exchange = client(vacant.port(), &["127.0.0.1", "127.0.0.2"]).upload(0, blob(1000).source()).await;
    let found = failure(&exchange);
    assert_eq!(
        (found.class, exchange.record.link, exchange.record.peer),
        (FailureClass::Refused, None, None)
    );
    assert!(found.message.contains(&vacant.to_string()), "{found}");
    let exchange = client(vacant.port(), &[]).upload(0, blob(1000).source()).await;
    assert_eq!(failure(&exchange).class, FailureClass::Dns);
}
