//! A minimal HTTP/1.1 client over TCP: it sends any bytes, and keeps the answer even if it is incomplete.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// What was received before the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The error that ended the connection; `None` for an orderly close.
    pub(crate) end: Option<io::ErrorKind>,
}

impl Reply {
    /// The value of a header, whose name must be in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The `reason` of an error document.
    pub(crate) fn reason(&self) -> String {
        self.json()["error"]["details"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and body text.
    pub(crate) fn answer(&self) -> (u16, &str) {
        (self.status, self.text())
    }

    /// The `Content-Length` of the answer.
    pub(crate) fn content_length(&self) -> usize {
        self.header("content-length").unwrap().parse().unwrap()
    }

    fn parse(bytes: &[u8], end: Option<io::ErrorKind>) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(bytes);
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..split]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let pair = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned()));
        Some(Self {
            status,
            headers: lines.filter_map(pair).collect(),
            body: bytes[split + 4..].to_vec(),
            end,
        })
    }
}

/// The head of a request (method, path and headers) on a connection that is used once.
pub(crate) fn head(line: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nhost: walrus\r\nconnection: close\r\n{headers}\r\n")
}

/// A new connection to a server.
pub(crate) async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends bytes and reads until the end, both at once: an answer may arrive before everything was sent.
pub(crate) async fn exchange(stream: TcpStream, bytes: &[u8]) -> io::Result<Reply> {
    exchange_over(stream, bytes).await
}

/// The same over any stream.
pub(crate) async fn exchange_over(stream: impl AsyncRead + AsyncWrite, bytes: &[u8]) -> io::Result<Reply> {
    let (mut read, mut write) = tokio::io::split(stream);
    let send = async {
        let sent = write.write_all(bytes).await;
        let sent = sent.and(write.flush().await);
        (write, sent)
    };
    let receive = async {
        let mut answer = Vec::new();
        let end = read.read_to_end(&mut answer).await.err();
        (answer, end)
    };
    let (_sent, (answer, end)) = tokio::join!(send, receive);
    let kind = end.map(|error| error.kind());
    Reply::parse(&answer, kind).ok_or_else(|| kind.unwrap_or(io::ErrorKind::UnexpectedEof).into())
}

/// Waits until a condition is true, for ten seconds at most.
pub(crate) async fn until(ready: impl Fn() -> bool) {
    let poll = async {
        while !ready() {
            tokio::time::sleep(Duration::from_millis(2)).await; // sleep: between two checks
        }
    };
    tokio::time::timeout(Duration::from_secs(10), poll).await.expect("the condition to become true in 10 s");
}

/// One request without a body.
pub(crate) async fn ask(url: &str, line: &str, headers: &[(&str, &str)]) -> Reply {
    exchange(connect(url).await, head(line, headers).as_bytes()).await.unwrap()
}

/// One store; `query` is empty or starts with a question mark.
pub(crate) async fn try_put(
    url: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let length = body.len().to_string();
    let headers = [headers, &[("content-length", length.as_str())]].concat();
    let head = head(&format!("PUT /v1/blobs{query}"), &headers);
    exchange(connect(url).await, &[head.as_bytes(), body].concat()).await
}

/// One store that must be answered.
pub(crate) async fn put(url: &str, query: &str, body: &[u8]) -> Reply {
    try_put(url, query, &[], body).await.unwrap()
}

/// Stores bytes and gives the blob's ID.
pub(crate) async fn stored(url: &str, body: &[u8]) -> String {
    let reply = put(url, "", body).await;
    reply.json()["newlyCreated"]["blobObject"]["blobId"].as_str().unwrap().to_owned()
}

/// One read.
pub(crate) async fn get(url: &str, id: &str) -> Reply {
    ask(url, &format!("GET /v1/blobs/{id}"), &[]).await
}
