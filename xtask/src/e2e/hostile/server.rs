//! A server that serves one side well and behaves on the other as a manner says, over plain threads and sockets.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use super::manner::{Act, Manner, Side};

/// A listening server; its threads end with the program.
pub(super) struct Server {
    address: SocketAddr,
}

/// What all connections share.
struct Shared {
    manner: &'static Manner,
    stored: AtomicU64,
    blobs: Mutex<HashMap<String, Vec<u8>>>,
}

/// A request whose head was read.
#[derive(Default)]
struct Request {
    is_store: bool,
    id: String,
    length: u64,
    body: Vec<u8>,
}

/// Whether a connection serves another request.
#[derive(PartialEq, Eq)]
enum Then {
    Serve,
    End,
}

impl Server {
    pub(super) fn start(manner: &'static Manner) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { manner, stored: AtomicU64::new(0), blobs: Mutex::default() });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // The client may leave at any time, which ends the connection and is no failure of the server.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Ok(Self { address })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut first = true;
    loop {
        // Which side it is shows in the request's first byte.
        // It is only peeked at: a request that is not read makes a reset of the close.
        let mut byte = [0];
        let is_store = match stream.buffer().first() {
            Some(byte) => *byte == b'P',
            None if stream.get_ref().peek(&mut byte)? == 0 => return Ok(()),
            None => byte[0] == b'P',
        };
        let hostile = match shared.manner.side {
            Side::Store => is_store,
            Side::Read => !is_store,
            Side::ReadTwice => !is_store && !first,
        };
        first = false;
        let acts = if hostile { shared.manner.acts } else { &[Act::Head, Act::Body, Act::Right] };
        let mut request = Request { is_store, ..Request::default() };
        for act in acts {
            if perform(*act, &mut stream, &mut request, shared)? == Then::End {
                return Ok(());
            }
        }
    }
}

fn perform(
    act: Act,
    stream: &mut BufReader<TcpStream>,
    request: &mut Request,
    shared: &Shared,
) -> io::Result<Then> {
    match act {
        Act::Head => read_head(stream, request)?,
        Act::Body => {
            request.body.clear();
            stream.by_ref().take(request.length).read_to_end(&mut request.body)?;
        }
        Act::Drain => drop(io::copy(stream, &mut io::sink())?),
        Act::Say(text) => stream.get_mut().write_all(text.as_bytes())?,
        Act::Right => {
            let body = right_body(request, shared);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.get_mut().write_all(&[head.as_bytes(), &body].concat())?;
        }
        Act::Make(make) => {
            let response = make(&right_body(request, shared));
            stream.get_mut().write_all(&response)?;
        }
        Act::Drip(text) => {
            for byte in text.bytes() {
                stream.get_mut().write_all(&[byte])?;
                thread::sleep(Duration::from_millis(10)); // sleep: the drip itself
            }
        }
        Act::Flood(text) => {
            let many = text.repeat(64 * 1024 / text.len());
            loop {
                stream.get_mut().write_all(many.as_bytes())?;
            }
        }
        Act::Hold => {
            // A client that waits sends nothing; unread bytes of its request stay where they are.
            let mut byte = [0];
            while stream.get_ref().peek(&mut byte)? > 0 {
                thread::sleep(Duration::from_millis(10)); // sleep: unread bytes make every peek ready at once
            }
            return Ok(Then::End);
        }
        Act::Close => {
            stream.get_ref().shutdown(Shutdown::Write)?;
            // What the client still sends must not become a reset.
            io::copy(stream, &mut io::sink())?;
            return Ok(Then::End);
        }
        // Unread bytes make the kernel reset the connection at its end.
        Act::Reset => return Ok(Then::End),
    }
    Ok(Then::Serve)
}

fn read_head(stream: &mut BufReader<TcpStream>, request: &mut Request) -> io::Result<()> {
    let mut line = String::new();
    let mut is_first = true;
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if is_first {
            request.id =
                line.split(' ').nth(1).unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
            is_first = false;
        }
        if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            request.length = length.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            return Ok(());
        }
    }
}

/// The stored blob, or the JSON of a publisher that stores this one under an ID of its own.
fn right_body(request: &Request, shared: &Shared) -> Vec<u8> {
    let mut blobs = shared.blobs.lock().unwrap_or_else(PoisonError::into_inner);
    if !request.is_store {
        return blobs.get(&request.id).cloned().unwrap_or_default();
    }
    let id = format!("{:A>43}", shared.stored.fetch_add(1, Relaxed));
    let json = format!(r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{id}"}},"cost":1}}}}"#);
    blobs.insert(id, request.body.clone());
    json.into_bytes()
}
