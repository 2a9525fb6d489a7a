//! Arbitrary stores: queries, multipart bodies and tokens of any bytes are answered as client errors. The inputs are the
//! same in every run.

use crate::auth;
use crate::fuzz::{always, target};
use crate::raw::{self, Reply, ask, connect, exchange, head, put};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tests::Bottle;
use tokio::runtime::Runtime;

/// Sends a request of these bytes; a connection that ends without an answer is a failure.
fn send(runtime: &Runtime, url: &str, request: &[u8]) -> Reply {
    let reply = runtime.block_on(async { exchange(connect(url).await, request).await });
    reply.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(request)))
}

#[test]
fn no_request_on_any_path_is_a_server_error() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::builder().daemon().start();
    let prefixes = ["/", "/v1/blobs", "/v1/quilts", "/v1/blobs/", "/v1alpha/blobs/concat", "/status"];
    let methods = ["PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"];
    let strategy = (select(methods.to_vec()), select(prefixes.to_vec()), target());
    always(300, &strategy, |(method, prefix, rest)| {
        let line = [method.as_bytes(), b" ", prefix.as_bytes(), &rest].concat();
        let tail = " HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx";
        let reply = send(&runtime, bottle.publisher_url(), &[&line, tail.as_bytes()].concat());
        assert!((200..500).contains(&reply.status), "{}: {}", String::from_utf8_lossy(&line), reply.status);
    });
    assert_eq!(runtime.block_on(ask(bottle.publisher_url(), "GET /status", &[])).status, 200);
}

/// A query of known names and values in any combination.
fn query() -> impl Strategy<Value = String> {
    let names = select(vec![
        "epochs",
        "permanent",
        "deletable",
        "force",
        "share",
        "send_object_to",
        "encoding_type",
        "quilt_version",
        "reuse_resources",
        "foo",
        "",
    ]);
    let values = prop_oneof![
        select(vec![
            "true",
            "false",
            "1",
            "",
            "RS2",
            "rs2",
            "0x1",
            "-1",
            "4294967295",
            "4294967296",
            "%ff",
            "+",
            "53"
        ])
        .prop_map(str::to_owned),
        "0x[0-9a-f]{64}",
        "[ -~]{0,6}".prop_map(|text| text.replace([' ', '#', '&'], "x")),
    ];
    vec((names, values), 0..5).prop_map(|pairs| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    })
}

#[test]
fn a_query_is_accepted_or_refused() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    always(300, &query(), |query| {
        let reply = runtime.block_on(put(bottle.publisher_url(), &format!("?{query}"), b"x"));
        // Only the chain knows how many epochs are too many.
        let chain = reply.status == 500 && query.contains("epochs=");
        assert!(matches!(reply.status, 200 | 400) || chain, "{query}: {}", reply.status);
        assert!(!chain || reply.text().contains("epochs ahead"), "{query}: {}", reply.text());
    });
}

#[test]
fn a_multipart_body_is_a_quilt_or_a_malformed_request() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    let pieces = prop_oneof![
        6 => select(vec![
            "--XX\r\n", "\r\n--XX\r\n", "\r\n--XX--\r\n", "--XX--", "\r\n\r\n", "\r\n",
            "Content-Disposition: form-data; name=\"a\"\r\n\r\n",
            "Content-Disposition: form-data; name=\"_metadata\"\r\n\r\n",
            "Content-Disposition: form-data; name=\"\u{7f}\"\r\n\r\n",
            "Content-Disposition: form-data\r\n\r\n", "Content-Type: a/b\r\n",
            "[{\"identifier\":\"a\",\"tags\":{\"k\":1}}]", "[]", "{", "[{\"tags\":[]}]", "null",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..20),
    ];
    let kinds = select(vec![
        "multipart/form-data; boundary=XX",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "text/plain",
        "\u{e4}",
    ]);
    always(
        400,
        &(prop_oneof![9 => Just("multipart/form-data; boundary=XX"), 1 => kinds], vec(pieces, 0..9)),
        |(kind, pieces)| {
            let body = pieces.concat();
            let headers = [("content-type", kind), ("content-length", &body.len().to_string())];
            let request = [head("PUT /v1/quilts", &headers).as_bytes(), &body].concat();
            let reply = send(&runtime, bottle.publisher_url(), &request);
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(matches!(reply.status, 200 | 400), "{kind} {text:?}: {} {}", reply.status, reply.text());
            if reply.status == 400 && reply.header("content-type") == Some("application/json") {
                assert_eq!(reply.reason(), "MALFORMED_REQUEST", "{text:?}");
            }
        },
    );
}

/// The value of an `Authorization` header that is nearly a token.
fn token() -> impl Strategy<Value = String> {
    let number = select(vec![
        "1",
        "-1",
        "1.5",
        "1e3",
        "9007199254740993",
        "18446744073709551616",
        "\"1\"",
        "null",
        "[]",
    ]);
    let names = select(vec![
        "exp",
        "jti",
        "iat",
        "size",
        "max_size",
        "epochs",
        "max_epochs",
        "send_object_to",
        "aud",
        "x",
    ]);
    let claims = vec((names, number), 0..5).prop_map(|pairs| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        auth::signed(&format!("{{{}}}", pairs.join(",")))
    });
    let payload = "[ -~]{0,30}".prop_map(|text| auth::signed(&text));
    let scheme = select(vec!["Bearer ", "bearer ", "Bearer", "Basic ", ""]);
    let bytes = (scheme, "[!-~]{0,40}").prop_map(|(scheme, rest)| scheme.to_owned() + &rest);
    prop_oneof![claims, payload, bytes]
}

#[test]
fn a_token_is_accepted_or_refused_with_a_client_error() {
    let runtime = Runtime::new().unwrap();
    let (strict, open) = (auth::bottle(|jwt| jwt.verify_upload = true), Bottle::start());
    always(300, &token(), |token| {
        let headers = [("authorization", token.as_str())];
        let ask = |bottle: &Bottle| {
            runtime.block_on(raw::try_put(bottle.publisher_url(), "", &headers, b"x")).unwrap()
        };
        let reply = ask(&strict);
        assert!(
            matches!(reply.status, 200 | 400 | 401 | 429 | 504),
            "{token}: {} {}",
            reply.status,
            reply.text()
        );
        // A publisher that requires no token answers one that is not a JWT with 500.
        let reply = ask(&open);
        let no_jwt = reply.status == 500 && reply.text().contains("auth.publisher.walrus.space");
        assert!(matches!(reply.status, 200 | 400) || no_jwt, "{token}: {} {}", reply.status, reply.text());
    });
}
