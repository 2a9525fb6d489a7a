//! The counters of a server in the text format of Prometheus.

use super::snapshot::{RouteSnapshot, Snapshot};
use std::fmt::Write;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The counters as text.
#[must_use]
pub fn text(all: &Snapshot) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in [
        ("mock_connections_accepted_total", "counter", "Connections accepted", all.connections.accepted),
        ("mock_panics_total", "counter", "Tasks of connections that panicked", all.panics),
        ("mock_connections_open", "gauge", "Connections open now", all.connections.open),
        (
            "mock_stores_newly_created_total",
            "counter",
            "Stores that made a new object",
            all.stores.newly_created,
        ),
        (
            "mock_stores_already_certified_total",
            "counter",
            "Stores that an existing object made unnecessary",
            all.stores.already_certified,
        ),
        ("mock_stored_bytes_total", "counter", "Bytes of the blobs of all stores", all.stores.blob_bytes),
        ("mock_reads_first_total", "counter", "Reads as slow as uncached ones", all.reads.first),
        ("mock_reads_cached_total", "counter", "Reads as fast as cached ones", all.reads.cached),
        (
            "mock_cache_negative_hits_total",
            "counter",
            "Reads that the cache answered with a 404 it kept",
            all.reads.negative_hits,
        ),
        ("mock_cache_evictions_total", "counter", "Blobs that the cache evicted", all.reads.evicted),
    ] {
        family(&mut text, name, kind, help, [(String::new(), value)]);
    }
    let mut of_routes = |name, kind, help, value: fn(&RouteSnapshot) -> u64| {
        let rows = all.requests.iter().map(|(route, counts)| (label("route", route), value(counts)));
        family(&mut text, name, kind, help, rows);
    };
    of_routes("mock_requests_received_total", "counter", "Requests whose head arrived", |route| {
        route.received
    });
    of_routes("mock_requests_admitted_total", "counter", "Requests within the route's limits", |route| {
        route.admitted
    });
    of_routes("mock_requests_shed_total", "counter", "Requests refused with 429 by them", |route| route.shed);
    of_routes("mock_requests_in_flight", "gauge", "Requests under way now", |route| route.in_flight);
    of_routes("mock_request_bytes_total", "counter", "Bytes of request bodies read", |route| route.bytes_in);
    of_routes("mock_response_bytes_total", "counter", "Bytes of response bodies sent", |route| {
        route.bytes_out
    });
    let answers = all.requests.iter().flat_map(|(route, counts)| {
        let statuses = counts.answered.iter().map(|(status, n)| (status.to_string(), *n));
        let statuses = statuses.chain([("none".to_owned(), counts.unanswered)]);
        statuses
            .map(move |(status, n)| (format!("{},{}", label("route", route), label("status", &status)), n))
    });
    let help = "Answers by status; none for requests that ended without one";
    family(&mut text, "mock_responses_total", "counter", help, answers);
    let faults = all.faults.iter().map(|(kind, n)| (label("kind", kind), *n));
    family(&mut text, "mock_faults_total", "counter", "Requests that got a fault, by its kind", faults);
    text
}

/// A label; the values are patterns of routes, statuses and kinds of faults, which need no escape.
fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{value}\"")
}

fn family(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    rows: impl IntoIterator<Item = (String, u64)>,
) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
    for (labels, value) in rows {
        let _ = match labels.is_empty() {
            true => writeln!(text, "{name} {value}"),
            false => writeln!(text, "{name}{{{labels}}} {value}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_line() {
        let route = RouteSnapshot {
            received: 6,
            answered: [(200, 4), (429, 1)].into(),
            unanswered: 1,
            ..RouteSnapshot::default()
        };
        let all = Snapshot {
            requests: [("PUT /v1/blobs".to_owned(), route)].into(),
            faults: [("reset".to_owned(), 1)].into(),
            ..Snapshot::default()
        };
        let text = text(&all);
        for line in [
            "# TYPE mock_connections_open gauge\nmock_connections_open 0\n",
            "mock_requests_received_total{route=\"PUT /v1/blobs\"} 6\n",
            "mock_responses_total{route=\"PUT /v1/blobs\",status=\"200\"} 4\n",
            "mock_responses_total{route=\"PUT /v1/blobs\",status=\"429\"} 1\n",
            "mock_responses_total{route=\"PUT /v1/blobs\",status=\"none\"} 1\n",
            "mock_faults_total{kind=\"reset\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        for kind in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let (name, _) = kind.split_once(' ').unwrap();
            let help = text.lines().find_map(|line| line.strip_prefix(&format!("# HELP {name} ")));
            assert!(help.is_some_and(|help| help.len() > 10), "{name} has no help text");
        }
    }
}
