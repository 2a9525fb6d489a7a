//! Tokens for uploads: a publisher that verifies them accepts every upload of a run, each attempt has one of its own, and they
//! are shown nowhere.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use serde_json::{Value, json};
use tests::{Bottle, BottleBuilder, PUT_BLOB};

use crate::{
    bad_input::refuses,
    common::{Ran, Run, only},
    server::{Reply, Server, answer},
};

const SECRET: &str = "a-s3cret-of-the-publisher";
const ADDRESS: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

const ALGORITHMS: [&str; 12] = [
    "HS256", "HS384", "HS512", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "EdDSA",
];

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../keys/", $name, ".pem"))
    };
}

/// The private key of an algorithm in PEM, and the public one; a secret has neither.
fn keys(algorithm: &str) -> Option<(&'static str, &'static str)> {
    match algorithm {
        "ES256" => Some((key!("p256"), key!("p256.pub"))),
        "ES384" => Some((key!("p384"), key!("p384.pub"))),
        "EdDSA" => Some((key!("ed25519"), key!("ed25519.pub"))),
        name if name.starts_with("HS") => None,
        _ => Some((key!("rsa"), key!("rsa.pub"))),
    }
}

/// A public key as publishers take it: PKCS #1 of RSA, and a point or a number by itself.
fn bare(algorithm: &str, info: &[u8]) -> Vec<u8> {
    // Behind the algorithm's identifier and the tag of the bit string.
    let header = match algorithm {
        "ES256" => info.len() - 65,
        "ES384" => info.len() - 97,
        "EdDSA" => info.len() - 32,
        _ => 24,
    };
    info[header..].to_vec()
}

/// A publisher that demands tokens of this algorithm and compares them with the request.
fn strict(algorithm: &str) -> Bottle {
    let key = match keys(algorithm) {
        None => SECRET.as_bytes().to_vec(),
        Some((_, public)) => {
            let key = SubjectPublicKeyInfoDer::from_pem_slice(public.as_bytes()).expect("a public key");
            bare(algorithm, key.as_ref())
        }
    };
    builder(algorithm.to_owned(), key).start()
}

fn builder(algorithm: String, key: Vec<u8>) -> BottleBuilder {
    Bottle::builder().publisher(move |config| {
        config.jwt.secret = Some(key);
        config.jwt.algorithm = algorithm.parse().expect("an algorithm");
        config.jwt.expiring_sec = 60;
        config.jwt.verify_upload = true;
    })
}

fn hs256() -> Bottle {
    strict("HS256")
}

/// The claims of the token that a request carried, unverified.
fn claims(authorization: Option<&str>) -> Value {
    let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
    let payload = token.split('.').nth(1).expect("three parts");
    let json = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&json).expect("JSON")
}

/// A token that was minted elsewhere.
fn token(jti: &str, iat: u64) -> String {
    let payload = json!({ "iat": iat, "exp": iat + 60, "jti": jti }).to_string();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a clock behind 1970").as_secs()
}

#[track_caller]
fn stored(ran: &Ran, bottle: &Bottle, uploads: u64) {
    assert_eq!(ran.report().total("upload", "done"), uploads);
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).status(200), uploads);
}

#[test]
fn tokens_of_every_algorithm_and_claim_are_accepted() {
    for algorithm in ALGORITHMS {
        let bottle = strict(algorithm);
        for claims in ["size,epochs,send-object-to", "max-size,max-epochs"] {
            let run = Run::new(&bottle).line("-n 3 --size 1KiB..4KiB --epochs 3 --reads 1 -q");
            let run = run.args(["--send-object-to", ADDRESS, "--jwt-alg", algorithm, "--jwt-claims", claims]);
            let run = match keys(algorithm) {
                None => run.args(["--jwt-secret", SECRET]),
                Some((private, _)) => run.file("key.pem", private).args(["--jwt-key", "@key.pem"]),
            };
            let ran = run.go().exits(0);
            assert_eq!(ran.report().total("upload", "done"), 3, "{algorithm} {claims}");
        }
        assert_eq!(bottle.publisher_stats().route(PUT_BLOB).status(200), 6, "{algorithm}");
    }
}

