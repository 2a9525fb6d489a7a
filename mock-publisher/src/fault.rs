//! Which fault, if any, a request meets: ratios in, one decision per request number out.

use crate::blob_id::BlobId;
use crate::draw::{self, Purpose};
use std::fmt;
use std::str::FromStr;

/// A kind of bad weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// 429 as text, at the door.
    Shed,
    /// 500 as JSON.
    Internal,
    /// 503: as JSON from an aggregator, as a proxy's page in front of a publisher.
    Unavailable,
    /// 504: as JSON from a publisher, as a proxy's page in front of an aggregator.
    Timeout,
    /// 404 for some time after the store.
    NotYet,
    /// A connection reset before the answer.
    Reset,
    /// A body that ends before its announced length.
    Truncate,
    /// A body with one byte changed.
    Corrupt,
    /// 200 with JSON that stops half-way.
    MalformedJson,
    /// 200 with an `error` object.
    ErrorObject,
    /// A body that comes in slow pieces.
    Drip,
    /// No answer at all.
    Hang,
    /// 403 as JSON: the blob is larger than this server reads.
    TooLargeToRead,
    /// 404 as JSON.
    NotFound,
    /// 413 as text.
    TooLarge,
    /// 451 as JSON.
    Legal,
    /// 500 as JSON: nobody paid.
    Funds,
    /// 502 as a proxy's page.
    BadGateway,
    /// 520 as a network's page: the server said something strange.
    Strange,
    /// 522 as a network's page: the server could not be reached.
    Unreachable,
    /// 524 as a network's page: the server took too long.
    TooLong,
}

/// Which of the two servers is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The server that stores.
    Publisher,
    /// The server that reads.
    Aggregator,
}

/// Every kind: its label, and whether a publisher and an aggregator can have it.
const TABLE: [(Fault, &str, bool, bool); 21] = [
    (Fault::Shed, "shed", true, true),
    (Fault::Internal, "500", true, true),
    (Fault::Unavailable, "503", true, true),
    (Fault::Timeout, "504", true, true),
    (Fault::NotYet, "not-yet", false, true),
    (Fault::Reset, "reset", true, true),
    (Fault::Truncate, "truncate", true, true),
    (Fault::Corrupt, "corrupt", false, true),
    (Fault::MalformedJson, "malformed-json", true, false),
    (Fault::ErrorObject, "error-object", true, false),
    (Fault::Drip, "drip", true, true),
    (Fault::Hang, "hang", true, true),
    (Fault::TooLargeToRead, "403", false, true),
    (Fault::NotFound, "404", false, true),
    (Fault::TooLarge, "413", true, false),
    (Fault::Legal, "451", false, true),
    (Fault::Funds, "insufficient-funds", true, false),
    (Fault::BadGateway, "502", true, true),
    (Fault::Strange, "520", true, true),
    (Fault::Unreachable, "522", true, true),
    (Fault::TooLong, "524", true, true),
];

impl Fault {
    /// How the kind is written on the command line and in the statistics.
    #[must_use]
    pub fn label(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// What the kind does to a request of this server, for people.
    #[must_use]
    pub fn meaning(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::Shed, _) => "429 as text at once, as from a full server",
            (Self::Internal, _) => "500 as JSON",
            (Self::Unavailable, Role::Publisher) => "503 as a proxy's HTML page",
            (Self::Unavailable, Role::Aggregator) => "503 as JSON: the blob cannot be read at the moment",
            (Self::Timeout, Role::Publisher) => "504 as JSON: too few confirmations",
            (Self::Timeout, Role::Aggregator) => "504 as a proxy's HTML page",
            (Self::NotYet, _) => {
                "404 for some time after the store; a share of the blobs, not of the requests"
            }
            (Self::Reset, _) => "the connection is reset before the answer",
            (Self::Truncate, _) => "the body ends before its announced length",
            (Self::Corrupt, _) => "one byte of the body is changed",
            (Self::MalformedJson, _) => "200 with JSON that stops half-way; the blob is stored",
            (Self::ErrorObject, _) => "200 with an error object; the blob is not stored",
            (Self::Drip, _) => "the body comes in slow pieces",
            (Self::Hang, _) => "no answer at all",
            (Self::TooLargeToRead, _) => "403 as JSON: the blob is larger than this server reads",
            (Self::NotFound, _) => "404 as JSON, for blobs that are there",
            (Self::TooLarge, _) => "413 as text, whatever the size of the body",
            (Self::Legal, _) => "451 as JSON: the blob must not be read",
            (Self::Funds, _) => "500 as JSON: the publisher has no money left",
            (Self::BadGateway, _) => "502 as a proxy's HTML page",
            (Self::Strange, _) => "520 as a delivery network's HTML page",
            (Self::Unreachable, _) => "522 as a delivery network's HTML page",
            (Self::TooLong, _) => "524 as a delivery network's HTML page",
        }
    }

    /// The kinds that this server can have.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        TABLE.iter().filter(move |row| if role == Role::Publisher { row.2 } else { row.3 }).map(|row| row.0)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Publisher { "publisher" } else { "aggregator" })
    }
}

