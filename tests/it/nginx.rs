//! `--front nginx` compared with a real nginx under the configuration of the operators' guide: the same requests in the
//! same order, and the answers must agree in status, headers and body.

use crate::raw::{Reply, exchange_over, head, put, stored};
use mock_aggregator::cache::{CacheConfig, Persona};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tests::Bottle;
use tokio::net::{TcpStream, UnixStream};

/// The variable that makes the absence of nginx a failure.
const REQUIRED: &str = "TEST_NGINX";

/// The headers that must agree; `Date` cannot, and hyper writes `Connection` where nginx does.
const HEADERS: [&str; 15] = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "content-range",
    "accept-ranges",
    "etag",
    "cache-control",
    "x-cache-status",
    "vary",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "x-content-type-options",
    "x-walrus-streaming",
    "age",
    "allow",
];

/// nginx in front of an aggregator, on a socket in a folder of its own; it ends when dropped.
struct Nginx {
    process: Child,
    folder: TempDir,
}

impl Nginx {
    /// `None` if there is no nginx.
    async fn before(origin: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), origin)).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).stderr(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        let process = command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin")).spawn().ok()?;
        let mut nginx = Self { process, folder };
        for _ in 0..500 {
            if nginx.connect().await.is_ok() {
                return Some(nginx);
            }
            let ended = nginx.process.try_wait().unwrap();
            assert!(ended.is_none(), "nginx does not start: {}", nginx.errors());
            tokio::time::sleep(Duration::from_millis(20)).await; // sleep: between two checks of a process
        }
        panic!("nginx does not listen: {}", nginx.errors());
    }

    async fn connect(&self) -> std::io::Result<UnixStream> {
        UnixStream::connect(self.folder.path().join("socket")).await
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A single process, which has no workers to leave behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The configuration of the operators' guide, but for TLS, paths and addresses.
fn configuration(folder: &Path, origin: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache levels=1:2 keys_zone=agg_cache:10m max_size=16g inactive=1h use_temp_path=off;
    server {{
        listen unix:{folder}/socket;
        location / {{
            proxy_pass {origin};
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_cache agg_cache;
            proxy_cache_bypass $http_cache_control;
            proxy_cache_valid 200 302 10m;
            proxy_cache_valid 404 1m;
            proxy_cache_use_stale error timeout invalid_header updating http_500 http_502 http_503 http_504;
            add_header X-Cache-Status $upstream_cache_status;
        }}
    }}
}}
"
    )
}

/// The mock with its own cache, and a real nginx in front of one without.
struct Pair {
    mock: Bottle,
    origin: Bottle,
    nginx: Nginx,
}

impl Pair {
    /// `None`, after a notice, if there is no nginx; a failure if `TEST_NGINX` is set.
    async fn start(faults: &'static [&'static str]) -> Option<Self> {
        let front = CacheConfig::of(Persona::Nginx);
        let mock =
            Bottle::builder().aggregator_faults(faults).aggregator(|config| config.cache = front).start();
        let origin = Bottle::builder().aggregator_faults(faults).start();
        let Some(nginx) = Nginx::before(origin.aggregator_url()).await else {
            assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no nginx");
            let notice = format!(
                "\n*** SKIPPED: --front nginx was not compared with nginx, which is not installed (Debian: nginx-light); \
                 {REQUIRED}=1 makes that a failure\n\n"
            );
            // Past the capture of the test's output, which hides that of a test that passes.
            std::io::stderr().write_all(notice.as_bytes()).unwrap();
            return None;
        };
        Some(Self { mock, origin, nginx })
    }

    /// Stores bytes at both, whose ID is the same.
    async fn stored(&self, bytes: &[u8]) -> String {
        let id = stored(self.mock.publisher_url(), bytes).await;
        assert_eq!(stored(self.origin.publisher_url(), bytes).await, id);
        id
    }

    /// The answers of nginx and of the mock to a request.
    async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> [Reply; 2] {
        let request = format!("{}{body}", head(line, headers));
        let address = self.mock.aggregator_url().strip_prefix("http://").unwrap();
        let mock = TcpStream::connect(address).await.unwrap();
        let nginx = self.nginx.connect().await.unwrap();
        [
            exchange_over(nginx, request.as_bytes()).await.unwrap(),
            exchange_over(mock, request.as_bytes()).await.unwrap(),
        ]
    }

    /// Sends a request to both and compares the answers.
    async fn compare(&self, line: &str, headers: &[(&str, &str)], body: &str) {
        let [nginx, mock] = self.ask(line, headers, body).await;
        let what = format!("{line} {headers:?}");
        assert_eq!(seen(&nginx), seen(&mock), "{what}");
        assert_eq!(content(&nginx), content(&mock), "{what}");
        for reply in [&nginx, &mock] {
            assert!(header(reply, "server").unwrap().starts_with("nginx/"), "{what}");
        }
    }
}

