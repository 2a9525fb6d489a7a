//! The pace of a step: a fixed part, a part that grows with the blob, and how slowly the body goes over the wire.

use super::{LONGEST, Latency};
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A paced body goes in pieces of at most so many bytes.
const PIECE: usize = 64 << 10;

/// How long a step takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServiceTime {
    /// Before the first byte of the answer, whatever the blob.
    pub latency: Latency,
    /// Before the first byte of the answer, for every MiB of the blob.
    pub per_mib: Duration,
    /// For every MiB of the body on the wire: that of the blob on its way in, or on its way out.
    pub body_per_mib: Duration,
}

/// How long a blob of so many bytes takes longer than an empty one.
#[must_use]
pub fn size_delay(per_mib: Duration, bytes: u64) -> Duration {
    let nanos = per_mib.as_nanos().saturating_mul(u128::from(bytes)) >> 20;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(LONGEST)
}

/// Waits for a moment, and not at all if it has passed: the timer's own step is a millisecond.
pub async fn wait_until(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

/// A body that goes no faster than this; each piece is there when the time of its last byte has come.
pub fn throttle<E: Send + 'static>(
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    per_mib: Duration,
) -> impl Stream<Item = Result<Bytes, E>> + Send + 'static {
    let pieces = body.flat_map(|piece| {
        let (piece, error) = match piece {
            Ok(piece) => (piece, None),
            Err(error) => (Bytes::new(), Some(Err(error))),
        };
        futures_util::stream::iter(split(piece, PIECE).map(Ok).chain(error))
    });
    let (start, mut sent) = (Instant::now(), 0);
    pieces.then(move |piece| {
        sent += piece.as_ref().map_or(0, |piece: &Bytes| piece.len() as u64);
        let due = start + size_delay(per_mib, sent);
        async move {
            wait_until(due).await;
            piece
        }
    })
}

/// The same, as it is where nothing slows it.
pub fn throttled<E: Send + 'static>(
    body: BoxStream<'static, Result<Bytes, E>>,
    per_mib: Duration,
) -> BoxStream<'static, Result<Bytes, E>> {
    if per_mib.is_zero() { body } else { throttle(body, per_mib).boxed() }
}

/// Bytes in pieces of at most `size` bytes.
pub(crate) fn split(mut piece: Bytes, size: usize) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || (!piece.is_empty()).then(|| piece.split_to(size.min(piece.len()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{TryStreamExt, stream};

    #[test]
    fn a_size_takes_its_time() {
        let ms = Duration::from_millis;
        let rows = [
            (ms(0), u64::MAX, ms(0)),
            (ms(40), 0, ms(0)),
            (ms(40), 1 << 20, ms(40)),
            (ms(40), 5 << 19, ms(100)),
            (LONGEST, u64::MAX, LONGEST),
        ];
        for (per_mib, bytes, expected) in rows {
            assert_eq!(size_delay(per_mib, bytes), expected, "{per_mib:?} {bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_paced_body_takes_its_time_comes_bit_by_bit_and_loses_nothing() {
        let whole = Bytes::from((0..(1_u32 << 17) + 1).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        let start = Instant::now();
        let body = stream::iter([Ok::<_, ()>(whole.slice(..100)), Ok(whole.slice(100..))]);
        let pieces = throttle(body, Duration::from_secs(4)).map_ok(|piece| (start.elapsed(), piece));
        let pieces: Vec<(Duration, Bytes)> = pieces.try_collect().await.unwrap();
        assert_eq!(pieces.len(), 1 + 8, "pieces of 64 KiB at most");
        let mut sent = 0;
        for (came, piece) in &pieces {
            sent += piece.len() as u64;
            let due = size_delay(Duration::from_secs(4), sent);
            let late = came.saturating_sub(due);
            assert!(*came >= due && late <= Duration::from_millis(2), "{came:?} {due:?}");
        }
        assert_eq!(pieces.into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().concat(), whole);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_breaks_when_it_is_paced() {
        let body = stream::iter([Ok(Bytes::from_static(b"ab")), Err("broken")]);
        let all: Vec<_> = throttle(body, Duration::from_secs(1)).collect().await;
        assert_eq!(all, [Ok(Bytes::from_static(b"ab")), Err("broken")]);
    }
}
