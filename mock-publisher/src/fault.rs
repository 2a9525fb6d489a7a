//! The kinds of faults, the routes and the servers: their names, and which server can have which fault.

use crate::units::ParseError;
use strum::{
    Display, EnumCount, EnumIter, EnumMessage, EnumString, IntoEnumIterator, IntoStaticStr, VariantNames,
};

/// A kind of fault. The order is that in which the rules of a profile share the draws of a request: changing it changes
/// which requests fail for a seed. The documentation of each is its line in `--help`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantNames,
    serde_with::SerializeDisplay,
    serde_with::DeserializeFromStr,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = ParseError, parse_err_fn = unknown_fault)]
pub enum Fault {
    /// 429 as text at once, as from a full server.
    Shed,
    /// 500 as JSON.
    #[strum(serialize = "500")]
    Internal,
    /// 503 as JSON (aggregator) or as a proxy's HTML page (publisher).
    #[strum(serialize = "503")]
    Unavailable,
    /// 504 as JSON (publisher) or as a proxy's HTML page (aggregator).
    #[strum(serialize = "504")]
    Timeout,
    /// 404 for some time after the store; a share of the blobs, not of the requests.
    NotYet,
    /// The connection is reset before the answer.
    Reset,
    /// The body ends before its announced length.
    Truncate,
    /// One byte of the body is changed.
    Corrupt,
    /// 200 with JSON that is cut off; the blob is stored.
    MalformedJson,
    /// 200 with an error object; the blob is not stored.
    ErrorObject,
    /// The body comes in slow pieces.
    Drip,
    /// No answer at all.
    Hang,
    /// 403 as JSON: the blob is larger than this server reads.
    #[strum(serialize = "403")]
    BlobTooLarge,
    /// 404 as JSON, for blobs that exist.
    #[strum(serialize = "404")]
    NotFound,
    /// 413 as text, whatever the size of the body.
    #[strum(serialize = "413")]
    PayloadTooLarge,
    /// 451 as JSON: the blob must not be read.
    #[strum(serialize = "451")]
    Blocked,
    /// 500 as JSON: the publisher has no money left.
    InsufficientFunds,
    /// 502 as a proxy's HTML page.
    #[strum(serialize = "502")]
    BadGateway,
    /// 504 as a proxy's HTML page, from either server.
    #[strum(serialize = "gateway-504")]
    GatewayTimeout,
    /// 520 as a CDN's HTML page: the origin sent an unknown error.
    #[strum(serialize = "520")]
    UnknownError,
    /// 521 as a CDN's HTML page: the origin is down.
    #[strum(serialize = "521")]
    OriginDown,
    /// 522 as a CDN's HTML page: the connection to the origin timed out.
    #[strum(serialize = "522")]
    ConnectionTimedOut,
    /// 523 as a CDN's HTML page: the origin is unreachable.
    #[strum(serialize = "523")]
    OriginUnreachable,
    /// 524 as a CDN's HTML page: the origin took too long.
    #[strum(serialize = "524")]
    OriginTimeout,
}

fn unknown_fault(text: &str) -> ParseError {
    ParseError::unknown_name(text, "a kind of fault", Fault::VARIANTS)
}

/// Which server a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// Stores blobs.
    Publisher,
    /// Reads blobs.
    Aggregator,
    /// Both on one address.
    Daemon,
}

impl Fault {
    /// How the kind is written on the command line and in the statistics.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.into()
    }

    /// The kinds that a server can have.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        Self::iter().filter(move |fault| fault.applies_to(role))
    }

    /// Whether a server can have it.
    #[must_use]
    pub fn applies_to(self, role: Role) -> bool {
        self.role() == role || self.role() == Role::Daemon || role == Role::Daemon
    }

    /// The only server that can have it, or a daemon if both can.
    fn role(self) -> Role {
        use Fault::*;
        match self {
            MalformedJson | ErrorObject | PayloadTooLarge | InsufficientFunds => Role::Publisher,
            NotYet | Corrupt | BlobTooLarge | NotFound | Blocked => Role::Aggregator,
            Shed | Internal | Unavailable | Timeout | Reset | Truncate | Drip | Hang | BadGateway
            | GatewayTimeout | UnknownError | OriginDown | ConnectionTimedOut | OriginUnreachable
            | OriginTimeout => Role::Daemon,
        }
    }

    /// Whether it replaces the answer by one of its own, which can be delayed; the others change the right answer, or
    /// give none.
    #[must_use]
    pub fn replaces_answer(self) -> bool {
        use Fault::*;
        match self {
            Shed | NotYet | Truncate | Corrupt | MalformedJson | ErrorObject | Drip | Hang => false,
            Internal | Unavailable | Timeout | Reset | BlobTooLarge | NotFound | PayloadTooLarge
            | Blocked | InsufficientFunds | BadGateway | GatewayTimeout | UnknownError | OriginDown
            | ConnectionTimedOut | OriginUnreachable | OriginTimeout => true,
        }
    }
}

