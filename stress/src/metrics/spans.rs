//! The distributions of the measured parts of a step's time.

use serde::{Deserialize, Serialize};

use super::histogram::{Latencies, nanoseconds};
use crate::sample::Timing;

/// A measured part of a step's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// From due to finished: what a user would have waited.
    Response,
    /// From started to finished: what the service took.
    Service,
    /// From started to the response's head.
    FirstByte,
    /// From started until the request had left, connecting included.
    Send,
    /// From then to the response's head.
    Wait,
    /// From the response's head to its last byte.
    Receive,
}

impl Span {
    /// All spans, in the order in which they are shown.
    pub const ALL: [Span; 6] =
        [Span::Response, Span::Service, Span::FirstByte, Span::Send, Span::Wait, Span::Receive];
}

/// The distribution of each part, in a document where something was recorded.
#[serde_with::apply(Latencies => #[serde(default, skip_serializing_if = "Latencies::is_empty")])]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spans {
    pub(super) response: Latencies,
    service: Latencies,
    first_byte: Latencies,
    send: Latencies,
    wait: Latencies,
    receive: Latencies,
}

impl Spans {
    /// The distribution of one part; `None` when nothing was recorded.
    pub fn get(&self, span: Span) -> Option<&Latencies> {
        let latencies = match span {
            Span::Response => &self.response,
            Span::Service => &self.service,
            Span::FirstByte => &self.first_byte,
            Span::Send => &self.send,
            Span::Wait => &self.wait,
            Span::Receive => &self.receive,
        };
        (!latencies.is_empty()).then_some(latencies)
    }

    /// The distribution of every part.
    pub(super) fn all(&self) -> [&Latencies; 6] {
        let Spans { response, service, first_byte, send, wait, receive } = self;
        [response, service, first_byte, send, wait, receive]
    }

    /// The same, to change them.
    pub(super) fn all_mut(&mut self) -> [&mut Latencies; 6] {
        let Spans { response, service, first_byte, send, wait, receive } = self;
        [response, service, first_byte, send, wait, receive]
    }

    /// The parts of which something was recorded.
    pub fn iter(&self) -> impl Iterator<Item = (Span, &Latencies)> {
        Span::ALL.into_iter().filter_map(|span| Some((span, self.get(span)?)))
    }

    /// Records the parts of a success, as far as they were seen.
    pub(super) fn record(&mut self, timing: &Timing) {
        let [due, started, finished] = [timing.due, timing.started, timing.finished].map(nanoseconds);
        let [sent, first_byte] = [timing.sent, timing.first_byte].map(|instant| instant.map(nanoseconds));
        self.response.record_nanoseconds(finished.saturating_sub(due));
        self.service.record_nanoseconds(finished.saturating_sub(started));
        if let Some(sent) = sent {
            self.send.record_nanoseconds(sent.saturating_sub(started));
        }
        if let Some(first_byte) = first_byte {
            self.first_byte.record_nanoseconds(first_byte.saturating_sub(started));
            self.receive.record_nanoseconds(finished.saturating_sub(first_byte));
        }
        if let (Some(sent), Some(first_byte)) = (sent, first_byte) {
            self.wait.record_nanoseconds(first_byte.saturating_sub(sent));
        }
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: &Spans) {
        let Spans { response, service, first_byte, send, wait, receive } = other;
        self.response.merge(response);
        self.service.merge(service);
        self.first_byte.merge(first_byte);
        self.send.merge(send);
        self.wait.merge(wait);
        self.receive.merge(receive);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_part_runs_between_its_instants_and_is_named_in_a_document() {
        let at = Duration::from_millis;
        let mut spans = Spans::default();
        spans.record(&Timing {
            due: at(10),
            started: at(11),
            sent: Some(at(13)),
            first_byte: Some(at(17)),
            finished: at(25),
        });
        let times = |spans: &Spans| -> Vec<_> {
            spans.iter().map(|(span, times)| (span, times.max().unwrap().as_millis())).collect()
        };
        let expected = Span::ALL.into_iter().zip([15, 14, 6, 2, 4, 8]).collect::<Vec<_>>();
        assert_eq!(times(&spans), expected);
        let mut few = Spans::default();
        few.record(&Timing { finished: at(3), ..Timing::default() });
        few.response.record(at(9));
        assert_eq!(times(&few), [(Span::Response, 9), (Span::Service, 3)]);
        let written = serde_json::to_value(&few).unwrap();
        let names: Vec<_> = written.as_object().unwrap().keys().collect();
        assert_eq!(names, ["response", "service"]);
        few.merge(&serde_json::from_value(written).unwrap());
        assert_eq!(few.iter().map(|(_, times)| times.count()).collect::<Vec<_>>(), [4, 2]);
    }
}
