//! Bad weather: every way in which an endpoint can misbehave has its class, and none of them hangs the run.

use tests::Bottle;

use crate::{
    common::{Ran, Run, nowhere, only},
    server::{Reply, Request, Server, answer, stored},
};

/// Time limits that make waiting short; whatever answers at all does so far sooner.
const SHORT: &str =
    "-n 2 -c 2 --size 64KiB --upload-timeout 1500ms --download-timeout 1500ms --connect-timeout 1s";
/// Time limits that are never met.
const LONG: &str = "-n 2 -c 2 --size 64KiB --upload-timeout 40s --download-timeout 40s --connect-timeout 40s";

/// A name that cannot be looked up by anyone: no label is that long. So no resolver is asked, either.
fn unresolvable() -> String {
    format!("http://{}.invalid", "a".repeat(64))
}

/// A server that answers everything in the same way.
fn always(reply: &Reply) -> Server {
    let reply = reply.clone();
    Server::answering(move |_, _| reply.clone())
}

/// A server that answers stores, or else reads, in the same way, and everything else as it should.
fn wrong(which: fn(&Request) -> bool, reply: &Reply) -> Server {
    let reply = reply.clone();
    Server::answering(move |request, right| if which(request) { reply.clone() } else { right })
}

/// What is asked of a target before the load starts.
const PREFLIGHT: [&str; 3] = ["/status", "/v1/blobs", "/v1/blobs/x"];

/// Refused by the preflight: nothing was tried, and one line says of whom and why.
#[track_caller]
fn refused_at_the_door(publisher: &str, line: &str, words: &str) {
    let good = Server::start();
    for (role, urls) in [("publisher", [publisher, &good.url()]), ("aggregator", [&good.url(), publisher])] {
        let ran = Run::between(urls[0], urls[1]).line(line).line("--export").go().exits(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran:?}");
        let start = format!("error: {role} {publisher}: ");
        assert!(ran.stderr.starts_with(&start) && ran.stderr.contains(words), "`{words}`: {}", ran.stderr);
        assert!(ran.stderr.contains("--no-check skips this check"), "{}", ran.stderr);
        assert!(ran.files().is_empty(), "{:?}", ran.files());
    }
    assert!(good.requests().iter().all(|request| PREFLIGHT.contains(&&*request.target)));
}

/// Without a preflight both uploads fail in this class, and so do both downloads from a bad aggregator.
#[track_caller]
fn fails_unchecked(bad: &str, line: &str, upload: &str, read: &str) {
    let good = Server::start();
    let ran = Run::between(bad, &good.url()).line(line).line("--no-check").go().exits(1);
    assert_eq!(ran.report().failures("upload"), only(upload, 2), "{ran:?}");
    assert_eq!(ran.report().total("first", "skipped"), 2);
    is_reported(&ran, "upload", upload);
    let ran = Run::between(&good.url(), bad).line(line).line("--no-check").go().exits(1);
    assert_eq!(ran.report().failures("first"), only(read, 2), "{ran:?}");
    assert_eq!(ran.report().total("cached", "skipped"), 2);
    is_reported(&ran, "first download", read);
}

/// A person learns of it, too: in a line of its own and in the summary.
#[track_caller]
fn is_reported(ran: &Ran, step: &str, class: &str) {
    let event = format!("{step} failed after ");
    let events: Vec<_> =
        ran.stderr.lines().filter(|line| line.contains(&event) && line.contains(class)).collect();
    assert_eq!(events.len(), 2, "{}", ran.stderr);
    assert!(ran.stdout.contains(&format!("2 {step}s failed: {class}")), "{}", ran.stdout);
    assert!(ran.stdout.trim_end().ends_with(", 2 failed"), "{}", ran.stdout);
}

#[test]
fn endpoints_that_refuse_connections() {
    let url = nowhere();
    refused_at_the_door(&url, LONG, "nothing listens there");
    fails_unchecked(&url, LONG, "refused", "refused");
}

