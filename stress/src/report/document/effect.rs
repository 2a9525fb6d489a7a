//! The part of a report's document about caches, and about what sizes cost.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    metrics::cache_status::CacheStatusCounts,
    report::{
        cache::{CacheEffect, Group, GroupKey, OrderControl, Ratio, StatusCheck, StatusRow},
        cost::{LinearFit, NoFit, StepCost},
    },
    sample::cache::{CacheStatus, StatusHeader},
};

/// A [`CacheEffect`] in a document.
#[derive(Serialize)]
pub(super) struct CacheDoc<'a> {
    verdict: &'static str,
    sentence: String,
    pairs_seen: u64,
    pairs: u64,
    median_first_seconds: Option<f64>,
    median_cached_seconds: Option<f64>,
    ratio: Option<f64>,
    ratio_interval_95: Option<(f64, f64)>,
    p_value: Option<f64>,
    blobs_needed: Option<u64>,
    first_byte: Option<RatioDoc>,
    transfer: Option<RatioDoc>,
    groups: Vec<GroupDoc<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_control: Option<ControlDoc>,
    second_to_third: Option<RatioDoc>,
    fills_late: bool,
    claimed: StatusCheckDoc<'a>,
    shortest_cached_seconds: Option<f64>,
    longest_cached_seconds: Option<f64>,
}

/// A [`Ratio`] in a document.
#[derive(Serialize)]
struct RatioDoc {
    verdict: &'static str,
    pairs: u64,
    ratio: f64,
    ratio_interval_95: Option<(f64, f64)>,
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_effect_taken_out: Option<f64>,
}

/// An [`OrderControl`] in a document.
#[derive(Serialize)]
struct ControlDoc {
    pairs_seen: u64,
    pairs: u64,
    taken_out: bool,
    response: Option<RatioDoc>,
    first_byte: Option<RatioDoc>,
    transfer: Option<RatioDoc>,
}

/// A [`Group`] in a document.
#[derive(Serialize)]
struct GroupDoc<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregator: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    below_bytes: Option<u64>,
    #[serde(flatten)]
    response: RatioDoc,
}

/// A [`StatusCheck`] in a document.
#[derive(Serialize)]
struct StatusCheckDoc<'a> {
    first_downloads: u64,
    first_downloads_already_cached: u64,
    cached_downloads: u64,
    status_header: &'a BTreeMap<StatusHeader, u64>,
    rows: Vec<RowDoc>,
    pairs_of_the_same_copy: u64,
    pairs_dated_anew: u64,
}

/// A [`StatusRow`] in a document.
#[derive(Serialize)]
struct RowDoc {
    cache_status: CacheStatus,
    downloads: u64,
    observed: Option<RatioDoc>,
    finding: &'static str,
}

impl<'a> CacheDoc<'a> {
    pub(super) fn of(cache: &'a CacheEffect) -> Self {
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64());
        let (response, doc) = (cache.response, |ratio: Option<Ratio>| ratio.map(RatioDoc::of));
        Self {
            verdict: cache.effect.label(),
            sentence: cache.sentence(),
            pairs_seen: cache.pairs_seen,
            pairs: cache.pairs,
            median_first_seconds: seconds(cache.median_first),
            median_cached_seconds: seconds(cache.median_cached),
            ratio: cache.ratio(),
            ratio_interval_95: cache.interval(),
            p_value: response.and_then(|response| response.p_value),
            blobs_needed: cache.needed(),
            first_byte: doc(cache.first_byte),
            transfer: doc(cache.transfer),
            groups: cache.groups.iter().map(GroupDoc::of).collect(),
            order_control: cache.control.map(|control| {
                let taken_out = response.is_some_and(|response| response.taken_out.is_some());
                ControlDoc::of(control, taken_out)
            }),
            second_to_third: doc(cache.third),
            fills_late: cache.fills_late().is_some(),
            claimed: StatusCheckDoc::of(&cache.status),
            shortest_cached_seconds: seconds(cache.shortest_cached.map(|bounded| bounded.value)),
            longest_cached_seconds: seconds(cache.longest_cached.map(|bounded| bounded.value)),
        }
    }
}

