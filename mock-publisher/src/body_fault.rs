//! Faults of bodies: cut short, changed by one byte, or dripping.

use crate::admission::Ticket;
use crate::fault::Fault;
use crate::stats::Stats;
use crate::throttle::paced;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::io;
use std::time::Duration;

/// A body on its way out.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// What a fault does to a body; an extension of responses, for a cache that keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// It ends after so many bytes.
    Truncate(u64),
    /// This byte is changed.
    Corrupt(u64),
    /// It takes so long.
    Drip(Duration),
}

impl BodyFault {
    /// What the fault of a request does to a body of `length` bytes, if anything.
    #[must_use]
    pub fn of(ticket: &Ticket, length: u64) -> Option<Self> {
        let offset = || ticket.profile().damage_offset(ticket.n, length);
        match ticket.fault.filter(|_| length > 0)? {
            Fault::Truncate => Some(Self::Truncate(offset())),
            Fault::Corrupt => Some(Self::Corrupt(offset())),
            Fault::Drip => Some(Self::Drip(ticket.profile().drip_for)),
            Fault::Shed
            | Fault::Internal
            | Fault::Unavailable
            | Fault::Timeout
            | Fault::NotYet
            | Fault::Reset
            | Fault::MalformedJson
            | Fault::ErrorObject
            | Fault::Hang
            | Fault::BlobTooLarge
            | Fault::NotFound
            | Fault::PayloadTooLarge
            | Fault::Blocked
            | Fault::InsufficientFunds
            | Fault::BadGateway
            | Fault::GatewayTimeout
            | Fault::UnknownError
            | Fault::OriginDown
            | Fault::ConnectionTimedOut
            | Fault::OriginUnreachable
            | Fault::OriginTimeout => None,
        }
    }

    fn kind(self) -> Fault {
        match self {
            Self::Truncate(_) => Fault::Truncate,
            Self::Corrupt(_) => Fault::Corrupt,
            Self::Drip(_) => Fault::Drip,
        }
    }
}

/// A dripping body is sent in about this many pieces.
const DROPS: u64 = 20;

/// A body of `length` bytes, with the fault of the request if that is one of bodies; such a fault is counted.
pub fn with_fault(body: ByteStream, length: u64, ticket: &Ticket, stats: &Stats) -> Body {
    let Some(fault) = BodyFault::of(ticket, length) else { return Body::from_stream(body) };
    stats.fault(fault.kind());
    Body::from_stream(match fault {
        BodyFault::Corrupt(offset) => corrupt(body, offset),
        BodyFault::Drip(duration) => drip(body, length, duration),
        BodyFault::Truncate(offset) => {
            let connection = ticket.connection.clone();
            let end = async move {
                connection.flushed().await;
                Err(io::Error::other("cut short on purpose"))
            };
            first(body, offset).chain(stream::once(end)).boxed()
        }
    })
}

/// The first `length` bytes of a body.
fn first(body: ByteStream, length: u64) -> ByteStream {
    let cut = body.scan(length, |left, piece| {
        let piece =
            piece.map(|piece| piece.slice(..piece.len().min(usize::try_from(*left).unwrap_or(usize::MAX))));
        *left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let is_over = piece.as_ref().is_ok_and(Bytes::is_empty);
        std::future::ready((!is_over).then_some(piece))
    });
    cut.boxed()
}

/// The body with its byte number `offset` changed.
pub fn corrupt(body: ByteStream, offset: u64) -> ByteStream {
    let mut begins = 0;
    let changed = body.map(move |piece| {
        let piece = piece?;
        let offset = offset.checked_sub(begins).and_then(|offset| usize::try_from(offset).ok());
        begins += piece.len() as u64;
        match offset.filter(|offset| *offset < piece.len()) {
            None => Ok(piece),
            Some(offset) => {
                let mut changed = BytesMut::from(piece);
                changed[offset] ^= 1;
                Ok(changed.freeze())
            }
        }
    });
    changed.boxed()
}

/// The body in drops, so that `length` bytes take `duration`.
fn drip(body: ByteStream, length: u64, duration: Duration) -> ByteStream {
    let drop = usize::try_from(length.div_ceil(DROPS)).unwrap_or(usize::MAX);
    paced(body, drop.max(1), move |sent| duration.mul_f64(sent as f64 / length as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    fn body() -> ByteStream {
        stream::iter(["ab", "cde", "f"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())))).boxed()
    }

    async fn text(body: ByteStream) -> String {
        let pieces: Vec<Bytes> = body.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_body_is_cut_anywhere() {
        for (length, left) in [(0, ""), (1, "a"), (2, "ab"), (4, "abcd"), (6, "abcdef"), (9, "abcdef")] {
            assert_eq!(text(first(body(), length)).await, left);
        }
    }

    #[tokio::test]
    async fn one_byte_is_changed_and_no_other() {
        for (offset, left) in [(0, "`bcdef"), (1, "accdef"), (2, "abbdef"), (5, "abcdeg")] {
            assert_eq!(text(corrupt(body(), offset)).await, left);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dripping_body_takes_its_duration_and_is_complete() {
        let start = tokio::time::Instant::now();
        assert_eq!(text(drip(body(), 6, Duration::from_secs(3))).await, "abcdef");
        let took = start.elapsed().as_secs_f64();
        assert!((2.9..3.2).contains(&took), "{took}");
    }
}