/// One `KIND=RATIO` of the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultSpec {
    /// The kind.
    pub fault: Fault,
    /// Its share of the requests, from 0 to 1.
    pub ratio: f64,
}

/// A set of faults that cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadFault {
    /// Not of the form `KIND=RATIO`.
    #[error("`{0}` is not a fault: write KIND=RATIO, for instance reset=1% or 500=0.05")]
    Form(String),
    /// No such kind.
    #[error("there is no fault called `{0}`; the kinds are {all}", all = labels(TABLE.iter().map(|row| row.0)))]
    Unknown(String),
    /// Not a share.
    #[error("`{0}` is not a ratio from 0 to 1 or a percentage from 0% to 100%")]
    Ratio(String),
    /// A kind that belongs to the other server.
    #[error("a mock {1} cannot have the fault `{label}`; it has {all}", label = .0.label(), all = labels(Fault::of(*.1)))]
    Elsewhere(Fault, Role),
    /// The same kind twice.
    #[error("the fault `{}` is given twice", .0.label())]
    Twice(Fault),
    /// More faults than requests.
    #[error("the ratios of the faults add up to {:.1}%: one request meets one fault, so at most 100%", .0 * 100.0)]
    TooMany(f64),
}

fn labels(faults: impl Iterator<Item = Fault>) -> String {
    faults.map(Fault::label).collect::<Vec<_>>().join(", ")
}

impl FromStr for FaultSpec {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let (kind, ratio) = text.split_once('=').ok_or_else(|| BadFault::Form(text.to_owned()))?;
        let row = TABLE.iter().find(|row| row.1 == kind).ok_or_else(|| BadFault::Unknown(kind.to_owned()))?;
        Ok(Self { fault: row.0, ratio: self::ratio(ratio)? })
    }
}

/// A share of something, as a number or a percentage.
///
/// # Errors
/// Text that is neither, or outside of all and nothing.
pub fn ratio(text: &str) -> Result<f64, BadFault> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse::<f64>(),
    };
    match value {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(BadFault::Ratio(text.to_owned())),
    }
}

/// A checked set of faults for one server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults(Vec<FaultSpec>);

impl Faults {
    /// Checks that the server can have these faults and that one request never needs two of them.
    ///
    /// # Errors
    /// A kind of the other server, a kind given twice, ratios above 1 in sum.
    pub fn new(role: Role, mut specs: Vec<FaultSpec>) -> Result<Self, BadFault> {
        specs.sort_by_key(|spec| spec.fault);
        if let Some(spec) = specs.iter().find(|spec| !Fault::of(role).any(|fault| fault == spec.fault)) {
            return Err(BadFault::Elsewhere(spec.fault, role));
        }
        if let Some(pair) = specs.windows(2).find(|pair| pair[0].fault == pair[1].fault) {
            return Err(BadFault::Twice(pair[0].fault));
        }
        let sum: f64 = specs.iter().map(|spec| spec.ratio).sum();
        if sum > 1.0 + 1e-9 {
            return Err(BadFault::TooMany(sum));
        }
        Ok(Self(specs))
    }

    /// The fault of request `n`, whatever blob it is about.
    #[must_use]
    pub fn which(&self, seed: u64, n: u64) -> Option<Fault> {
        let mut left = draw::unit(draw::bits(seed, Purpose::Fault, n));
        self.0.iter().filter(|spec| spec.fault != Fault::NotYet).find_map(|spec| {
            let hit = left < spec.ratio;
            left -= spec.ratio;
            hit.then_some(spec.fault)
        })
    }

    /// Whether this blob is one of those that are not readable at once.
    #[must_use]
    pub fn is_late(&self, seed: u64, id: &BlobId) -> bool {
        let ratio = self.0.iter().find(|spec| spec.fault == Fault::NotYet).map_or(0.0, |spec| spec.ratio);
        let n = id.as_bytes().iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte));
        draw::unit(draw::bits(seed, Purpose::NotYet, n)) < ratio
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
