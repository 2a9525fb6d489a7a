//! Keeps answers: documents whole, and of blobs what is needed to send their bytes again from the store.

use super::lru::{Document, Entry, Ttls};
use crate::aggregator::Aggregator;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use mock_publisher::body_fault::BodyFault;
use mock_publisher::clock::millis;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The longest document that is kept, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// An entry to be, and where it goes.
#[derive(Debug)]
struct Pending {
    aggregator: Aggregator,
    key: String,
    entry: Entry,
    ttls: Ttls,
    /// Whether it goes in the place of an entry that is still served.
    replaces: bool,
}

impl Pending {
    fn keep(self, size: u64) {
        let Self { aggregator, key, entry, ttls, replaces } = self;
        let inner = &aggregator.0;
        inner.stats.blobs.evicted.add(inner.lru.insert(key, entry, size, ttls, replaces));
    }
}

/// Keeps an answer under a key. A body that ends early is not kept, one that is changed is kept changed.
pub(super) async fn keep(
    aggregator: &Aggregator,
    key: String,
    response: Response,
    replaces: bool,
) -> Response {
    // A cache that does not answer hits by itself has every body from the aggregator, damaged anew or not at all.
    let is_copy = aggregator.0.config.cache.answers_hits();
    let fault = response.extensions().get::<BodyFault>().copied().filter(|_| is_copy);
    let corrupted_at = match fault {
        Some(BodyFault::Truncate(_)) => return response,
        Some(BodyFault::Corrupt(offset)) => Some(offset),
        Some(BodyFault::Drip(_)) | None => None,
    };
    let (parts, body) = response.into_parts();
    let mut entry = Entry::new(parts.headers.get(CONTENT_TYPE).cloned(), aggregator.0.config.clock.now_ms());
    let ttls = ttls(aggregator, parts.status, &parts.headers);
    let pending = |entry| Pending { aggregator: aggregator.clone(), key, entry, ttls, replaces };
    let is_blob = parts.status == StatusCode::OK && parts.headers.contains_key(ETAG);
    let body = match (is_blob, content_length(&parts.headers)) {
        (true, size) => {
            entry.corrupted_at = corrupted_at;
            let pending = pending(entry);
            match size {
                Some(size) => {
                    pending.keep(size);
                    body
                }
                // Only at its end is it known whether it is complete.
                None => Body::new(KeptAtEnd { body, size: 0, pending: Some(pending) }),
            }
        }
        (false, _) => match to_bytes(body, MAX_DOCUMENT).await {
            Ok(bytes) => {
                let mut headers = parts.headers.clone();
                headers.remove(DATE);
                entry.document = Some(Document { status: parts.status, headers, bytes: bytes.clone() });
                pending(entry).keep(bytes.len() as u64);
                bytes.into()
            }
            Err(_) => Body::empty(),
        },
    };
    Response::from_parts(parts, body)
}

/// How long an answer is kept.
fn ttls(aggregator: &Aggregator, status: StatusCode, headers: &HeaderMap) -> Ttls {
    let config = &aggregator.0.config.cache;
    let ttl = match status {
        StatusCode::NOT_FOUND => config.negative_ttl,
        _ if headers.contains_key(CACHE_CONTROL) => config.ttl,
        _ => config.unmarked_ttl,
    };
    Ttls {
        fill_delay_ms: millis(config.fill_delay),
        ttl_ms: ttl.map(millis),
        idle_ms: config.idle_ttl.map(millis),
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body whose entry is kept once all of it was sent.
struct KeptAtEnd {
    body: Body,
    size: u64,
    pending: Option<Pending>,
}

impl HttpBody for KeptAtEnd {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.size += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) => self.pending = None,
            None => {
                let size = self.size;
                if let Some(pending) = self.pending.take() {
                    pending.keep(size);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
