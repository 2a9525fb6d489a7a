//! The kinds of failure by name: a plan's thresholds speak of them before any has happened.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! failure_classes {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)+) => {
        /// The kinds of failure. The set is closed: thresholds, documents and metrics use these labels.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FailureClass {
            $($(#[$doc])* #[serde(rename = $label)] $name,)+
        }

        impl FailureClass {
            /// All classes, in the order in which they are shown.
            pub const ALL: &'static [FailureClass] = &[$(FailureClass::$name),+];

            /// The name by which the class is known outside.
            pub const fn label(self) -> &'static str {
                match self { $(FailureClass::$name => $label,)+ }
            }

            /// The class of this name, if there is one.
            pub fn from_label(label: &str) -> Option<FailureClass> {
                Self::ALL.iter().copied().find(|class| class.label() == label)
            }
        }
    };
}

failure_classes! {
    /// The host's name did not resolve.
    Dns = "dns",
    /// Nothing listens there, or it cannot be reached.
    Refused = "refused",
    /// No connection within the connect timeout.
    ConnectTimeout = "connect-timeout",
    /// The TLS handshake failed.
    Tls = "tls",
    /// The connection broke before a whole answer.
    Reset = "reset",
    /// No whole answer within the timeout.
    Timeout = "timeout",
    /// 429 as text: the server is full.
    Shed = "shed",
    /// 429 as JSON: the token was used before.
    TokenUsed = "token-used",
    /// 401, or a token was refused.
    Auth = "auth",
    /// 404.
    NotFound = "not-found",
    /// 403.
    Forbidden = "forbidden",
    /// 451.
    Legal = "legal",
    /// 413 and its kin.
    TooLarge = "too-large",
    /// Any other 4xx.
    BadRequest = "bad-request",
    /// 503.
    Unavailable = "unavailable",
    /// Any other 5xx.
    ServerError = "server-error",
    /// A proxy's page instead of an answer.
    Gateway = "gateway",
    /// A redirect; these are not followed.
    Redirect = "redirect",
    /// 200 with an error in it.
    ErrorObject = "error-object",
    /// An answer that is not HTTP, or not what Walrus says.
    Malformed = "malformed",
    /// Fewer bytes than there should be.
    Truncated = "truncated",
    /// More bytes than there should be.
    TooLong = "too-long",
    /// Other bytes than were uploaded.
    Corrupt = "corrupt",
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}