#[test]
fn a_key_has_a_default_algorithm_and_a_secret_may_be_hex_or_in_a_file() {
    for algorithm in ["ES256", "ES384", "RS256", "EdDSA"] {
        let bottle = strict(algorithm);
        let (private, _) = keys(algorithm).expect("a key pair");
        let run = Run::new(&bottle).line("-n 1 --size 1KiB --jwt-key @key.pem").file("key.pem", private);
        stored(&run.go().exits(0), &bottle, 1);
    }
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    for secret in [format!("0x{hex}"), "@secret".to_owned()] {
        let bottle = hs256();
        let run = Run::new(&bottle).line("-n 1 --size 1KiB").file("secret", &format!("{SECRET}\n"));
        stored(&run.args(["--jwt-secret", &secret]).go().exits(0), &bottle, 1);
    }
}

/// A publisher that sheds each second upload has spent its token.
#[test]
fn a_retry_has_a_token_of_its_own() {
    let stores = AtomicU64::new(0);
    let server = Server::answering(move |request, right| {
        if request.is_store() && stores.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Reply::Send(answer(429, "text/plain", b"the publisher is receiving too many requests"));
        }
        right
    });
    let line = "-n 4 -c 1 --size 1KiB --retries 1 --backoff 1ms --jwt-ttl 30s --seed 7";
    let run = Run::between(&server.url(), &server.url()).line(line).args(["--jwt-secret", SECRET]);
    run.go().exits(0);
    let claims: Vec<_> = server.stores().iter().map(|store| claims(store.header("authorization"))).collect();
    let ids: BTreeSet<_> = claims.iter().map(|claims| claims["jti"].to_string()).collect();
    assert_eq!((claims.len(), ids.len()), (8, 8), "{ids:?}");
    for claims in &claims {
        let keys: Vec<_> = claims.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["exp", "iat", "jti"]);
        assert_eq!(claims["exp"].as_u64(), claims["iat"].as_u64().map(|iat| iat + 30));
    }
    assert!(server.reads().iter().all(|read| read.header("authorization").is_none()));
}

#[test]
fn uploads_that_the_publisher_sheds_are_stored_by_their_retries() {
    let bottle =
        builder("HS256".to_owned(), SECRET.as_bytes().to_vec()).publisher_faults(&["shed=30%"]).start();
    let line = "-n 40 --size 1KiB --reads 1 --retries 20 --backoff 1ms --seed 3 --jwt-claims size";
    let ran = Run::new(&bottle).line(line).args(["--jwt-secret", SECRET]).go().exits(0);
    stored(&ran, &bottle, 40);
    assert!(ran.report().total("upload", "attempt_failures") > 0);
}

#[test]
fn every_kind_of_run_mints_its_tokens() {
    for line in [
        "--order phased",
        "--duplicates 50% -c 2",
        "--order-control 100%",
        "--expect-continue",
        "--rate 100/s",
        "--warm-up 3",
        "--shard 1/2 --seed 5",
    ] {
        let bottle = hs256();
        let run = Run::new(&bottle).line("-n 6 --size 1KiB --jwt-claims size,max-epochs -q").line(line);
        let ran = run.args(["--jwt-secret", SECRET]).go().exits(0);
        assert_eq!(ran.report().failures("upload"), Default::default(), "{line}");
        let route = bottle.publisher_stats().route(PUT_BLOB);
        assert_eq!(route.received, route.status(200), "{line}");
    }
}

/// The steps of a search repeat the indices of blobs.
#[test]
fn a_search_repeats_no_token() {
    let bottle = hs256();
    let line = "--for concurrency --from 1 --max 2 --step 200ms --settle 50ms --steps upload --size 1KiB \
                --slo upload.failures==0 --precision 0%";
    let run = Run::new(&bottle).command("search").line(line).args(["--jwt-secret", SECRET]);
    let ran = run.go().exits(0);
    assert_eq!(ran.json("report.json")["answer"]["kind"], "up-to", "{}", ran.stdout);
}

#[test]
fn shards_take_turns_at_a_list_of_tokens() {
    let bottle = hs256();
    let list: String = (0..6).map(|number| format!("{}\n", token(&number.to_string(), now()))).collect();
    for shard in ["0/2", "1/2"] {
        let line = "-n 6 -c 2 --size 1KiB --seed 5 --tokens tokens -q --shard";
        let run = Run::new(&bottle).line(line).args([shard]).file("tokens", &list);
        assert_eq!(run.go().exits(0).report().total("upload", "done"), 3, "{shard}");
    }
}

