//! What nginx does with the headers of a request that make its answer conditional or partial, in front of an origin that
//! sends an `ETag` and neither `Last-Modified` nor `Accept-Ranges`: it passes none of them on, ignores ranges, and decides
//! by itself.

use axum::http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use axum::http::{HeaderMap, HeaderValue};

/// The conditions of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    if_match: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    if_modified_since: Option<HeaderValue>,
    if_unmodified_since: Option<HeaderValue>,
}

/// What they mean for an answer with status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
}

impl Conditions {
    /// Takes them out of the headers of a request, and ranges with them.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
        Self {
            if_match: headers.remove(IF_MATCH),
            if_none_match: headers.remove(IF_NONE_MATCH),
            if_modified_since: headers.remove(IF_MODIFIED_SINCE),
            if_unmodified_since: headers.remove(IF_UNMODIFIED_SINCE),
        }
    }

    /// What they mean for an answer with this entity tag. An answer without a date is newer than any.
    pub(super) fn verdict(&self, etag: Option<&HeaderValue>) -> Verdict {
        let lists = |list: &HeaderValue| is_listed(list.as_bytes(), etag.map(HeaderValue::as_bytes));
        if self.if_unmodified_since.is_some() || self.if_match.as_ref().is_some_and(|list| !lists(list)) {
            return Verdict::PreconditionFailed;
        }
        match &self.if_none_match {
            Some(list) if self.if_modified_since.is_none() && lists(list) => Verdict::NotModified,
            _ => Verdict::Send,
        }
    }
}

/// Whether a list of entity tags is `*` or has this one, where nginx compares bytes and needs no quotation marks.
fn is_listed(list: &[u8], etag: Option<&[u8]>) -> bool {
    let Some(etag) = etag.filter(|_| list != b"*") else { return list == b"*" };
    let tag = |part: &[u8]| part.strip_prefix(b"W/").unwrap_or(part).to_vec();
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|part| tag(part) == tag(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_those_of_nginx() {
        use Verdict::{NotModified, PreconditionFailed, Send};
        let rows: [(&[(&str, &str)], Verdict); 15] = [
            (&[], Send),
            (&[("range", "bytes=0-1"), ("if-range", "id")], Send),
            (&[("if-none-match", "id")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"id\"")], Send),
            (&[("if-none-match", "x, id")], NotModified),
            (&[("if-none-match", "W/id , x")], NotModified),
            (&[("if-none-match", "idx")], Send),
            (&[("if-none-match", "id"), ("if-modified-since", "Thu, 26 Nov 2026 04:49:30 GMT")], Send),
            (&[("if-modified-since", "Thu, 26 Nov 2026 04:49:30 GMT")], Send),
            (&[("if-unmodified-since", "Thu, 26 Nov 2026 04:49:30 GMT")], PreconditionFailed),
            (&[("if-match", "id")], Send),
            (&[("if-match", "*")], Send),
            (&[("if-match", "x")], PreconditionFailed),
            (&[("if-match", "x"), ("if-none-match", "id")], PreconditionFailed),
        ];
        let etag = HeaderValue::from_static("id");
        for (pairs, verdict) in rows {
            let pair = |(name, value): &(&'static str, &str)| {
                (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            };
            let mut headers: HeaderMap = pairs.iter().map(pair).collect();
            assert_eq!(Conditions::take(&mut headers).verdict(Some(&etag)), verdict, "{pairs:?}");
            assert!(headers.is_empty(), "{headers:?}");
        }
        let any = Conditions { if_none_match: Some(HeaderValue::from_static("*")), ..Conditions::default() };
        assert_eq!(any.verdict(None), NotModified);
        let one = Conditions { if_none_match: Some(etag), ..Conditions::default() };
        assert_eq!(one.verdict(None), Send);
    }
}
