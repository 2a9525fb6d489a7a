//! The kinds of bad weather: what they are called, and which server can have them.

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
    /// 504 as a proxy's page, from either server.
    GatewayTimeout,
    /// 520 as a network's page: the server said something strange.
    Strange,
    /// 521 as a network's page: the server is down.
    Down,
    /// 522 as a network's page: the server could not be reached.
    Unreachable,
    /// 523 as a network's page: there is no way to the server.
    NoRoute,
    /// 524 as a network's page: the server took too long.
    TooLong,
}

/// Which server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The server that stores.
    Publisher,
    /// The server that reads.
    Aggregator,
    /// Both in one.
    Daemon,
}

/// Every kind: its label, and whether a publisher and an aggregator can have it.
const TABLE: [(Fault, &str, bool, bool); 24] = [
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
    (Fault::GatewayTimeout, "gateway-504", true, true),
    (Fault::Strange, "520", true, true),
    (Fault::Down, "521", true, true),
    (Fault::Unreachable, "522", true, true),
    (Fault::NoRoute, "523", true, true),
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
            (Self::Unavailable, _) => "503 as JSON: the blob cannot be read at the moment",
            (Self::Timeout, Role::Publisher) => "504 as JSON: too few confirmations",
            (Self::Timeout, _) => "504 as a proxy's HTML page",
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
            (Self::GatewayTimeout, _) => "504 as a proxy's HTML page",
            (Self::Strange, _) => "520 as a delivery network's HTML page",
            (Self::Unreachable, _) => "522 as a delivery network's HTML page",
            (Self::Down, _) => "521 as a delivery network's HTML page",
            (Self::NoRoute, _) => "523 as a delivery network's HTML page",
            (Self::TooLong, _) => "524 as a delivery network's HTML page",
        }
    }

    /// The kinds that this server can have.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0).filter(move |fault| fault.is_had_by(role))
    }

    /// Whether this server can have it.
    #[must_use]
    pub fn is_had_by(self, role: Role) -> bool {
        TABLE.iter().filter(|row| row.0 == self).any(|row| match role {
            Role::Publisher => row.2,
            Role::Aggregator => row.3,
            Role::Daemon => row.2 || row.3,
        })
    }

    /// Whether it stands in for the right answer, which can take its time; the others spoil or delay the right one.
    #[must_use]
    pub fn stands_in(self) -> bool {
        !matches!(
            self,
            Self::Shed
                | Self::NotYet
                | Self::Truncate
                | Self::Corrupt
                | Self::MalformedJson
                | Self::ErrorObject
                | Self::Drip
                | Self::Hang
        )
    }
}

impl FromStr for Fault {
    type Err = BadKind;

    fn from_str(text: &str) -> Result<Self, BadKind> {
        TABLE.iter().find(|row| row.1 == text).map(|row| row.0).ok_or_else(|| BadKind(text.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publisher => "publisher",
            Self::Aggregator => "aggregator",
            Self::Daemon => "daemon",
        })
    }
}

/// A kind that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault called `{0}`; the kinds are {all}", all = labels(TABLE.iter().map(|row| row.0)))]
pub struct BadKind(String);

/// A share that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a ratio from 0 to 1 or a percentage from 0% to 100%")]
pub struct BadRatio(String);

/// Kinds in a row, for people.
pub(crate) fn labels(faults: impl Iterator<Item = Fault>) -> String {
    faults.map(Fault::label).collect::<Vec<_>>().join(", ")
}

/// A share of something, as a number or a percentage.
///
/// # Errors
/// Text that is neither, or outside of all and nothing.
pub fn ratio(text: &str) -> Result<f64, BadRatio> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse::<f64>(),
    };
    match value {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(BadRatio(text.to_owned())),
    }
}
