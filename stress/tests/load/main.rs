//! Load models and clocks, against servers whose behaviour is known.
//!
//! Each row is a property of the numbers, and the test that would fail without it; the servers' own counts and records
//! of arrivals are the judge wherever they can be.
//!
//! | property | test |
//! |---|---|
//! | response times run from the scheduled instant: a stalled server shows as long as it stood still | `stall` |
//! | a generator that stands still shows too, and loses no arrival | `open`, and `cli/trust` as a frozen process |
//! | what is offered does not depend on the server; what has no place is counted | `schedule`, `open` |
//! | arrivals do not drift from their schedule | `schedule` |
//! | known latencies are read back, whatever their distribution | `known` |
//! | requests under way are throughput times latency | `closed` |
//! | timeouts and unfinished work are slow, not absent | `outcomes`, `open` |
//! | failures neither improve nor spoil the latency of successes | `outcomes` |
//! | bytes and connections are those that the servers counted, and rates are over the measured window | `counts` |
//! | a publisher's no to the eighteenth upload is heard at every size | `full` |
//! | attempts and the step that they belong to both keep their time | `retries` |

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
