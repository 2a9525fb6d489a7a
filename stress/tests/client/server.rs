//! A server that a test controls byte by byte, and the client's side of such a test.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use stress::{
    blob::{BlobSpec, Source, Verifier},
    client::{Exchange, Network},
    plan::{
        Plan, Verify, limits::Limits, retry::Retries, sizes::Content, store::StoreOptions, target::Target,
    },
    sample::{Clock, Failure},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// A blob ID as publishers send it.
pub(crate) const ID: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";

/// A listening server; dropped with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    /// Gives every connection, with its number from 0, to `serve`.
    pub(crate) async fn start<F>(serve: impl Fn(TcpStream, usize) -> F + Send + 'static) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, counter.fetch_add(1, SeqCst)));
            }
        });
        Server { address, accepted }
    }

    /// Responds to every request of every connection with the same bytes, after reading it whole.
    pub(crate) async fn responding_with(response: impl Into<Vec<u8>>) -> Server {
        let response: Arc<[u8]> = response.into().into();
        Server::start(move |mut stream, _| {
            let response = Arc::clone(&response);
            async move {
                while let Some(head) = read_head(&mut stream).await {
                    read_body(&mut stream, &head).await;
                    stream.write_all(&response).await.unwrap();
                }
            }
        })
        .await
    }

    /// Responds to every head with the same bytes and never reads a body.
    pub(crate) async fn responding_to_heads(response: &'static str) -> Server {
        Server::start(move |mut stream, _| async move {
            read_head(&mut stream).await;
            stream.write_all(response.as_bytes()).await.unwrap();
            // Stays open until the client closes.
            read_head(&mut stream).await;
        })
        .await
    }

    /// How many connections were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(SeqCst)
    }

    /// A plan with this server as its only publisher and aggregator.
    pub(crate) fn plan(&self) -> Plan {
        plan(&format!("http://{}", self.address))
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        client(&self.plan())
    }
}

/// A plan with one target that is both.
pub(crate) fn plan(target: &str) -> Plan {
    let target: Target = target.parse().unwrap();
    Plan {
        seed: 1,
        publishers: vec![target.clone()],
        aggregators: vec![target],
        phases: Vec::new(),
        store: StoreOptions::default(),
        limits: Limits {
            upload_timeout: Duration::from_secs(20),
            download_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "stress-test".to_owned(),
            publisher_headers: Vec::new(),
            aggregator_headers: Vec::new(),
            cache_headers: Vec::new(),
        },
        verify: Verify::Full,
        retries: Retries::default(),
        thresholds: Vec::new(),
        unsupported_percentiles: Default::default(),
        shard: None,
        vantage: None,
    }
}

/// A client, and the token that aborts its exchanges.
pub(crate) struct Client {
    client: stress::client::Client,
    pub(crate) abort: CancellationToken,
}

impl Client {
    pub(crate) fn new(client: stress::client::Client) -> Self {
        Self { client, abort: CancellationToken::new() }
    }

    pub(crate) async fn upload(&mut self, publisher: usize, source: Source) -> Exchange {
        self.client.upload(publisher, source, None, &self.abort).await
    }

    pub(crate) async fn read(
        &mut self,
        aggregator: usize,
        id: &str,
        verifier: &mut Verifier<'_>,
    ) -> Exchange {
        self.client.read(aggregator, id, verifier, &self.abort).await
    }
}

pub(crate) fn client(plan: &Plan) -> Client {
    let network = Arc::new(Network::new(plan).unwrap());
    Client::new(stress::client::Client::new(network, Clock::start()))
}

/// Why an exchange failed.
pub(crate) fn failure(exchange: &Exchange) -> Failure {
    exchange.outcome.failure().unwrap().clone()
}

pub(crate) fn blob(size: u64) -> BlobSpec {
    BlobSpec { seed: 1, index: 0, size, content: Content::Binary }
}

pub(crate) fn bytes(spec: BlobSpec) -> Vec<u8> {
    let mut source = spec.source();
    std::iter::from_fn(|| source.next_chunk()).flatten().collect()
}

/// A publisher's `newlyCreated`.
pub(crate) fn stored() -> String {
    let json = format!(
        r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{ID}","size":1}},"resourceOperation":{{"registerFromScratch":{{}}}},"cost":7}}}}"#
    );
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
        json.len()
    )
}

/// An aggregator's response with `body`.
pub(crate) fn found(body: &[u8]) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    response
}

/// Reads a request's head and not one byte more; `None` when the client closes.
pub(crate) async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Reads the body that `head` announces.
pub(crate) async fn read_body(stream: &mut (impl AsyncReadExt + Unpin), head: &str) -> Vec<u8> {
    let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    body
}

/// The value of a header in `head`.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Closes so that the peer gets a reset.
pub(crate) fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Keeps a connection open and sends nothing.
pub(crate) async fn hold(stream: TcpStream) {
    std::future::pending::<()>().await;
    drop(stream);
}
