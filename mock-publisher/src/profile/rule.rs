//! One rule about faults: a kind, its share, and the requests that it is about; `500:5%,route=store,from=10s,for=5s`.

use super::route_kind::{BadTask, RouteKind};
use super::window::{BadSizes, BadSpan, Sizes, Span, Window};
use crate::fault::{BadKind, BadRatio, Fault, ratio};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A kind of fault and its share of the requests that it is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The kind.
    pub fault: Fault,
    /// Its share of the requests, from 0 to 1.
    pub ratio: f64,
    /// The requests.
    pub scope: Scope,
    /// How long the answer takes; as long as the weather says if nothing is said here.
    pub after: Option<Duration>,
}

/// The requests that a rule is about; all of them if nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scope {
    /// Those of one route.
    pub route: Option<RouteKind>,
    /// Those about blobs of these sizes; one whose size is not known is not among them.
    pub sizes: Option<Sizes>,
    /// Those that come in this time.
    pub window: Window,
}

/// What is known of a request when its fault is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestContext {
    /// What it is for.
    pub route_kind: RouteKind,
    /// Bytes of its blob, if they are known.
    pub size: Option<u64>,
    /// When it came, counted from when the weather was set.
    pub at: Duration,
}

/// Text that is no rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadRule {
    /// Not of the form `KIND=RATIO`.
    #[error(
        "`{0}` is not a fault: write KIND=RATIO, for instance reset=1% or 500=0.05, and after it perhaps \
         ,route=store ,size=1MiB.. ,from=10s ,for=5s ,after=17s"
    )]
    Form(String),
    /// A word that rules do not have.
    #[error("a fault has no `{0}`: it has route, size, from, for and after, each once")]
    Word(String),
    /// No such kind.
    #[error(transparent)]
    Kind(#[from] BadKind),
    /// No share.
    #[error(transparent)]
    Ratio(#[from] BadRatio),
    /// No route.
    #[error(transparent)]
    RouteKind(#[from] BadTask),
    /// No range of sizes.
    #[error(transparent)]
    Sizes(#[from] BadSizes),
    /// No time.
    #[error(transparent)]
    Span(#[from] BadSpan),
}

impl Scope {
    /// Whether a request is one of those.
    #[must_use]
    pub fn holds(&self, on: &RequestContext) -> bool {
        self.route.is_none_or(|route| route == on.route_kind)
            && self.sizes.is_none_or(|sizes| on.size.is_some_and(|size| sizes.holds(size)))
            && self.window.holds(on.at)
    }
}

impl Rule {
    /// Whether a request can meet it.
    #[must_use]
    pub fn holds(&self, on: &RequestContext) -> bool {
        self.fault.is_had_by(on.route_kind.role()) && self.scope.holds(on)
    }
}

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let mut parts = text.split(',');
        let first = parts.next().unwrap_or_default();
        let (kind, share) = first.split_once([':', '=']).ok_or_else(|| BadRule::Form(text.to_owned()))?;
        let (fault, ratio) = (kind.trim().parse()?, ratio(share.trim())?);
        let mut rule = Self { fault, ratio, scope: Scope::default(), after: None };
        let (mut from, window) = (None, &mut rule.scope.window);
        for part in parts {
            let (word, value) = part.split_once('=').ok_or_else(|| BadRule::Form(text.to_owned()))?;
            match word.trim() {
                "route" if rule.scope.route.is_none() => rule.scope.route = Some(value.parse()?),
                "size" if rule.scope.sizes.is_none() => rule.scope.sizes = Some(value.parse()?),
                "from" if from.is_none() => from = Some(value.parse::<Span>()?.0),
                "for" if window.length.is_none() => window.length = Some(value.parse::<Span>()?.0),
                "after" if rule.after.is_none() => rule.after = Some(value.parse::<Span>()?.0),
                other => return Err(BadRule::Word(other.to_owned())),
            }
        }
        window.from = from.unwrap_or_default();
        Ok(rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { route, sizes, window } = self.scope;
        write!(f, "{}={}", self.fault.label(), self.ratio)?;
        route.map_or(Ok(()), |route| write!(f, ",route={route}"))?;
        sizes.map_or(Ok(()), |sizes| write!(f, ",size={sizes}"))?;
        if !window.from.is_zero() {
            write!(f, ",from={}", Span(window.from))?;
        }
        window.length.map_or(Ok(()), |length| write!(f, ",for={}", Span(length)))?;
        self.after.map_or(Ok(()), |after| write!(f, ",after={}", Span(after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn plain(fault: Fault, ratio: f64) -> Rule {
        Rule { fault, ratio, scope: Scope::default(), after: None }
    }

    #[test]
    fn a_rule_is_a_kind_a_share_and_perhaps_its_requests() {
        let all = Scope {
            route: Some(RouteKind::Store),
            sizes: Some(Sizes { from: 1 << 20, to: None }),
            window: Window { from: 10 * S, length: Some(5 * S) },
        };
        let rows = [
            ("shed=0.1", "shed=0.1", plain(Fault::Shed, 0.1)),
            ("500=12.5%", "500=0.125", plain(Fault::Internal, 0.125)),
            ("hang:1", "hang=1", plain(Fault::Hang, 1.0)),
            (
                "500:5%,route=store,size=1MiB..,from=10s,for=5s",
                "500=0.05,route=store,size=1MiB..,from=10s,for=5s",
                Rule { scope: all, ..plain(Fault::Internal, 0.05) },
            ),
            (
                "503=2%, after=17s, for=1m 30s",
                "503=0.02,for=1m30s,after=17s",
                Rule {
                    after: Some(17 * S),
                    scope: Scope {
                        window: Window { from: Duration::ZERO, length: Some(90 * S) },
                        ..Scope::default()
                    },
                    ..plain(Fault::Unavailable, 0.02)
                },
            ),
        ];
        for (text, shown, rule) in rows {
            assert_eq!(text.parse(), Ok(rule), "{text}");
            assert_eq!((rule.to_string().as_str(), shown.parse()), (shown, Ok(rule)));
        }
    }

    #[test]
    fn what_is_no_rule_is_told_what_is_wrong_and_what_is_right() {
        let ratio =
            |text: &str| format!("`{text}` is not a ratio from 0 to 1 or a percentage from 0% to 100%");
        let word = |text: &str| {
            format!("a fault has no `{text}`: it has route, size, from, for and after, each once")
        };
        let rows = [
            ("reset=101%", ratio("101%")),
            ("reset=-1", ratio("-1")),
            ("reset=NaN", ratio("NaN")),
            ("reset=1%,colour=red", word("colour")),
            ("reset=1%,for=1s,for=2s", word("for")),
            ("reset=1%,from=0s,from=0s", word("from")),
            (
                "reset=1%,route=upload",
                "there is no route called `upload`; they are store, store-quilt, read, read-object, read-range, \
                 read-patch, read-file, list-patches, stream, concat"
                    .into(),
            ),
            (
                "rain=1%",
                "there is no fault called `rain`; the kinds are shed, 500, 503, 504, not-yet, reset, truncate, corrupt, \
                 malformed-json, error-object, drip, hang, 403, 404, 413, 451, insufficient-funds, 502, gateway-504, \
                 520, 521, 522, 523, 524"
                    .into(),
            ),
        ];
        for (text, message) in rows {
            assert_eq!(text.parse::<Rule>().unwrap_err().to_string(), message);
        }
        for (text, start) in [
            ("reset", "`reset` is not a fault: write KIND=RATIO, for instance reset=1% or 500=0.05"),
            ("reset=1%,soon", "`reset=1%,soon` is not a fault: "),
            ("reset=1%,size=1MiB", "`1MiB` is not a range of sizes: write 1MiB.., "),
            ("reset=1%,from=soon", "`soon` is not a duration ("),
        ] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn a_rule_holds_for_its_requests_alone() {
        let rule: Rule = "500:1,route=store,size=1KiB..2KiB,from=10s,for=5s".parse().unwrap();
        let on = |route_kind, size, at: u32| RequestContext { route_kind, size, at: at * S };
        let rows = [
            (on(RouteKind::Store, Some(1024), 10), true),
            (on(RouteKind::StoreQuilt, Some(1024), 10), false),
            (on(RouteKind::Store, Some(2048), 10), false),
            (on(RouteKind::Store, None, 10), false),
            (on(RouteKind::Store, Some(1024), 15), false),
            (on(RouteKind::Store, Some(1024), 9), false),
        ];
        for (occasion, holds) in rows {
            assert_eq!(rule.holds(&occasion), holds, "{occasion:?}");
        }
        let corrupt: Rule = "corrupt=1".parse().unwrap();
        assert!(
            corrupt.holds(&on(RouteKind::Read, None, 0)) && !corrupt.holds(&on(RouteKind::Store, None, 0))
        );
    }
}
