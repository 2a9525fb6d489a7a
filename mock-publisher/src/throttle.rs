//! Delays: waiting until a moment, the delay that a size adds, and bodies that are slowed down.

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// No request takes longer than this, whatever its distribution says.
pub const MAX_DELAY: Duration = Duration::from_secs(86_400);

/// A throttled body is sent in pieces of at most this many bytes.
const PIECE: usize = 64 << 10;

/// The delay for this many bytes at this delay for every MiB.
#[must_use]
pub fn size_delay(per_mib: Duration, bytes: u64) -> Duration {
    let nanos = per_mib.as_nanos().saturating_mul(u128::from(bytes)) >> 20;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(MAX_DELAY)
}

/// Waits until a moment; returns at once if it has passed, because the timer rounds up to a millisecond.
pub async fn wait_until(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

/// A body that takes at least this long for every MiB.
pub fn throttle<E: Send + 'static>(
    body: BoxStream<'static, Result<Bytes, E>>,
    per_mib: Duration,
) -> BoxStream<'static, Result<Bytes, E>> {
    match per_mib.is_zero() {
        true => body,
        false => paced(body, PIECE, move |sent| size_delay(per_mib, sent)),
    }
}

/// A body in pieces of at most `size` bytes, each sent no earlier than `delay(bytes up to its end)` from now.
pub fn paced<E: Send + 'static>(
    body: BoxStream<'static, Result<Bytes, E>>,
    size: usize,
    delay: impl Fn(u64) -> Duration + Send + 'static,
) -> BoxStream<'static, Result<Bytes, E>> {
    let pieces = body.flat_map(move |piece| {
        let (mut rest, error) = match piece {
            Ok(piece) => (piece, None),
            Err(error) => (Bytes::new(), Some(Err(error))),
        };
        let next = move || (!rest.is_empty()).then(|| rest.split_to(size.min(rest.len())));
        stream::iter(std::iter::from_fn(next).map(Ok).chain(error))
    });
    let (start, mut sent) = (Instant::now(), 0);
    let paced = pieces.then(move |piece| {
        sent += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let due = start + delay(sent);
        async move {
            wait_until(due).await;
            piece
        }
    });
    paced.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{TryStreamExt, stream};

    #[test]
    fn a_size_adds_its_delay() {
        let ms = Duration::from_millis;
        let rows = [
            (ms(0), u64::MAX, ms(0)),
            (ms(40), 0, ms(0)),
            (ms(40), 1 << 20, ms(40)),
            (ms(40), 5 << 19, ms(100)),
            (MAX_DELAY, u64::MAX, MAX_DELAY),
        ];
        for (per_mib, bytes, expected) in rows {
            assert_eq!(size_delay(per_mib, bytes), expected, "{per_mib:?} {bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_body_is_sent_piece_by_piece_on_time_and_is_complete() {
        let whole = Bytes::from((0..(1_u32 << 17) + 1).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        let start = Instant::now();
        let body = stream::iter([Ok::<_, ()>(whole.slice(..100)), Ok(whole.slice(100..))]).boxed();
        let pieces = throttle(body, Duration::from_secs(4)).map_ok(|piece| (start.elapsed(), piece));
        let pieces: Vec<(Duration, Bytes)> = pieces.try_collect().await.unwrap();
        assert_eq!(pieces.len(), 1 + 8, "pieces of 64 KiB at most");
        let mut sent = 0;
        for (at, piece) in &pieces {
            sent += piece.len() as u64;
            let due = size_delay(Duration::from_secs(4), sent);
            let late = at.saturating_sub(due);
            assert!(*at >= due && late <= Duration::from_millis(2), "{at:?} {due:?}");
        }
        assert_eq!(pieces.into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().concat(), whole);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_of_a_body_comes_through_the_throttle() {
        let body = stream::iter([Ok(Bytes::from_static(b"ab")), Err("broken")]).boxed();
        let all: Vec<_> = throttle(body, Duration::from_secs(1)).collect().await;
        assert_eq!(all, [Ok(Bytes::from_static(b"ab")), Err("broken")]);
    }
}
