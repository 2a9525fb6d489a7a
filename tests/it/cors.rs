//! What holds on every route: CORS, OPTIONS, unknown paths and methods, separate limits (contract §1.1, §3.2).

use crate::raw::{Reply, ask, connect, exchange, get, head, stored, until};
use mock_publisher::admission::Limits;
use tests::{Bottle, GET_BLOB};
use tokio::io::AsyncWriteExt;

const ID: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
const VARY: &str = "origin, access-control-request-method, access-control-request-headers";

/// Every route of an aggregator, and its methods.
fn routes() -> [(String, &'static str); 10] {
    [
        (format!("/v1/blobs/{ID}"), "GET,HEAD"),
        ("/v1/blobs/by-object-id/0x1".to_owned(), "GET,HEAD"),
        (format!("/v1/blobs/{ID}/byte-range?start=0&length=1"), "GET,HEAD"),
        (format!("/v1/blobs/by-quilt-patch-id/{ID}BAQACAA"), "GET,HEAD"),
        (format!("/v1/blobs/by-quilt-id/{ID}/a"), "GET,HEAD"),
        (format!("/v1/quilts/{ID}/patches"), "GET,HEAD"),
        (format!("/v1alpha/blobs/{ID}/stream"), "GET,HEAD"),
        ("/v1alpha/blobs/concat?ids=0x1".to_owned(), "GET,HEAD,POST"),
        ("/status".to_owned(), "GET,HEAD"),
        ("/v1/api".to_owned(), "GET,HEAD"),
    ]
}

fn has_cors(reply: &Reply, what: &str) {
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}");
    assert_eq!(reply.header("vary"), Some(VARY), "{what}");
    assert_eq!(reply.header("access-control-expose-headers"), None, "{what}");
}

#[tokio::test]
async fn options_is_allowed_on_every_path_and_for_every_origin() {
    let bottle = Bottle::start();
    let origin: &[(&str, &str)] = &[("origin", "https://a"), ("access-control-request-method", "DELETE")];
    for headers in [&[][..], origin] {
        let unknown = [("/nowhere".to_owned(), ""), ("/v1/blobs".to_owned(), "")];
        for (path, allowed) in routes().into_iter().chain(unknown) {
            let reply = ask(bottle.aggregator_url(), &format!("OPTIONS {path}"), headers).await;
            assert_eq!(reply.answer(), (200, ""), "{path}");
            has_cors(&reply, &path);
            assert_eq!(reply.header("access-control-allow-methods"), Some("*"));
            assert_eq!(reply.header("access-control-allow-headers"), Some("*"));
            assert_eq!(reply.header("access-control-max-age"), Some("86400"));
            assert_eq!(reply.header("allow"), Some(allowed).filter(|allowed| !allowed.is_empty()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_405_lists_the_allowed_methods() {
    let bottle = Bottle::start();
    for (path, allowed) in routes() {
        for method in ["DELETE", "PUT", "PATCH"] {
            let reply = ask(bottle.aggregator_url(), &format!("{method} {path}"), &[]).await;
            assert_eq!(
                (reply.answer(), reply.header("allow")),
                ((405, ""), Some(allowed)),
                "{method} {path}"
            );
            has_cors(&reply, &path);
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_an_empty_404() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let paths = [
        "/".to_owned(),
        "/v1".to_owned(),
        "/v1/blobs".to_owned(),
        "/v1/blobs/".to_owned(),
        format!("/v1/blobs/{id}/"),
        format!("/v1/blobs/{id}/nonsense"),
        format!("/v1/store?epochs=1&blob={id}"),
        format!("/v1/{id}"),
        format!("/v1/blobs/by-quilt-id/{id}/a/b"),
        format!("/v1/quilts/{id}"),
        format!("/v1/blobs/{id}/stream"),
        "/v1/quilts/patches-by-id/x/y".to_owned(),
    ];
    for path in paths {
        let reply = ask(bottle.aggregator_url(), &format!("GET {path}"), &[("origin", "https://a")]).await;
        assert_eq!((reply.answer(), reply.header("content-type")), ((404, ""), None), "{path}");
        has_cors(&reply, &path);
    }
}

#[tokio::test]
async fn head_is_a_get_without_body_on_every_route() {
    let bottle = Bottle::start();
    for (path, _) in routes() {
        let get = ask(bottle.aggregator_url(), &format!("GET {path}"), &[]).await;
        let head = ask(bottle.aggregator_url(), &format!("HEAD {path}"), &[]).await;
        assert_eq!((head.status, head.text()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn every_route_has_limits_of_its_own() {
    let bottle = Bottle::builder()
        .aggregator(|config| {
            config.limits = Limits { concurrent: 1, buffer: 0 };
            config.profile.first_read.latency = "1h".parse().unwrap();
        })
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let url = bottle.aggregator_url();
    let mut inside = Vec::new();
    let full = [
        (format!("/v1/blobs/{id}"), GET_BLOB),
        (format!("/v1alpha/blobs/concat?ids={id}"), "GET /v1alpha/blobs/concat"),
    ];
    for (path, route) in &full {
        for n in 0..2 {
            let mut stream = connect(url).await;
            stream.write_all(head(&format!("GET {path}"), &[]).as_bytes()).await.unwrap();
            until(|| bottle.aggregator_stats().route(route).admitted == n + 1).await;
            inside.push(stream);
        }
        assert_eq!(ask(url, &format!("GET {path}"), &[]).await.status, 429);
        assert_eq!(ask(url, &format!("HEAD {path}"), &[]).await.status, 429, "HEAD counts as well");
    }
    assert_eq!(get(url, &format!("{id}/byte-range?start=0&length=0")).await.status, 400);
    assert_eq!(get(url, "by-object-id/0x1").await.status, 404);
    let headers = [("content-type", "application/json"), ("content-length", "10")];
    let post = [head("POST /v1alpha/blobs/concat", &headers).as_bytes(), br#"{"ids":[]}"#].concat();
    assert_eq!(
        exchange(connect(url).await, &post).await.unwrap().status,
        400,
        "GET and POST have separate limits"
    );
    assert_eq!(ask(url, "GET /status", &[]).await.answer(), (200, "OK"));
}
