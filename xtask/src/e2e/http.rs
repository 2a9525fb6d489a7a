//! JSON documents over plain HTTP: all that the scenarios ask of a server, and tell it, themselves.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::{
    failure::{Context, Failure, Result},
    process::Deadline,
};

/// The JSON document at `path` of the server at `base`, such as `http://127.0.0.1:PORT`.
pub(crate) fn get_json(base: &str, path: &str, deadline: Deadline) -> Result<Value> {
    ask(base, &format!("GET {path}"), "", deadline).context(format!("cannot get {base}{path}"))
}

/// The JSON document that the server at `base` answers with when it is sent this text.
pub(crate) fn post(base: &str, path: &str, text: &str, deadline: Deadline) -> Result<Value> {
    ask(base, &format!("POST {path}"), text, deadline).context(format!("cannot post to {base}{path}"))
}

fn ask(base: &str, line: &str, text: &str, deadline: Deadline) -> Result<Value> {
    let what = || format!("no exchange with {base}");
    let host = base.strip_prefix("http://").context(what())?.trim_end_matches('/');
    // Zero would mean no limit at all.
    let patience = Some(deadline.left().max(Duration::from_millis(1)));
    let mut stream = TcpStream::connect(host).context(what())?;
    stream.set_read_timeout(patience).context(what())?;
    stream.set_write_timeout(patience).context(what())?;
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    let length = if text.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", text.len()) };
    write!(stream, "{line} HTTP/1.0\r\nHost: {host}\r\n{length}\r\n{text}").context(what())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context(what())?;
    parse(&answer)
}

fn parse(answer: &str) -> Result<Value> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of headers")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(Failure::new(format!("the server answers {status}")));
    }
    serde_json::from_str(body).context("the answer is not JSON")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[test]
    fn a_document_is_fetched() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map_while(|line| line.ok());
            let asked: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            stream.write_all(b"HTTP/1.0 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}").unwrap();
            asked
        });
        let document = get_json(&base, "/a", Deadline::after(Duration::from_secs(20))).unwrap();
        assert_eq!(document["a"], 1);
        assert_eq!(server.join().unwrap(), ["GET /a HTTP/1.0".to_owned(), format!("Host: {}", &base[7..])]);
    }

    #[test]
    fn text_is_sent_with_its_length() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked =
                vec![0; format!("POST /a HTTP/1.0\r\nHost: {}\r\n", listener.local_addr().unwrap()).len()];
            stream.read_exact(&mut asked).unwrap();
            let mut rest = [0; 26];
            stream.read_exact(&mut rest).unwrap();
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n[]").unwrap();
            String::from_utf8(rest.to_vec()).unwrap()
        });
        let document = post(&base, "/a", "a = 1", Deadline::after(Duration::from_secs(20))).unwrap();
        assert_eq!(
            (document, server.join().unwrap().as_str()),
            (Value::Array(vec![]), "Content-Length: 5\r\n\r\na = 1")
        );
    }

    #[test]
    fn other_answers_are_failures() {
        assert!(parse("HTTP/1.1 404 Not Found\r\n\r\n").unwrap_err().to_string().contains("404"));
        assert!(parse("HTTP/1.1 200 OK\r\n\r\n<html>").unwrap_err().to_string().contains("not JSON"));
        assert!(parse("").is_err());
    }
}
