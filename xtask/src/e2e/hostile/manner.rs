//! What a hostile server does, as data.

/// What a server does to every request of one side, and what the tool must make of it.
pub(super) struct Manner {
    pub(super) name: &'static str,
    pub(super) side: Side,
    pub(super) size: Size,
    pub(super) acts: &'static [Act],
    /// The class of failure; `None` where all is well.
    pub(super) class: Option<&'static str>,
    /// Whether the first blob is still right.
    pub(super) from_second: bool,
}

/// The requests that the manner is for; the other side is served well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Store,
    Read,
    /// Each blob twice, over connections that turn out to be closed.
    ReadTwice,
}

/// How large the blobs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// They fit into the kernel's buffers.
    Small,
    /// They do not.
    Large,
}

/// One thing that a server does. A connection whose acts end without its end serves the next request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// Reads the request's head.
    Head,
    /// Reads the request's body.
    Body,
    /// Reads and drops whatever comes, until the client closes.
    Drain,
    /// Sends these bytes.
    Say(&'static str),
    /// Sends the right response.
    Right,
    /// Sends what this makes of the right body: the stored blob, or the publisher's JSON.
    Make(fn(&[u8]) -> Vec<u8>),
    /// Sends these bytes one at a time, 10 ms apart.
    Drip(&'static str),
    /// Sends these bytes again and again until the client closes.
    Flood(&'static str),
    /// Closes in an orderly way.
    Close,
    /// Closes so that the client gets a reset.
    Reset,
    /// Keeps the connection open and does nothing until the client closes.
    Hold,
}

impl Manner {
    /// How many of `blobs` fail.
    pub(super) fn failures(&self, blobs: u64) -> u64 {
        blobs - u64::from(self.from_second)
    }
}

/// A manner for uploads of small blobs.
pub(super) const fn store(name: &'static str, acts: &'static [Act], class: &'static str) -> Manner {
    Manner { name, side: Side::Store, size: Size::Small, acts, class: Some(class), from_second: false }
}

/// A manner for downloads of small blobs.
pub(super) const fn read(name: &'static str, acts: &'static [Act], class: &'static str) -> Manner {
    Manner { side: Side::Read, ..store(name, acts, class) }
}

impl Manner {
    /// The same, of which nothing fails.
    pub(super) const fn passes(self) -> Manner {
        Manner { class: None, ..self }
    }

    /// The same with blobs that fit into no buffer.
    pub(super) const fn large(self) -> Manner {
        Manner { size: Size::Large, ..self }
    }

    /// The same, where the first blob is still right.
    pub(super) const fn once_right(self) -> Manner {
        Manner { from_second: true, ..self }
    }

    /// The same, of two downloads of each blob.
    pub(super) const fn twice(self) -> Manner {
        Manner { side: Side::ReadTwice, ..self }
    }
}
