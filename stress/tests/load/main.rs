//! Load models and clocks, against servers whose behaviour is known.
//!
//! Each row is a property of the numbers and the test that guards it. Wherever possible the expected values are the
//! servers' own counts and records of arrivals.
//!
//! | property | test |
//! |---|---|
//! | response times run from the schedule (no coordinated omission): a stall is visible in full | `stall` |
//! | a stalled generator is visible too, and loses no arrival | `open`, and `cli/quality` as a stopped process |
//! | the offered load does not depend on the server; dropped arrivals are counted | `schedule`, `open` |
//! | arrivals do not drift from their schedule | `schedule` |
//! | known latencies are measured correctly, whatever their distribution | `known` |
//! | Little's law: requests in flight are throughput times latency | `closed` |
//! | timeouts and unfinished work are slow (censored), not absent | `outcomes`, `open` |
//! | failures do not change the latency of successes | `outcomes` |
//! | bytes and connections are those that the servers counted, and rates are over the measured window | `counts` |
//! | a full publisher's early refusal is received, whatever the size of the upload | `full` |
//! | attempts and the step that they belong to both have their time | `retries` |

mod caches;
mod closed;
mod common;
mod controls;
mod counts;
mod full;
mod known;
mod lists;
mod open;
mod order;
mod outcomes;
mod phases;
mod repeats;
mod retries;
mod schedule;
mod stall;
