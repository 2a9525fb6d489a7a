//! The closed loop: each worker starts its next journey when its last one ends.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use tokio::{
    runtime,
    task::{JoinSet, LocalSet},
};

use super::{
    job::{Board, Job},
    worker::{Shard, Worker},
};
use crate::{error::Error, record::Recording};

/// How often a shard pins up how far it is.
const BOARD_INTERVAL: Duration = Duration::from_millis(200);

/// Runs one shard of a phase to its end on this thread.
pub(super) fn shard(job: &Arc<Job>, workers: u32) -> Result<Recording, Error> {
    let refused = |source| Error::System { what: "cannot start a runtime".to_owned(), source };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let shard = Rc::new(Shard { job: job.clone(), recording: RefCell::default() });
    LocalSet::new().block_on(&runtime, work(&shard, workers));
    Ok(shard.recording.take())
}

async fn work(shard: &Rc<Shard>, workers: u32) {
    let mut set = JoinSet::new();
    for _ in 0..workers {
        set.spawn_local(Worker::new(shard.clone()).run());
    }
    let window =
        shard.job.wires.board.clone().map(|board| tokio::task::spawn_local(pin(shard.clone(), board)));
    // `join_all` passes on a worker's panic instead of losing its samples silently.
    set.join_all().await;
    if let Some(window) = window {
        window.abort();
    }
}

/// Keeps the board up to date until it is stopped.
async fn pin(shard: Rc<Shard>, board: Arc<Board>) {
    let place = board.place();
    let mut ticks = tokio::time::interval(BOARD_INTERVAL);
    loop {
        ticks.tick().await;
        let snapshot = shard.recording.borrow().snapshot(shard.job.clock.elapsed());
        board.pin(place, snapshot);
    }
}
