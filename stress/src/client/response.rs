//! The parts of a response that classification needs.

use super::{http1::Head, text::one_line};

/// The most bytes of memory that are kept for the next response: thousands of workers may have received long error pages.
const KEPT: usize = 2 * 1024;
/// How many bytes of a blob's beginning are kept. The title of a page is among them.
const START: usize = KEPT;

/// Head and body of a response, but for the bytes of a blob. Its memory is used again for the next response.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// The HTTP status.
    pub(super) status: u16,
    /// `Content-Type`; empty when there is none.
    pub(super) content_type: String,
    /// `Location`; empty when there is none.
    pub(super) location: String,
    /// The content and transfer codings of the body, without `identity` and the chunking, joined by commas; empty when there
    /// are none.
    pub(super) codings: String,
    /// `ETag`; empty when there is none.
    pub(super) etag: String,
    /// The body, or its beginning.
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Replaces everything by `head` and an empty body.
    pub(super) fn begin(&mut self, head: &Head<'_>) {
        self.status = head.status;
        for (kept, name) in [
            (&mut self.content_type, "content-type"),
            (&mut self.location, "location"),
            (&mut self.etag, "etag"),
        ] {
            kept.clear();
            let text = head.text(name).unwrap_or_default();
            // ASCII can be cut anywhere.
            kept.push_str(&text[..text.len().min(KEPT)]);
        }
        self.codings.clear();
        for coding in head.codings() {
            let comma = if self.codings.is_empty() { "" } else { ", " };
            self.codings.push_str(comma);
            self.codings.push_str(&String::from_utf8_lossy(&coding[..coding.len().min(KEPT)]));
            if self.codings.len() > KEPT {
                break;
            }
        }
        self.body.clear();
    }

    /// Adds `bytes` to the body as far as it has not more than `limit` bytes then; whether they all fitted. Memory does not
    /// grow beyond the limit either: a server may send its answer byte by byte and stall.
    pub(super) fn keep(&mut self, bytes: &[u8], limit: usize) -> bool {
        let length = self.body.len();
        let kept = &bytes[..bytes.len().min(limit - length)];
        if length + kept.len() > self.body.capacity() {
            let capacity = (2 * self.body.capacity()).clamp(length + kept.len(), limit);
            self.body.reserve_exact(capacity - length);
        }
        self.body.extend_from_slice(kept);
        kept.len() == bytes.len()
    }

    /// Keeps `bytes` if they are the beginning of a blob, which shows whether it is a page.
    pub(super) fn keep_start(&mut self, bytes: &[u8]) {
        self.keep(bytes, START);
    }

    /// Whether the beginning of a blob of this `length` has arrived.
    pub(super) fn has_start(&self, length: u64) -> bool {
        self.body.len() as u64 >= length.min(START as u64)
    }

    /// Whether the response is marked as this blob: aggregators send its ID as `ETag`, without quotation marks; caches may add
    /// them, or weaken it (RFC 9110 §8.8.3).
    pub(super) fn has_etag(&self, blob_id: &str) -> bool {
        let etag = self.etag.trim();
        etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"') == blob_id
    }

    /// Releases the memory of a long response.
    pub(super) fn shrink(&mut self) {
        self.body.clear();
        self.body.shrink_to(KEPT);
        for text in [&mut self.content_type, &mut self.location, &mut self.codings, &mut self.etag] {
            text.clear();
            text.shrink_to(KEPT);
        }
    }

    /// Whether the status is 2xx.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Where a redirect points to, for a message.
    pub(super) fn redirect_target(&self) -> String {
        if self.location.is_empty() { "an unnamed place".to_owned() } else { one_line(&self.location) }
    }

    /// Whether the body's bytes are coded, for example compressed.
    pub(super) fn is_coded(&self) -> bool {
        !self.codings.is_empty()
    }

    /// Whether the body is an HTML page, by its declared type or its first tag.
    pub(super) fn is_html(&self) -> bool {
        let kind = self.content_type.trim_start().as_bytes();
        let starts = |text: &[u8], start: &str| {
            text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()))
        };
        ["text/html", "application/xhtml+xml"].iter().any(|html| starts(kind, html))
            || ["<!doctype html", "<html"].iter().any(|tag| starts(self.body.trim_ascii_start(), tag))
    }

    /// The title of an HTML page.
    pub(super) fn title(&self) -> Option<String> {
        let page = String::from_utf8_lossy(&self.body);
        let lower = page.to_ascii_lowercase();
        let open = lower.find("<title")?;
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        let title = one_line(&page[start..end]);
        (!title.is_empty()).then_some(title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(content_type: &str, body: &[u8]) -> Response {
        Response { content_type: content_type.to_owned(), body: body.to_vec(), ..Response::default() }
    }

    #[test]
    fn pages_are_recognised_by_type_or_first_tag() {
        for (content_type, body, html) in [
            ("Text/HTML; charset=utf-8", "", true),
            ("", " \n<!DOCTYPE HTML><p>", true),
            ("text/plain", "<html><body>", true),
            ("text/plain", "the publisher is receiving too many requests", false),
            ("text", "<", false),
        ] {
            assert_eq!(response(content_type, body.as_bytes()).is_html(), html, "{content_type} {body}");
        }
    }

    #[test]
    fn an_etag_is_compared_without_its_quotation_marks() {
        for (etag, same) in [
            ("id", true),
            ("\"id\"", true),
            ("W/\"id\"", true),
            ("", false),
            ("\"idx\"", false),
            ("W/x", false),
        ] {
            let response = Response { etag: etag.to_owned(), ..Response::default() };
            assert_eq!(response.has_etag("id"), same, "{etag}");
        }
    }

    #[test]
    fn memory_stays_within_the_limit_however_a_body_arrives() {
        for piece in [1, 7, 1000, 40_000, 70_000] {
            let mut response = Response::default();
            let mut fitted = true;
            while fitted {
                fitted = response.keep(&vec![b'x'; piece], 65_536);
            }
            assert_eq!(response.body.len(), 65_536);
            assert!(response.body.capacity() <= 65_536, "{piece}: {}", response.body.capacity());
        }
    }

    #[test]
    fn a_title_is_one_line() {
        let page = b"<html><head><TITLE lang=x>\n 502 Bad\nGateway</TITLE>";
        assert_eq!(response("", page).title().unwrap(), "502 Bad Gateway");
        assert_eq!(response("", b"<title>").title(), None);
    }
}