#[test]
fn endpoints_whose_name_does_not_resolve() {
    let url = unresolvable();
    refused_at_the_door(&url, LONG, "check the host's name");
    fails_unchecked(&url, LONG, "dns", "dns");
}

#[test]
fn endpoints_that_answer_with_a_web_page() {
    let page = b"<!DOCTYPE html><html><head><title>Welcome!</title></head></html>";
    let server = always(&Reply::Send(answer(200, "text/html", page)));
    refused_at_the_door(&server.url(), LONG, "answers /status with a web page: Welcome!");
    fails_unchecked(&server.url(), LONG, "gateway", "gateway");
    let server = always(&Reply::Send(answer(502, "text/html", b"<html><title>Bad Gateway</title></html>")));
    refused_at_the_door(&server.url(), LONG, "HTTP 502: Bad Gateway");
    fails_unchecked(&server.url(), LONG, "gateway", "gateway");
}

#[test]
fn endpoints_that_are_not_walrus() {
    let server = always(&Reply::Send(answer(200, "application/json", br#"{"hello":"world"}"#)));
    refused_at_the_door(&server.url(), LONG, "something other than OK: {\"hello\":\"world\"}");
    // What comes instead of a blob is shorter than that.
    fails_unchecked(&server.url(), LONG, "malformed", "truncated");
    let server = always(&Reply::Close(b"220 mail.example ESMTP\r\n".to_vec()));
    refused_at_the_door(&server.url(), LONG, "is it a Walrus service");
    fails_unchecked(&server.url(), LONG, "malformed", "malformed");
}

#[test]
fn endpoints_that_redirect() {
    let reply = b"HTTP/1.1 301 X\r\nlocation: https://elsewhere.invalid/\r\ncontent-length: 0\r\n\r\n";
    let server = always(&Reply::Send(reply.to_vec()));
    refused_at_the_door(&server.url(), LONG, "redirects /status to https://elsewhere.invalid/");
    fails_unchecked(&server.url(), LONG, "redirect", "redirect");
}

#[test]
fn endpoints_that_close_before_they_answer() {
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let server = always(&Reply::Close(start.as_bytes().to_vec()));
        refused_at_the_door(&server.url(), LONG, "is it a Walrus service");
        fails_unchecked(&server.url(), LONG, "reset", "reset");
    }
}

#[test]
fn endpoints_that_never_answer() {
    let server = always(&Reply::Silence);
    refused_at_the_door(&server.url(), SHORT, "did not answer /status in time");
    fails_unchecked(&server.url(), SHORT, "timeout", "timeout");
}

#[test]
fn an_endpoint_without_a_status_is_warned_of_and_used() {
    let missing = Reply::Send(answer(404, "text/plain", b"?"));
    let server = wrong(|request| request.target == "/status", &missing);
    let ran = Run::between(&server.url(), &Server::start().url()).line("-n 1 --size 1KiB").go();
    assert!(
        ran.stderr.contains(&format!("warning: publisher {}: has no /status (HTTP 404)", server.url())),
        "{ran:?}"
    );
    assert_eq!(ran.report().total("upload", "done"), 1);
}

#[test]
fn stores_that_break_off() {
    let whole = stored(&"A".repeat(43));
    let reset = [("reset", Reply::Close(Vec::new())), ("reset", Reply::Close(whole[..30].to_vec()))];
    let cut = [("truncated", Reply::Close(whole[..whole.len() - 5].to_vec())), ("timeout", Reply::Silence)];
    for (class, reply) in reset.into_iter().chain(cut) {
        for check in ["", "--no-check"] {
            let server = wrong(Request::is_store, &reply);
            let line = format!("{} {check}", if class == "timeout" { SHORT } else { LONG });
            let ran = Run::between(&server.url(), &server.url()).line(&line).go().exits(1);
            assert_eq!(ran.report().failures("upload"), only(class, 2), "{ran:?}");
        }
    }
}

#[test]
fn reads_of_other_bytes_than_were_stored() {
    let altered = |mut bytes: Vec<u8>| {
        *bytes.last_mut().expect("bytes") ^= 1;
        Reply::Send(bytes)
    };
    let short = |bytes: Vec<u8>| Reply::Close(bytes[..bytes.len() - 1].to_vec());
    let shorter = |_| Reply::Send(answer(200, "application/octet-stream", b"too few"));
    let longer = |_| Reply::Send(answer(200, "application/octet-stream", &[7; 64 * 1024 + 1]));
    let endless = |bytes: Vec<u8>| {
        let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let blob = &bytes[bytes.len() - 64 * 1024..];
        Reply::Close([head, blob, b"and more"].concat())
    };
    type Change = fn(Vec<u8>) -> Reply;
    let changes: [(&str, Change); 5] = [
        ("corrupt", altered),
        ("truncated", short),
        ("truncated", shorter),
        ("too-long", longer),
        ("too-long", endless),
    ];
    for (class, change) in changes {
        for check in ["", "--no-check"] {
            let server = Server::answering(move |request, right| match right {
                Reply::Send(bytes) if request.is_read() => change(bytes),
                right => right,
            });
            let line = format!("{LONG} {check} --export");
            let ran = Run::between(&server.url(), &server.url()).line(&line).go().exits(1);
            assert_eq!(ran.report().failures("first"), only(class, 2), "{ran:?}");
            assert_eq!((ran.report().total("upload", "done"), ran.rows().len()), (2, 2));
            is_reported(&ran, "first download", class);
        }
    }
}

#[test]
fn an_example_of_a_failure_names_the_blob_and_the_time_on_the_wall_clock() {
    let missing = Reply::Send(answer(404, "text/plain", b"no such blob"));
    let server = wrong(Request::is_read, &missing);
    let began = std::time::SystemTime::now();
    let ran = Run::between(&server.url(), &server.url()).line("-n 1 --size 1KiB").go().exits(1);
    let report = ran.report();
    let example = &report.0["steps"][1]["failures"][0]["examples"][0];
    let (id, at) = (example["blob_id"].as_str().unwrap(), example["at"].as_str().unwrap());
    assert!(server.reads()[0].target.ends_with(id), "{example}");
    // The report's own start is to the second.
    let second = std::time::Duration::from_secs(1);
    let at_time = humantime::parse_rfc3339(at).unwrap();
    assert!(began - second <= at_time && at_time <= std::time::SystemTime::now(), "{at}");
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(&format!("blob 1 ({id}) at "))
            && words.contains(&format!(" ({at}): 404: no such blob")),
        "{words}"
    );
}

#[test]
fn every_fault_of_the_mocks_lands_in_its_class() {
    for (fault, class) in [
        ("shed", "shed"),
        ("500", "server-error"),
        ("503", "gateway"),
        ("504", "server-error"),
        ("reset", "reset"),
        ("malformed-json", "malformed"),
        ("error-object", "error-object"),
    ] {
        let bottle = Bottle::builder().publisher_faults(&[&format!("{fault}=100%")]).start();
        let ran = Run::new(&bottle).line(LONG).go().exits(1);
        assert_eq!(ran.report().failures("upload"), only(class, 2), "{fault}");
        assert_eq!(bottle.publisher_stats().fault(fault), 2, "{fault}");
    }
    for (fault, class) in [
        ("shed", "shed"),
        ("500", "server-error"),
        ("503", "unavailable"),
        ("504", "gateway"),
        ("reset", "reset"),
        ("not-yet", "not-found"),
        ("truncate", "truncated"),
        ("corrupt", "corrupt"),
    ] {
        let late = |config: &mut tests::AggregatorConfig| {
            config.profile.not_yet_for = std::time::Duration::from_secs(60)
        };
        let bottle =
            Bottle::builder().aggregator_faults(&[&format!("{fault}=100%")]).aggregator(late).start();
        let ran = Run::new(&bottle).line(LONG).go().exits(1);
        assert_eq!(ran.report().failures("first"), only(class, 2), "{fault}");
        assert_eq!(bottle.aggregator_stats().fault(fault), 2, "{fault}");
    }
}