/// The value of a header, whose name nginx writes in its own case.
fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let found = reply.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn seen(reply: &Reply) -> (u16, Vec<(&str, &str)>) {
    let headers = HEADERS.into_iter().filter_map(|name| Some((name, header(reply, name)?)));
    // Pages of nginx itself have its version in them.
    let is_page = |name: &str| name == "content-length" && reply.status == 412;
    (reply.status, headers.filter(|(name, _)| !is_page(name)).collect())
}

/// The text of a body, wherever its chunks end, and whatever the version of nginx.
fn content(reply: &Reply) -> String {
    let body = match header(reply, "transfer-encoding") {
        Some(_) => without_chunks(&reply.body),
        None => reply.body.clone(),
    };
    let text = String::from_utf8_lossy(&body);
    let version = header(reply, "server").unwrap_or_default();
    text.replace(version, "nginx")
}

fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        bytes.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    bytes
}

const ABSENT: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";

#[tokio::test]
async fn blobs_are_cached_as_by_nginx() {
    let Some(pair) = Pair::start(&[]).await else { return };
    let id = pair.stored(b"0123456789").await;
    let blob = format!("GET /v1/blobs/{id}");
    let quoted = format!("\"{id}\"");
    let listed = format!("x, {id}");
    let rows: [&[(&str, &str)]; 20] = [
        &[("range", "bytes=2-3")],
        &[],
        &[("range", "bytes=0-1")],
        &[("range", "nonsense")],
        &[("if-none-match", &id)],
        &[("if-none-match", "*")],
        &[("if-none-match", &quoted)],
        &[("if-none-match", &listed)],
        &[("if-none-match", "x")],
        &[("if-none-match", &id), ("if-modified-since", "Thu, 26 Nov 2026 04:49:30 GMT")],
        &[("if-match", "x")],
        &[("if-match", &id)],
        &[("if-unmodified-since", "Thu, 26 Nov 2026 04:49:30 GMT")],
        &[("cache-control", "no-store")],
        &[("cache-control", "max-age=0"), ("range", "bytes=0-1")],
        &[("origin", "https://a")],
        &[("origin", "https://a")],
        &[("origin", "https://b"), ("access-control-request-method", "GET")],
        &[("accept", "image/png")],
        &[("cache-control", "no-cache"), ("if-none-match", &id)],
    ];
    for headers in rows {
        pair.compare(&blob, headers, "").await;
    }
    pair.compare(&format!("HEAD /v1/blobs/{id}"), &[], "").await;
    let other = pair.stored(b"conditional at first").await;
    pair.compare(&format!("GET /v1/blobs/{other}"), &[("if-none-match", &other)], "").await;
    pair.compare(&format!("GET /v1/blobs/{other}"), &[], "").await;
    let third = pair.stored(b"asked for by HEAD at first").await;
    pair.compare(&format!("HEAD /v1/blobs/{third}"), &[], "").await;
    pair.compare(&format!("GET /v1/blobs/{third}"), &[], "").await;
    let typed = pair.stored(b"with a type").await;
    pair.compare(&format!("GET /v1/blobs/{typed}"), &[("accept", "image/png")], "").await;
    pair.compare(&format!("GET /v1/blobs/{typed}"), &[("accept", "text/html")], "").await;
}