#[test]
fn a_list_that_is_too_short_is_refused_before_the_run() {
    let server = Server::start();
    let list = format!("# one\n{}\n", token("a", now()));
    let refused = |line: &str, words: &[&str]| {
        let run = Run::between(&server.url(), &server.url()).file("tokens", &list);
        let ran = run.line("--tokens tokens --size 1KiB").line(line).go().exits(2);
        words.iter().for_each(|word| assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr));
        assert!(server.stores().is_empty());
    };
    refused("-n 2", &["--tokens: tokens has 1 token,", "at least 2"]);
    refused("-n 1 --warm-up 1", &["at least 2"]);
    refused("-n 4 -c 2 --seed 1 --shard 1/2", &["0 tokens for this shard", "at least 2"]);
    let run = Run::between(&server.url(), &server.url()).line("-n 1 --size 1KiB --tokens tokens");
    let ran = run.file("tokens", "s3cret with a blank").go().exits(2);
    assert!(ran.stderr.contains("line 1: ") && !ran.stderr.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn a_run_ends_when_its_tokens_are_used_up() {
    let bottle = hs256();
    let list: String = (0..3).map(|number| format!("{}\n", token(&number.to_string(), now()))).collect();
    let run = Run::new(&bottle).line("-n 10 -c 1 --size 1KiB --tokens -").input(&list);
    let ran = run.go().exits(1);
    stored(&ran, &bottle, 3);
    assert_eq!((ran.report().total("upload", "failed"), ran.report().total("upload", "skipped")), (0, 0));
    assert!(ran.stderr.contains("--tokens: - has no more tokens"), "{}", ran.stderr);
}

#[test]
fn tokens_that_were_used_or_have_ended_are_failures() {
    let bottle = hs256();
    let (again, ended) = (token("again", now()), token("ended", now() - 1_000));
    let run = Run::new(&bottle).line("-n 3 -c 1 --size 1KiB --tokens tokens");
    let ran = run.file("tokens", &format!("{again}\n{again}\n{ended}\n")).go().exits(1);
    let report = ran.report();
    assert_eq!((report.total("upload", "done"), report.total("upload", "failed")), (1, 2));
    let reasons = report.0.to_string();
    assert!(reasons.contains("TOKEN_ALREADY_USED") && reasons.contains("EXPIRED_SIGNATURE"), "{reasons}");
}

#[test]
fn keys_and_tokens_are_shown_nowhere() {
    let (pem, _) = keys("ES256").expect("a key pair");
    let middle = &pem.lines().nth(1).expect("base64")[..40];
    let server = Server::answering(|request, right| match request.is_store() {
        true => {
            let text = format!("no, {}", request.header("authorization").unwrap_or_default());
            Reply::Send(answer(401, "text/plain", text.as_bytes()))
        }
        false => right,
    });
    let line = "-n 2 --size 1KiB -v --log log.ndjson --html page.html --export --write csv=out.csv";
    for minted in [["--jwt-secret", SECRET], ["--jwt-key", "@key.pem"]] {
        let run = Run::between(&server.url(), &server.url()).line(line).args(minted).file("key.pem", pem);
        let ran = run.go().exits(1);
        assert_eq!(ran.report().failures("upload"), only("auth", 2));
        let mut shown = format!("{}{}", ran.stdout, ran.stderr);
        for file in ran.files().iter().filter(|file| *file != "key.pem") {
            shown += &std::fs::read_to_string(ran.dir.path().join(file)).expect("a file");
        }
        assert!(!shown.contains(SECRET) && !shown.contains(middle), "{shown}");
        for store in server.stores() {
            let token =
                store.header("authorization").expect("a token").trim_start_matches("Bearer ").to_owned();
            assert!(!shown.contains(&token), "{shown}");
        }
    }
}

#[test]
fn plan_files_name_secrets_and_reports_ask_for_them() {
    let server = Server::start();
    let targets = format!("publisher = \"{0}\"\naggregator = \"{0}\"\n", server.url());
    let file =
        |more: &str| Run::bare().file("plan.toml", &format!("{targets}blobs = 1\nsize = \"1KiB\"\n{more}"));
    let line = "--plan plan.toml --report report.json";
    let ran = file("jwt-secret = \"$THE_SECRET\"\njwt-claims = [\"size\"]").line(line);
    let ran = ran.variable("THE_SECRET", SECRET).go().exits(0);
    assert_eq!(claims(server.stores()[0].header("authorization"))["size"], json!(1024));
    file("jwt-secret = \"@secret\"").file("secret", SECRET).line(line).go().exits(0);
    file("jwt-key = \"@key\"").file("key", key!("p256")).line(line).go().exits(0);
    file("jwt-key = \"$KEY\"").variable("KEY", key!("p256")).line(line).go().exits(0);
    assert_eq!(server.stores().len(), 4);
    let refused = file(&format!("jwt-secret = \"{SECRET}\"")).line(line).go().exits(2);
    assert!(refused.stderr.contains("line 5") && !refused.stderr.contains(SECRET), "{}", refused.stderr);
    // The report asks for the secret by name, and any other token will do.
    let report = std::fs::read_to_string(ran.dir.path().join("report.json")).expect("a report");
    let again = |run: Run| Run { args: vec!["run".into(), "--plan".into(), "old.json".into()], ..run };
    let ran = again(Run::bare().file("old.json", &report)).go().exits(2);
    assert!(ran.stderr.contains("--jwt-secret"), "{}", ran.stderr);
    for flags in [["--jwt-secret", SECRET], ["--bearer", "t0ken"], ["--tokens", "list"]] {
        let run = again(Run::bare().file("old.json", &report).file("list", "t0ken\n")).args(flags);
        run.go().exits(0);
    }
    // The plan file that `plan` writes gives the same tokens again.
    let run = Run::bare().file("old.json", &report).line("--plan old.json --format toml").command("plan");
    let toml = run.args(["--jwt-secret", SECRET]).go().exits(0).stdout;
    assert!(toml.contains("jwt-secret = \"$JWT_SECRET\"") && !toml.contains(SECRET), "{toml}");
    let run = Run::bare().file("plan.toml", &toml).line("--plan plan.toml").variable("JWT_SECRET", SECRET);
    run.go().exits(0);
    let last = server.stores().pop().expect("a store");
    assert_eq!(claims(last.header("authorization"))["size"], json!(1024));
}

#[test]
fn what_does_not_fit_is_refused() {
    let short = ["--rate", "200/s", "-n", "20000", "--jwt-secret", "s3cret"];
    refuses(&short, &["--jwt-ttl", "10000 unexpired tokens", "500"]);
    for (line, words) in [
        (&["--jwt-secret", "s3cret", "--bearer", "t"][..], &["--bearer", "--jwt-secret", "one token"][..]),
        (&["--jwt-secret", "s3cret", "--tokens", "-"], &["--jwt-secret", "--tokens"]),
        (&["--jwt-secret", "s3cret", "--jwt-key", "@k"], &["--jwt-key", "--jwt-secret"]),
        (&["--jwt-secret", "s3cret", "--header", "Authorization: x"], &["--jwt-secret", "Authorization"]),
        (&["--tokens", "-", "--publisher-header", "authorization: x"], &["--tokens", "Authorization"]),
        (
            &["--jwt-secret", "s3cret", "--publisher", "http://u:p@publisher.test"],
            &["--jwt-secret", "user:password"],
        ),
        (
            &["--jwt-secret", "s3cret", "--jwt-alg", "RS256"],
            &["--jwt-alg RS256 does not fit a secret", "HS512"],
        ),
        (&["--jwt-secret", "0xabc"], &["--jwt-secret", "hexadecimal"]),
        (&["--jwt-key", "@missing"], &["--jwt-key", "cannot read missing"]),
        (&["--jwt-key", "key"], &["--jwt-key", "@FILE"]),
        (&["--jwt-ttl", "60s"], &["--jwt-ttl", "--jwt-secret or --jwt-key"]),
        (&["--jwt-secret", "s3cret", "--jwt-ttl", "1500ms"], &["--jwt-ttl", "whole seconds"]),
        (
            &["--jwt-secret", "s3cret", "--jwt-claims", "size,max-size"],
            &["--jwt-claims", "both size and max-size"],
        ),
        (&["--jwt-secret", "s3cret", "--jwt-claims", "send-object-to"], &["--send-object-to"]),
        (&["--tokens", "missing"], &["--tokens", "cannot read missing"]),
    ] {
        let ran = refuses(line, words);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    }
}
