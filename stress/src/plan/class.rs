//! The kinds of failure by name: a plan's thresholds and retries use them before any has happened.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use super::names::none_of;

/// The kinds of failure. The set is closed: thresholds, documents and metrics use these names, in this order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<FailureClass>)]
pub enum FailureClass {
    /// The host's name did not resolve.
    Dns,
    /// Nothing listens there, or it cannot be reached.
    Refused,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The TLS handshake failed.
    Tls,
    /// The connection broke before a whole answer.
    Reset,
    /// No whole answer within the timeout.
    Timeout,
    /// 408: the server did not get the whole request in its own time.
    RequestTimeout,
    /// 425: the server does not risk a request that might be a replay.
    TooEarly,
    /// 429 as text: the server is full.
    Shed,
    /// 429 as JSON: the token was used before.
    TokenUsed,
    /// 401, or a token was refused.
    Auth,
    /// 404.
    NotFound,
    /// 403.
    Forbidden,
    /// 451.
    Legal,
    /// 413, and other refusals of a size.
    TooLarge,
    /// Any other 4xx.
    BadRequest,
    /// 503.
    Unavailable,
    /// Any other 5xx.
    ServerError,
    /// A proxy's page instead of an answer.
    Gateway,
    /// A redirect; these are not followed.
    Redirect,
    /// 200 with an error in it.
    ErrorObject,
    /// An upload's success before the whole blob was sent.
    EarlySuccess,
    /// A response that is not HTTP, or not one of Walrus.
    Malformed,
    /// A response with a content or transfer coding, such as gzip, so that its bytes cannot be compared.
    Encoded,
    /// Fewer bytes than there should be.
    Truncated,
    /// More bytes than there should be.
    TooLong,
    /// Other bytes than were uploaded.
    Corrupt,
}

impl FailureClass {
    /// The name by which the class is known outside.
    pub fn label(self) -> &'static str {
        self.into()
    }

    /// Whether a server has answered so; every other failure can also come from a client that is too slow or has no port.
    pub const fn is_answer(self) -> bool {
        use FailureClass::{ConnectTimeout, Dns, Refused, RequestTimeout, Reset, Timeout, Tls};
        !matches!(self, Dns | Refused | ConnectTimeout | Tls | Reset | Timeout | RequestTimeout)
    }

    /// Whether it is a finding about a blob's bytes, which no retry may hide.
    pub const fn is_about_bytes(self) -> bool {
        matches!(self, FailureClass::Truncated | FailureClass::TooLong | FailureClass::Corrupt)
    }
}