impl RatioDoc {
    fn of(ratio: Ratio) -> Self {
        let Ratio { pairs, median, interval, p_value, taken_out } = ratio;
        let verdict = ratio.effect().label();
        Self {
            verdict,
            pairs,
            ratio: median,
            ratio_interval_95: interval,
            p_value,
            order_effect_taken_out: taken_out,
        }
    }
}

impl ControlDoc {
    fn of(control: OrderControl, taken_out: bool) -> Self {
        let OrderControl { pairs_seen, pairs, response, first_byte, transfer } = control;
        let doc = |ratio: Option<Ratio>| ratio.map(RatioDoc::of);
        let [response, first_byte, transfer] = [response, first_byte, transfer].map(doc);
        Self { pairs_seen, pairs, taken_out, response, first_byte, transfer }
    }
}

impl<'a> GroupDoc<'a> {
    fn of(group: &'a Group) -> Self {
        let (aggregator, from_bytes, below_bytes) = match &group.key {
            GroupKey::Sizes(from, below) => (None, Some(*from), Some(*below)),
            GroupKey::Aggregator(address) => (Some(address.as_str()), None, None),
        };
        Self { aggregator, from_bytes, below_bytes, response: RatioDoc::of(group.response) }
    }
}

impl<'a> StatusCheckDoc<'a> {
    fn of(claimed: &'a StatusCheck) -> Self {
        let row = |row: &StatusRow| RowDoc {
            cache_status: row.cache_status,
            downloads: row.downloads,
            observed: row.observed.map(RatioDoc::of),
            finding: row.finding.label(),
        };
        Self {
            first_downloads: claimed.firsts,
            first_downloads_already_cached: claimed.contaminated,
            cached_downloads: claimed.cached,
            status_header: &claimed.status_headers,
            rows: claimed.rows.iter().map(row).collect(),
            pairs_of_the_same_copy: claimed.same_copy,
            pairs_dated_anew: claimed.dated_anew,
        }
    }
}

/// What headers said of the downloads from one aggregator, in a document.
#[derive(Serialize)]
pub(super) struct CacheStatusCountsDoc<'a> {
    /// Its position in the plan.
    aggregator: usize,
    told: &'a BTreeMap<StatusHeader, BTreeMap<CacheStatus, u64>>,
    unknown: u64,
}

impl<'a> CacheStatusCountsDoc<'a> {
    pub(super) fn of((aggregator, cache_statuses): (&usize, &'a CacheStatusCounts)) -> Self {
        Self { aggregator: *aggregator, told: &cache_statuses.told, unknown: cache_statuses.unknown }
    }
}

/// A [`StepCost`] in a document, or why there is none.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum CostDoc {
    BlobOrigin { samples: u64, service: LineDoc, send: LineDoc, wait: LineDoc },
    Unknown { absent: String },
}

/// A [`LinearFit`] in a document.
#[derive(Serialize)]
pub(super) struct LineDoc {
    fixed_seconds: f64,
    fixed_seconds_interval_95: (f64, f64),
    seconds_per_mib: f64,
    seconds_per_mib_interval_95: (f64, f64),
    median_seconds: f64,
}

impl CostDoc {
    /// `None` when nothing was recorded to tell it from.
    pub(super) fn of(cost: &Result<StepCost, NoFit>) -> Option<Self> {
        Some(match cost {
            Ok(StepCost { samples, service, send, wait }) => CostDoc::BlobOrigin {
                samples: *samples,
                service: LineDoc::of(service),
                send: LineDoc::of(send),
                wait: LineDoc::of(wait),
            },
            Err(NoFit::NoData) => return None,
            Err(unknown) => CostDoc::Unknown { absent: unknown.words() },
        })
    }
}

impl LineDoc {
    fn of(line: &LinearFit) -> Self {
        Self {
            fixed_seconds: line.fixed.value,
            fixed_seconds_interval_95: line.fixed.interval,
            seconds_per_mib: line.per_mib.value,
            seconds_per_mib_interval_95: line.per_mib.interval,
            median_seconds: line.median,
        }
    }
}
