//! The check before a run: which responses pass, which warn, and which are refused with a helpful reason.

use std::time::Duration;

use stress::{
    client::preflight,
    plan::{
        Plan,
        target::{Header, Secret},
    },
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::server::{Server, found, header, hold, plan, read_head};

async fn checked(response: impl Into<Vec<u8>>) -> Result<Vec<String>, String> {
    let server = Server::responding_with(response).await;
    preflight(&server.plan(), Duration::ZERO).await.map_err(|error| error.to_string())
}

fn page(status: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: 32\r\n\r\n<html><title>Welcome</title>\n\n\n\n"
    )
}

#[tokio::test]
async fn ok_passes_and_each_address_is_requested_once_with_its_headers() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                sender.send(head).unwrap();
                stream.write_all(&found(b"OK")).await.unwrap();
            }
        }
    })
    .await;
    let mut plan = plan(&format!("http://u:p@{}/pre/fix", server.address));
    plan.limits.publisher_headers = vec![Header { name: "X-Key".to_owned(), value: Secret::new("k") }];
    assert_eq!(preflight(&plan, Duration::ZERO).await.unwrap(), Vec::<String>::new());
    let head = received.try_recv().unwrap();
    assert!(head.starts_with("GET /pre/fix/status HTTP/1.1\r\n"), "{head}");
    for (name, value) in [("x-key", "k"), ("user-agent", "stress-test"), ("authorization", "Basic dTpw")] {
        assert_eq!(header(&head, name), Some(value), "{head}");
    }
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_target_that_may_still_work_is_a_warning() {
    for response in ["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", &page("404 Not Found")] {
        let warnings = checked(response).await.unwrap();
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("publisher http://127.0.0.1:"),
            "{warnings:?}"
        );
        assert!(warnings[0].contains("no /status"), "{warnings:?}");
    }
    for status in ["401 Unauthorized", "429 Too Many Requests"] {
        let warnings = checked(page(status)).await.unwrap();
        assert!(
            warnings.len() == 1 && warnings[0].contains(&status[..3]) && warnings[0].contains("Welcome"),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn a_target_that_is_no_walrus_service_is_refused_with_its_response() {
    for (response, reason) in [
        (page("200 OK"), "web page: Welcome"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\": 42}".to_owned(), "{\"a\": 42}"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(), "other than OK"),
        (
            "HTTP/1.1 301 Gone\r\nlocation: https://elsewhere/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "https://elsewhere/",
        ),
        (page("502 Bad Gateway"), "502: Welcome"),
        ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), "is it a Walrus service"),
    ] {
        let refusal = checked(response).await.unwrap_err();
        assert!(
            refusal.starts_with("publisher http://127.0.0.1:") && refusal.contains("--no-check"),
            "{refusal}"
        );
        assert!(refusal.contains(reason) && !refusal.contains('\n'), "{refusal}");
    }
}

#[tokio::test]
async fn a_long_location_is_cut() {
    let location = format!("https://elsewhere/{}", "x".repeat(20_000));
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let refusal = checked(redirect).await.unwrap_err();
    assert!(refusal.contains(&location[..200]) && refusal.chars().count() < 600, "{refusal}");
}

#[tokio::test]
async fn no_listener_no_name_and_a_close_are_refused() {
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refusal =
        preflight(&plan(&format!("http://{vacant}")), Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("nothing listens there"), "{refusal}");
    let refusal =
        preflight(&plan("http://no-such-host.invalid"), Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("check the host's name"), "{refusal}");
    let closing = Server::start(|stream, _| async move { drop(stream) }).await;
    let refusal = preflight(&closing.plan(), Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("is it a Walrus service"), "{refusal}");
}

#[tokio::test]
async fn silence_times_out_and_targets_are_checked_concurrently() {
    let silent = |_| async { Server::start(|stream, _| hold(stream)).await };
    let servers = [silent(0).await, silent(1).await];
    let mut plan: Plan = servers[0].plan();
    plan.aggregators = servers[1].plan().aggregators;
    plan.limits.connect_timeout = Duration::from_millis(300);
    let begun = std::time::Instant::now();
    let refusal = preflight(&plan, Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("did not answer"), "{refusal}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!((servers[0].accepted(), servers[1].accepted()), (1, 1));
}

/// An answer by path; `/status` is OK.
async fn answering(stores: &'static str, reads: &'static str) -> Server {
    Server::start(move |mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            let response = match head.split(' ').nth(1).unwrap() {
                "/status" => found(b"OK"),
                "/v1/blobs" => format!("HTTP/1.1 {stores}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
                "/v1/blobs/x" => format!("HTTP/1.1 {reads}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
                other => panic!("{other}"),
            };
            stream.write_all(&response).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn swapped_targets_are_refused_and_daemons_and_unknown_services_are_not() {
    let publisher = answering("405 Method Not Allowed", "404 Not Found").await;
    let aggregator = answering("404 Not Found", "400 Bad Request").await;
    let daemon = answering("405 Method Not Allowed", "400 Bad Request").await;
    let gateway = answering("403 Forbidden", "403 Forbidden").await;
    let checked = async |publisher: &Server, aggregator: &Server| {
        let plan = Plan { aggregators: aggregator.plan().aggregators, ..publisher.plan() };
        preflight(&plan, Duration::ZERO).await.map_err(|error| error.to_string())
    };
    for (one, other) in
        [(&publisher, &aggregator), (&daemon, &aggregator), (&publisher, &daemon), (&gateway, &aggregator)]
    {
        assert_eq!(checked(one, other).await, Ok(Vec::new()));
    }
    let swapped = checked(&aggregator, &publisher).await.unwrap_err();
    assert!(swapped.contains("are --publisher and --aggregator swapped?"), "{swapped}");
    let twice = checked(&aggregator, &daemon).await.unwrap_err();
    assert!(twice.contains("publisher http://") && twice.contains("is an aggregator"), "{twice}");
    let twice = checked(&daemon, &publisher).await.unwrap_err();
    assert!(twice.contains("aggregator http://") && twice.contains("is a publisher"), "{twice}");
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_waited_for() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = asked.clone();
    let server = Server::start(move |mut stream, _| {
        let asked = counter.clone();
        async move {
            while read_head(&mut stream).await.is_some() {
                let response = match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                    // A close without an answer, as of a proxy whose server is not up.
                    0 => return,
                    1 => page("503 Service Unavailable").into_bytes(),
                    _ => found(b"OK"),
                };
                stream.write_all(&response).await.unwrap();
            }
        }
    })
    .await;
    let plan = server.plan();
    assert!(preflight(&plan, Duration::ZERO).await.is_err());
    assert_eq!(preflight(&plan, Duration::from_secs(30)).await.unwrap(), Vec::<String>::new());
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 3);
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = crate::server::plan(&format!("http://{vacant}"));
    let refusal = preflight(&unreachable, Duration::from_millis(200)).await.unwrap_err().to_string();
    assert!(
        refusal.contains("nothing listens there") && refusal.contains("(for 200 ms, --wait)"),
        "{refusal}"
    );
}