/// The kinds of faults of a server with what they do, for the end of its `--help`.
#[must_use]
pub fn help(role: Role) -> String {
    let meaning = |fault: Fault| fault.get_documentation().unwrap_or_default().trim_end_matches('.');
    let line = |fault: Fault| format!("  {:<18}  {}\n", fault.label(), meaning(fault));
    format!("Faults:\n{}", Fault::of(role).map(line).collect::<String>())
}

/// A route, by the name that rules of a profile use. Requests are numbered for each route.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumCount,
    EnumIter,
    EnumString,
    VariantNames,
    serde_with::SerializeDisplay,
    serde_with::DeserializeFromStr,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = ParseError, parse_err_fn = unknown_route)]
pub enum RouteKind {
    /// `PUT /v1/blobs`.
    Store,
    /// `PUT /v1/quilts`.
    StoreQuilt,
    /// `GET /v1/blobs/{blob_id}`.
    Read,
    /// `GET /v1/blobs/by-object-id/{blob_object_id}`.
    ReadObject,
    /// `GET /v1/blobs/{blob_id}/byte-range`.
    ReadRange,
    /// `GET /v1/blobs/by-quilt-patch-id/{quilt_patch_id}`.
    ReadPatch,
    /// `GET /v1/blobs/by-quilt-id/{quilt_id}/{identifier}`.
    ReadFile,
    /// `GET /v1/quilts/{quilt_id}/patches`.
    ListPatches,
    /// `GET /v1alpha/blobs/{blob_id}/stream`.
    Stream,
    /// `GET` and `POST /v1alpha/blobs/concat`.
    Concat,
}

fn unknown_route(text: &str) -> ParseError {
    ParseError::unknown_name(text, "a route", RouteKind::VARIANTS)
}

impl RouteKind {
    /// The server that has it.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Store | Self::StoreQuilt => Role::Publisher,
            Self::Read
            | Self::ReadObject
            | Self::ReadRange
            | Self::ReadPatch
            | Self::ReadFile
            | Self::ListPatches
            | Self::Stream
            | Self::Concat => Role::Aggregator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_lists_its_own_faults() {
        let labels = |role| Fault::of(role).map(Fault::label).collect::<Vec<_>>().join(" ");
        let both = "502 gateway-504 520 521 522 523 524";
        assert_eq!(
            labels(Role::Publisher),
            format!(
                "shed 500 503 504 reset truncate malformed-json error-object drip hang 413 insufficient-funds {both}"
            )
        );
        assert_eq!(
            labels(Role::Aggregator),
            format!("shed 500 503 504 not-yet reset truncate corrupt drip hang 403 404 451 {both}")
        );
        assert_eq!(Fault::of(Role::Daemon).count(), Fault::VARIANTS.len());
        let help = help(Role::Publisher);
        assert!(
            help.starts_with("Faults:\n  shed                429 as text at once, as from a full server\n"),
            "{help}"
        );
        assert_eq!(help.lines().count(), 1 + Fault::of(Role::Publisher).count());
    }

    #[test]
    fn names_are_read_back_and_unknown_ones_listed() {
        assert!(Fault::iter().all(|fault| fault.label().parse() == Ok(fault)));
        assert!(RouteKind::iter().all(|route| route.to_string().parse() == Ok(route)));
        assert_eq!(RouteKind::iter().filter(|route| route.role() == Role::Publisher).count(), 2);
        let error = |error: ParseError| error.to_string();
        assert!(
            error("rain".parse::<Fault>().unwrap_err())
                .starts_with("`rain` is not a kind of fault: write shed, 500, 503, 504, not-yet, reset,")
        );
        assert_eq!(
            error("upload".parse::<RouteKind>().unwrap_err()),
            "`upload` is not a route: write store, store-quilt, read, read-object, read-range, read-patch, read-file, \
             list-patches, stream, concat"
        );
    }
}
