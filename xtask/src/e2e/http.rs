//! JSON documents over HTTP: the scenarios' own requests to the servers.

use std::time::Duration;

use serde_json::Value;

use crate::{
    deadline::Deadline,
    failure::{Context, Result},
};

/// The JSON document at `path` of the server at `base`, such as `http://127.0.0.1:PORT`.
pub(crate) fn get_json(base: &str, path: &str, deadline: Deadline) -> Result<Value> {
    let answer = agent(deadline).get(format!("{base}{path}")).call();
    let document = answer.and_then(|mut answer| answer.body_mut().read_json());
    document.context(format!("cannot get {base}{path}"))
}

/// The JSON document with which the server at `base` answers this text.
pub(crate) fn post(base: &str, path: &str, text: &str, deadline: Deadline) -> Result<Value> {
    let answer = agent(deadline).post(format!("{base}{path}")).send(text);
    let document = answer.and_then(|mut answer| answer.body_mut().read_json());
    document.context(format!("cannot post to {base}{path}"))
}

/// A client that gives up at the deadline; no proxy of the environment stands between it and a server on this machine.
fn agent(deadline: Deadline) -> ureq::Agent {
    let timeout = deadline.left().max(Duration::from_millis(1));
    ureq::Agent::config_builder().timeout_global(Some(timeout)).proxy(None).build().into()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// A server that answers one request, and the bytes of that request.
    fn server(answer: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut bytes) = (Vec::new(), [0; 1024]);
            let body = |request: &[u8]| !request.starts_with(b"POST") || request.ends_with(b"a = 1");
            while !(request.ends_with(b"\r\n\r\n") && body(&request) || request.ends_with(b"a = 1")) {
                let read = stream.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        (base, thread)
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    #[test]
    fn a_document_is_fetched() {
        let (base, request) = server("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}");
        assert_eq!(get_json(&base, "/a", soon()).unwrap()["a"], 1);
        assert!(request.join().unwrap().starts_with("GET /a HTTP/1.1\r\n"));
    }

    #[test]
    fn a_text_is_sent_with_its_length() {
        let (base, request) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
        assert_eq!(post(&base, "/a", "a = 1", soon()).unwrap(), Value::Array(vec![]));
        let request = request.join().unwrap().to_ascii_lowercase();
        assert!(request.contains("content-length: 5\r\n") && request.ends_with("a = 1"), "{request}");
    }

    #[test]
    fn other_answers_are_failures() {
        let (base, _) = server("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        assert!(get_json(&base, "/", soon()).unwrap_err().to_string().contains("404"));
        let (base, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>");
        assert!(get_json(&base, "/", soon()).is_err());
    }
}
