//! Where a step's time went: each part's distribution.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::histogram::Latencies;
use crate::sample::Timing;

/// A measured part of a step's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// From due to finished: what a user would have waited.
    Response,
    /// From started to finished: what the service took.
    Service,
    /// From started to the answer's head.
    FirstByte,
    /// From started to the last byte of the request, connecting included.
    Send,
    /// From the last byte of the request to the answer's head.
    Wait,
    /// From the answer's head to its last byte.
    Receive,
}

impl Span {
    /// All spans, in the order in which they are shown.
    pub const ALL: [Span; 6] =
        [Span::Response, Span::Service, Span::FirstByte, Span::Send, Span::Wait, Span::Receive];
}

/// The distribution of each part, in a document by its name where something was entered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spans([Latencies; Span::ALL.len()]);

impl Spans {
    /// The distribution of one part; `None` when nothing was entered.
    pub fn get(&self, span: Span) -> Option<&Latencies> {
        Some(&self.0[span as usize]).filter(|latencies| !latencies.is_empty())
    }

    /// The parts of which something was entered.
    pub fn iter(&self) -> impl Iterator<Item = (Span, &Latencies)> {
        Span::ALL.into_iter().filter_map(|span| Some((span, self.get(span)?)))
    }

    /// Enters the parts of a success, as far as they were seen.
    pub(super) fn enter(&mut self, timing: &Timing) {
        let Timing { due, started, sent, first_byte, finished } = *timing;
        let mut enter = |span: Span, from: Duration, to: Duration| {
            self.0[span as usize].record(to.saturating_sub(from));
        };
        enter(Span::Response, due, finished);
        enter(Span::Service, started, finished);
        if let Some(sent) = sent {
            enter(Span::Send, started, sent);
        }
        if let Some(first) = first_byte {
            enter(Span::FirstByte, started, first);
            enter(Span::Receive, first, finished);
            if let Some(sent) = sent {
                enter(Span::Wait, sent, first);
            }
        }
    }

    /// Enters a response time alone.
    pub(super) fn enter_response(&mut self, response: Duration) {
        self.0[Span::Response as usize].record(response);
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: &Spans) {
        self.0.iter_mut().zip(&other.0).for_each(|(ours, theirs)| ours.merge(theirs));
    }
}

impl Serialize for Spans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Spans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut spans = Self::default();
        for (span, latencies) in BTreeMap::<Span, Latencies>::deserialize(deserializer)? {
            spans.0[span as usize] = latencies;
        }
        Ok(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_runs_between_its_instants_and_is_named_in_a_document() {
        let at = Duration::from_millis;
        let mut spans = Spans::default();
        spans.enter(&Timing {
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
        few.enter(&Timing { finished: at(3), ..Timing::default() });
        few.enter_response(at(9));
        assert_eq!(times(&few), [(Span::Response, 9), (Span::Service, 3)]);
        let written = serde_json::to_value(&few).unwrap();
        let names: Vec<_> = written.as_object().unwrap().keys().collect();
        assert_eq!(names, ["response", "service"]);
        few.merge(&serde_json::from_value(written).unwrap());
        assert_eq!(few.iter().map(|(_, times)| times.count()).collect::<Vec<_>>(), [4, 2]);
    }
}
