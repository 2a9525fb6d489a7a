//! The connections of a run, and what became of the expectations of its uploads.

use std::{collections::BTreeSet, net::SocketAddr};

use super::document::Row;
use crate::{
    export::style::Style,
    metrics::Expectations,
    report::{Report, summary::ConnectionSummary},
    units,
};

/// A row for all connections, one for their peers where names have several addresses, and one for each publisher that did not meet an `Expect: 100-continue`.
pub(super) fn rows(report: &Report, connections: &ConnectionSummary) -> Vec<Row> {
    let mut rows = vec![Row::fact("connections", Style::Normal, opened(connections))];
    let targets = report.plan.publishers.iter().chain(&report.plan.aggregators);
    let hosts: BTreeSet<_> =
        targets.map(|target| (target.url.host_str(), target.url.port_or_known_default())).collect();
    // Some name has several addresses.
    if connections.peers.len() > hosts.len() {
        let one = |(peer, opened): (&SocketAddr, &u64)| format!("{peer} ({})", units::count(*opened));
        let peers: Vec<_> = connections.peers.iter().map(one).collect();
        rows.push(Row::fact("peers", Style::Normal, peers.join(", ")));
    }
    rows.extend(connections.expectations.iter().filter_map(|(publisher, expectations)| {
        let target = report.plan.publishers.get(*publisher).map(ToString::to_string).unwrap_or_default();
        let words = unmet(expectations)?;
        Some(Row::fact("expectations", Style::Attention, format!("{target} {words}")))
    }));
    rows
}

fn opened(connections: &ConnectionSummary) -> String {
    let phases = [("DNS", &connections.dns), ("TCP", &connections.tcp), ("TLS", &connections.tls)];
    let medians: Vec<_> = phases
        .into_iter()
        .filter_map(|(name, times)| Some(format!("{name} {}", units::duration(times.as_ref()?.median.value))))
        .collect();
    let medians =
        if medians.is_empty() { String::new() } else { format!(" (median {})", medians.join(", ")) };
    let (opened, reused) = (units::count(connections.opened), units::counted(connections.reused, "request"));
    let mut text = format!("{opened} opened{medians}, reused for {reused}");
    for (count, what) in
        [(connections.stale, "stale connections"), (connections.port_refusals, "refused for lack of a port")]
    {
        if count > 0 {
            text.push_str(&format!(", {what}: {}", units::count(count)));
        }
    }
    text
}

/// What was not met; `None` when everything was.
fn unmet(expectations: &Expectations) -> Option<String> {
    let ignored = units::counted(expectations.ignored, "time");
    if expectations.refused > 0 {
        Some("refused Expect: 100-continue (417); uploads went without it".to_owned())
    } else if expectations.abandoned > 0 {
        Some(format!(
            "ignored Expect: 100-continue {ignored}, several in a row; later uploads went without it"
        ))
    } else {
        (expectations.ignored > 0).then(|| format!("ignored Expect: 100-continue {ignored}, each for 1 s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_met_is_shown() {
        let of = |met, ignored, abandoned, refused| Expectations { met, ignored, abandoned, refused };
        assert_eq!((unmet(&of(9, 0, 0, 0)), unmet(&of(0, 0, 0, 0))), (None, None));
        for (expectations, words) in [
            (of(9, 1, 0, 0), "ignored Expect: 100-continue 1 time, each for 1 s"),
            (
                of(0, 3, 1, 0),
                "ignored Expect: 100-continue 3 times, several in a row; later uploads went without it",
            ),
            (of(0, 0, 0, 8), "refused Expect: 100-continue (417); uploads went without it"),
        ] {
            assert_eq!(unmet(&expectations).as_deref(), Some(words));
        }
    }
}
