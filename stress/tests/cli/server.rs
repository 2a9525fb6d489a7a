//! A publisher and aggregator in one that writes down every request and answers exactly as a test says.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer};

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether it stores a blob.
    pub(crate) fn is_store(&self) -> bool {
        self.method == "PUT"
    }

    /// Whether it reads one.
    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET" && self.target.contains("/v1/blobs/")
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes, and the connection stays.
    Send(Vec<u8>),
    /// These bytes, and the connection ends.
    Close(Vec<u8>),
    /// Nothing, for as long as the client waits.
    Silence,
}

type Answer = dyn Fn(&Request, Reply) -> Reply + Send + Sync;

/// A listening server; what it saw outlives its connections.
pub(crate) struct Server {
    scheme: &'static str,
    address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    blobs: Arc<CarryOver>,
}

/// The blobs that were stored, by ID.
type CarryOver = Mutex<HashMap<String, Vec<u8>>>;

impl Server {
    /// A server without faults.
    pub(crate) fn start() -> Server {
        Server::answering(|_, right| right)
    }

    /// A server that answers as shown, given the request and what would be right.
    pub(crate) fn answering(answer: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Server {
        Server::over(Shared::default(), Arc::new(answer))
    }

    /// Another server without faults that has the same blobs.
    pub(crate) fn twin(&self) -> Server {
        self.twin_answering(|_, right| right)
    }

    /// Another server that has the same blobs and answers as shown.
    pub(crate) fn twin_answering(
        &self,
        answer: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let blobs = self.shared.blobs.clone();
        Server::over(Shared { requests: Mutex::default(), blobs }, Arc::new(answer))
    }

    /// A server without faults that speaks TLS with a certificate of its own making, which comes along as PEM.
    pub(crate) fn secured() -> (Server, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate and its key");
        let mut server = Server::with(Shared::default(), Arc::new(|_, right| right), Some(Arc::new(config)));
        server.scheme = "https";
        (server, made.cert.pem())
    }

    fn over(shared: Shared, answer: Arc<Answer>) -> Server {
        Server::with(shared, answer, None)
    }

    fn with(shared: Shared, answer: Arc<Answer>, tls: Option<Arc<ServerConfig>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(shared);
        let server = Server { scheme: "http", address, shared: shared.clone() };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, shared, tls) = (answer.clone(), shared.clone(), tls.clone());
                // Without this, a head and its body in two packets wait for each other.
                let _ = stream.set_nodelay(true);
                thread::spawn(move || match tls {
                    Some(config) => serve(secured(stream, config), &*answer, &shared),
                    None => serve(stream, &*answer, &shared),
                });
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Everything that was asked so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The stores among them.
    pub(crate) fn stores(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_store).collect()
    }

    /// The reads among them.
    pub(crate) fn reads(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_read).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn secured(stream: TcpStream, config: Arc<ServerConfig>) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(config).expect("a configuration that works"), stream)
}

fn serve(stream: impl Read + Write, answer: &Answer, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = receive(&mut reader) {
        lock(&shared.requests).push(request.clone());
        // The client may leave at any time.
        let shown = match answer(&request, right(&request, shared)) {
            Reply::Send(bytes) => say(&mut reader, &bytes),
            Reply::Close(bytes) => say(&mut reader, &bytes).and(None),
            Reply::Silence => reader.read_to_end(&mut Vec::new()).ok().and(None),
        };
        if shown.is_none() {
            return;
        }
    }
}

fn say(reader: &mut BufReader<impl Read + Write>, bytes: &[u8]) -> Option<()> {
    let stream = reader.get_mut();
    stream.write_all(bytes).and_then(|()| stream.flush()).ok()
}

/// The next request; `None` when the client has left.
fn receive(reader: &mut BufReader<impl Read + Write>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ').map(str::to_owned);
    let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut request = Request { method: words.next()?, target: words.next()?, headers, body: Vec::new() };
    if request.header("expect").is_some() {
        say(reader, b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// What a good server answers.
fn right(request: &Request, shared: &Shared) -> Reply {
    let path = request.target.split('?').next().unwrap_or_default();
    let id = path.rsplit('/').next().unwrap_or_default();
    if request.is_store() {
        let mut blobs = lock(&shared.blobs);
        let id = format!("{:A>43}", blobs.len());
        blobs.insert(id.clone(), request.body.clone());
        return Reply::Send(stored(&id));
    }
    match lock(&shared.blobs).get(id) {
        Some(bytes) => Reply::Send(answer(200, "application/octet-stream", bytes)),
        None if id == "status" => Reply::Send(answer(200, "text/plain", b"OK")),
        None => Reply::Send(answer(404, "text/plain", b"no such blob")),
    }
}

/// A publisher's answer for a new blob.
pub(crate) fn stored(id: &str) -> Vec<u8> {
    let object = format!(r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{id}"}},"cost":1}}}}"#);
    answer(200, "application/json", object.as_bytes())
}

/// A whole answer.
pub(crate) fn answer(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
