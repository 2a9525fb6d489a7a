//! How late a shard's event loop wakes, which is how late everything else on it may be noticed.

use std::{rc::Rc, time::Duration};

use tokio::time::interval;

use super::worker_thread::Shard;

/// How often the loop asks to be woken.
const BEAT: Duration = Duration::from_millis(10);

/// Records how late each beat comes until it is stopped. Beats that were missed come late in a row: a loop that stood
/// still for a second is a hundred late beats, not one.
pub(super) async fn feel(shard: Rc<Shard>) {
    let mut beats = interval(BEAT);
    beats.tick().await; // the first comes at once
    loop {
        let due = beats.tick().await;
        shard.recording().record_lag(due.elapsed());
    }
}