#[tokio::test]
async fn all_other_routes_are_cached_as_by_nginx() {
    let Some(pair) = Pair::start(&[]).await else { return };
    let (a, b) = (pair.stored(b"first of two").await, pair.stored(b"second of two").await);
    let quilt = b"--XX\r\nContent-Disposition: form-data; name=\"a.txt\"\r\n\r\nhello\r\n--XX--\r\n";
    let mut quilts = Vec::new();
    for bottle in [&pair.mock, &pair.origin] {
        let length = quilt.len().to_string();
        let headers = [("content-type", "multipart/form-data; boundary=XX"), ("content-length", &length)];
        let request = [head("PUT /v1/quilts", &headers).as_bytes(), quilt].concat();
        let stream = crate::raw::connect(bottle.publisher_url()).await;
        let answer = crate::raw::exchange(stream, &request).await.unwrap().json();
        let object = &answer["blobStoreResult"]["newlyCreated"]["blobObject"];
        quilts.push(object["blobId"].as_str().unwrap().to_owned());
        put(bottle.publisher_url(), "", b"another").await;
    }
    assert_eq!(quilts[0], quilts[1]);
    let quilt = &quilts[0];
    let mut objects = Vec::new();
    for bottle in [&pair.mock, &pair.origin] {
        let answer = put(bottle.publisher_url(), "", b"by its object").await.json();
        objects.push(answer["newlyCreated"]["blobObject"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(objects[0], objects[1]);
    let object = &objects[0];
    let large = pair.stored(&vec![7; 1 << 20]).await;
    for line in [
        "GET /status".to_owned(),
        "HEAD /status".to_owned(),
        "GET /v1/api".to_owned(),
        format!("GET /v1/blobs/{ABSENT}"),
        "GET /v1/blobs/abc".to_owned(),
        format!("GET /v1/blobs/{a}?cb=1"),
        format!("GET /v1/blobs/{a}?strict_consistency_check=true"),
        format!("GET /v1/blobs/{a}/byte-range?start=1&length=3"),
        format!("GET /v1/blobs/{a}/byte-range?start=1&length=300"),
        format!("GET /v1alpha/blobs/{a}/stream"),
        format!("GET /v1alpha/blobs/concat?ids={a},{b}"),
        format!("GET /v1/blobs/{large}"),
        format!("GET /v1/blobs/by-object-id/{object}"),
        format!("GET /v1/quilts/{quilt}/patches"),
        format!("GET /v1/blobs/by-quilt-id/{quilt}/a.txt"),
        format!("GET /v1/blobs/by-quilt-id/{quilt}/b.txt"),
        format!("GET /v1/quilts/{a}/patches"),
        "GET /nowhere".to_owned(),
        format!("DELETE /v1/blobs/{a}"),
        format!("OPTIONS /v1/blobs/{a}"),
    ] {
        for headers in [&[][..], &[], &[("if-none-match", "*")], &[("cache-control", "no-cache")]] {
            pair.compare(&line, headers, "").await;
        }
    }
    let document = format!("{{\"ids\":[\"{a}\"]}}");
    let length = document.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    for _ in 0..2 {
        pair.compare("POST /v1alpha/blobs/concat", &headers, &document).await;
    }
}

#[tokio::test]
async fn damaged_and_failed_answers_are_kept_as_by_nginx() {
    for faults in [
        &["corrupt=first:1"][..],
        &["truncate=first:1"],
        &["503=first:1"],
        &["500=first:1"],
        &["404=first:1"],
    ] {
        let Some(pair) = Pair::start(faults).await else { return };
        let id = pair.stored(&[b'w'; 100]).await;
        let mut all = Vec::new();
        for _ in 0..3 {
            let [nginx, mock] = pair.ask(&format!("GET /v1/blobs/{id}"), &[], "").await;
            assert_eq!(seen(&nginx), seen(&mock), "{faults:?}");
            assert_eq!(nginx.body, mock.body, "{faults:?}");
            all.push((mock.status, mock.body.len() == 100, mock.body == [b'w'; 100]));
        }
        let expected = match faults[0] {
            "corrupt=first:1" => [(200, true, false); 3],
            "truncate=first:1" => [(200, false, false), (200, true, true), (200, true, true)],
            "404=first:1" => [(404, false, false); 3],
            "503=first:1" => [(503, false, false), (200, true, true), (200, true, true)],
            _ => [(500, false, false), (200, true, true), (200, true, true)],
        };
        assert_eq!(all, expected, "{faults:?}");
    }
}
