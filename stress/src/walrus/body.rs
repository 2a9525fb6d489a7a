//! Request bodies: nothing, or a blob that is made while it is sent.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{meter::Meter, patience::Patience};
use crate::blob::Source;

/// A request's body.
#[derive(Debug)]
pub(super) enum Body {
    /// None at all.
    Empty,
    /// A blob.
    Blob(Box<Outgoing>),
}

/// A blob on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    next: Option<Bytes>,
    source: Source,
    remaining: u64,
    meter: Arc<Meter>,
    patience: Option<Patience>,
}

impl Body {
    /// The blob of `source`; its first chunk is made now, before any clock runs.
    pub(super) fn blob(mut source: Source, meter: Arc<Meter>, patience: Option<Patience>) -> Body {
        let remaining = source.remaining();
        Body::Blob(Box::new(Outgoing { next: source.next_chunk(), source, remaining, meter, patience }))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Body::Empty => Poll::Ready(None),
            Body::Blob(outgoing) => {
                outgoing.poll_chunk(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Empty => SizeHint::with_exact(0),
            Body::Blob(outgoing) => SizeHint::with_exact(outgoing.remaining),
        }
    }
}

impl Outgoing {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(patience) = &mut self.patience {
            std::task::ready!(patience.poll_over(cx));
            self.patience = None;
        }
        let Some(chunk) = self.next.take().or_else(|| self.source.next_chunk()) else {
            return Poll::Ready(None);
        };
        let length = chunk.len() as u64;
        self.remaining -= length;
        self.meter.gave(length);
        Poll::Ready(Some(chunk))
    }
}
