//! A server that repeats a request's secrets in all that it says: none of them is shown or kept.

use std::fs;

use base64::{Engine as _, prelude::*};

use super::{
    common::{Ran, Run},
    server::{Reply, Request, Server, answer},
};

/// Header values, the URL's password, and a token.
const SECRETS: [&str; 4] = ["s3cret/b+c", "s3cret-a", "s3cret-d", "session-s3cret"];

/// All that the request carries, in this encoding.
fn repeated(request: &Request, encode: fn(&str) -> String) -> String {
    let names = ["authorization", "x-key", "cookie"];
    let values = names.iter().filter_map(|name| Some(format!("{name}: {}", encode(request.header(name)?))));
    values.collect::<Vec<_>>().join(" and ")
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn json(text: &str) -> String {
    text.chars().map(|char| format!("\\u{:04x}", u32::from(char))).collect()
}

/// Ways in which a server puts a text into its answer.
const ANSWERS: [fn(&str) -> Vec<u8>; 9] = [
    |text| answer(401, "text/plain", text.as_bytes()),
    |text| answer(500, "text/plain", format!("{}{text}", "x".repeat(250)).as_bytes()),
    |text| answer(502, "text/html", format!("<html><title>{text}</title>").as_bytes()),
    |text| {
        let error = format!(
            r#"{{"error":{{"status":"DENIED","message":"{text}","details":[{{"reason":"{text}","domain":"{text}"}}]}}}}"#
        );
        answer(400, "application/json", error.as_bytes())
    },
    |text| answer(200, "application/json", format!(r#"{{"error":"{text}"}}"#).as_bytes()),
    |text| answer(200, "application/json", format!(r#"{{"newlyCreated":"{text}"}}"#).as_bytes()),
    |text| {
        answer(200, "application/json", format!(r#"{{"alreadyCertified":{{"blobId":"{text}"}}}}"#).as_bytes())
    },
    |text| {
        format!("HTTP/1.1 302 X\r\nlocation: http://{text}@h/?k={text}#{text}\r\ncontent-length: 0\r\n\r\n")
            .into_bytes()
    },
    |text| format!("HTTP/1.1 200 OK\r\nno colon {text}\r\n\r\n").into_bytes(),
];

const FILES: &str = "--log log.ndjson --export rows.json --html page.html --write markdown=a.md --write junit=a.xml \
                     --write prometheus=a.prom --write csv=a.csv -v -n 9 -c 1 --size 1KiB --retries 1";

/// All that a run printed and wrote.
fn everything(ran: &Ran) -> String {
    let files =
        ran.files().into_iter().map(|name| fs::read_to_string(ran.dir.path().join(name)).expect("a file"));
    files.chain([ran.stdout.clone(), ran.stderr.clone()]).collect()
}

#[test]
fn a_server_that_repeats_them_does_not_get_them_into_any_output() {
    let encodings: [fn(&str) -> String; 6] = [
        |text| text.to_owned(),
        percent,
        form,
        json,
        |text| BASE64_STANDARD.encode(format!("x{text}")),
        |text| BASE64_URL_SAFE_NO_PAD.encode(text),
    ];
    for encode in encodings {
        let counter = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::answering(move |request, right| {
            if !request.is_store() {
                return right;
            }
            let next = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Reply::Close(ANSWERS[next % ANSWERS.len()](&repeated(request, encode)))
        });
        let url = server.url().replace("//", "//me:s3cret-a@");
        let run = Run::between(&url, &server.url()).line(FILES);
        let ran = run
            .args(["--header", "X-Key: s3cret/b+c", "--header", "Cookie: sid=session-s3cret; theme=dark"])
            .go()
            .exits(1);
        let shown = everything(&ran);
        assert!(shown.contains("[redacted]"), "{shown}");
        // No test value is short, so that its beginning is enough to find what is left of it.
        for secret in SECRETS {
            let known = [
                secret.to_owned(),
                percent(secret),
                form(secret),
                json(secret),
                BASE64_STANDARD.encode(secret)[..7].to_owned(),
                BASE64_STANDARD.encode(format!("me:{secret}"))[6..12].to_owned(),
            ];
            for known in known {
                assert!(!shown.contains(&known), "{known} of {secret} in {shown}");
            }
        }
    }
}

#[test]
fn the_check_before_a_run_does_not_repeat_them() {
    for status in [302, 401, 500] {
        let server = Server::answering(move |request, _| {
            let text = repeated(request, str::to_owned);
            let head = format!("HTTP/1.1 {status} X\r\nlocation: /?{}\r\n", form(&text));
            Reply::Send(format!("{head}content-length: {}\r\n\r\n{text}", text.len()).into_bytes())
        });
        let run = Run::between(&server.url(), &server.url()).args(["--bearer", "s3cret-d", "-n", "1"]);
        let ran = run.args(["--header", "X-Key: s3cret/b+c"]).go();
        let shown = everything(&ran);
        assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{status}: {shown}");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_not_repeated_with_what_may_be_secret() {
    for wrong in ["http://h/#s3cret", "http://h/?s3cret", "http://s3cret@h:x", "ftp://s3cret@h"] {
        for flag in ["--publisher", "--aggregator"] {
            for spelling in [vec![flag.to_owned(), wrong.to_owned()], vec![format!("{flag}={wrong}")]] {
                let ran = Run::bare().args(spelling).go().exits(2);
                assert!(!ran.stderr.contains("s3cret") && ran.stderr.contains(flag), "{}", ran.stderr);
            }
        }
        let ran = Run::bare().variable("WALRUS_STRESS_PUBLISHER", wrong).go().exits(2);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
        let ran =
            Run::bare().file("plan.toml", &format!("publisher = {wrong:?}")).line("--plan plan.toml").go();
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    }
}
