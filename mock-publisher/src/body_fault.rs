//! Bodies spoiled on their way: cut short, changed by one byte, or dripping.

use crate::admission::Ticket;
use crate::fault::Fault;
use crate::profile::{Profile, split};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::io;
use std::time::Duration;

/// A body on its way out.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// A dripping body comes in about so many drops.
const DROPS: u64 = 20;

/// What is done to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// Only this many bytes are sent.
    Truncate(u64),
    /// The byte at this place is changed.
    Corrupt(u64),
    /// It takes this long.
    Drip(Duration),
}

impl BodyFault {
    /// What a fault does to a body of `length` bytes, if it does anything to bodies and there is something to spoil.
    #[must_use]
    pub fn of(fault: Option<Fault>, profile: &Profile, n: u64, length: u64) -> Option<Self> {
        let body_fault = match fault? {
            Fault::Truncate => Self::Truncate(profile.spot(n, length)),
            Fault::Corrupt => Self::Corrupt(profile.spot(n, length)),
            Fault::Drip => Self::Drip(profile.drip_for),
            _ => return None,
        };
        (length > 0).then_some(body_fault)
    }

    /// The body, spoiled.
    pub fn apply(self, pieces: ByteStream, length: u64, ticket: &Ticket) -> Body {
        match self {
            Self::Truncate(keep) => {
                let connection = ticket.connection.clone();
                let end = async move {
                    connection.flushed().await;
                    Err(io::Error::other("cut short on purpose"))
                };
                Body::from_stream(first(pieces, keep).chain(stream::once(end)))
            }
            Self::Corrupt(at) => Body::from_stream(corrupt(pieces, at)),
            Self::Drip(span) => Body::from_stream(drip(pieces, length, span)),
        }
    }
}

/// The first `keep` bytes of a body.
fn first(pieces: ByteStream, keep: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    pieces.scan(keep, |left, piece| {
        let piece =
            piece.map(|piece| piece.slice(..piece.len().min(usize::try_from(*left).unwrap_or(usize::MAX))));
        *left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let over = piece.as_ref().is_ok_and(Bytes::is_empty);
        std::future::ready((!over).then_some(piece))
    })
}

/// The body with its byte number `at` changed.
fn corrupt(pieces: ByteStream, at: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let mut left = Some(at);
    pieces.map(move |piece| piece.map(|piece| change(piece, &mut left)))
}

/// Changes the byte that is `left` bytes ahead, if this piece has it.
fn change(piece: Bytes, left: &mut Option<u64>) -> Bytes {
    let Some(ahead) = *left else { return piece };
    match usize::try_from(ahead).ok().filter(|here| *here < piece.len()) {
        None => {
            *left = Some(ahead - piece.len() as u64);
            piece
        }
        Some(here) => {
            *left = None;
            let mut changed = BytesMut::from(piece);
            changed[here] ^= 1;
            changed.freeze()
        }
    }
}

/// The body in drops, each after a pause, so that `length` bytes take `span`.
fn drip(pieces: ByteStream, length: u64, span: Duration) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let drop = usize::try_from(length.div_ceil(DROPS)).unwrap_or(usize::MAX).max(1);
    let drops = pieces.flat_map(move |piece| match piece {
        Ok(piece) => stream::iter(split(piece, drop)).map(Ok).boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    });
    drops.then(move |drop| async move {
        let share = drop.as_ref().map_or(0, Bytes::len) as f64 / length as f64;
        tokio::time::sleep(span.mul_f64(share)).await;
        drop
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    fn body() -> ByteStream {
        stream::iter(["ab", "cde", "f"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())))).boxed()
    }

    async fn text(stream: impl Stream<Item = io::Result<Bytes>>) -> String {
        let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_body_is_cut_anywhere() {
        for (keep, left) in [(0, ""), (1, "a"), (2, "ab"), (4, "abcd"), (6, "abcdef"), (9, "abcdef")] {
            assert_eq!(text(first(body(), keep)).await, left);
        }
    }

    #[tokio::test]
    async fn one_byte_is_changed_and_no_other() {
        for (at, left) in [(0, "`bcdef"), (1, "accdef"), (2, "abbdef"), (5, "abcdeg")] {
            assert_eq!(text(corrupt(body(), at)).await, left);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn drops_take_their_time_and_lose_nothing() {
        let start = tokio::time::Instant::now();
        assert_eq!(text(drip(body(), 6, Duration::from_secs(3))).await, "abcdef");
        let took = start.elapsed().as_secs_f64();
        assert!((2.9..3.2).contains(&took), "{took}");
    }

    #[test]
    fn only_bodies_with_bytes_are_spoiled() {
        let profile = Profile::default();
        assert_eq!(BodyFault::of(None, &profile, 0, 10), None);
        assert_eq!(BodyFault::of(Some(Fault::Reset), &profile, 0, 10), None);
        assert_eq!(BodyFault::of(Some(Fault::Truncate), &profile, 0, 0), None);
        assert_eq!(
            BodyFault::of(Some(Fault::Drip), &profile, 0, 10),
            Some(BodyFault::Drip(profile.drip_for))
        );
        assert!((0..100).all(|n| matches!(
            BodyFault::of(Some(Fault::Truncate), &profile, n, 5),
            Some(BodyFault::Truncate(0..5))
        )));
    }
}
