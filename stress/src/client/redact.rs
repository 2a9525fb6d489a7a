//! Keeps secrets out of texts of servers and errors: a server may repeat a request's headers in what it says, and a redirect
//! may carry them in its address.
//!
//! Every such text becomes part of a [`Failure`] or of a preflight's message, and passes through a [`Redactor`] there, before
//! it is kept anywhere. Secrets of the plan are registered by [`Redactor::of`]; what is a secret of one request alone, such as
//! a token made for it, has a redactor of its own ([`Redactor::register`]).

use std::{borrow::Cow, ops::Range};

use base64::{Engine as _, prelude::*};

use super::{escapes, text::one_line};
use crate::{
    plan::{
        Plan,
        target::{Header, Secret, Target},
        tokens::{SigningKey, Tokens},
    },
    sample::{Failure, FailureClass, Outcome},
};

/// The fewest characters of a secret: shorter ones would be found in ordinary words, and can be guessed.
const MIN_SECRET: usize = 4;
/// The fewest characters of a word within a header's value that is taken for a secret of its own.
const MIN_WORD: usize = 8;
/// The fewest characters that are searched for in a blob ID, where chance alone would find shorter ones.
const MIN_IN_ID: usize = 10;

/// Headers that negotiate and identify; their values are no secrets and are words of ordinary messages.
const PUBLIC_HEADERS: [&str; 8] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-type",
    "pragma",
    "user-agent",
];

/// Replaces known secrets, in any of their usual encodings, by [`Secret::REDACTED`].
#[derive(Default)]
pub(super) struct Redactor {
    patterns: Vec<Pattern>,
}

/// A form of a secret.
struct Pattern {
    /// Folded: see [`fold`].
    text: Vec<u8>,
    /// Whether it is within a longer base64 text, all of which goes.
    is_base64: bool,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Knows the secrets of `plan`: headers, credentials, and the key that signs tokens.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut redactor = Self::default();
        let headers = plan.limits.publisher_headers.iter().chain(&plan.limits.aggregator_headers);
        headers.for_each(|header| redactor.header(header));
        let credentials = plan.publishers.iter().chain(&plan.aggregators).filter_map(credentials);
        credentials.for_each(|credentials| redactor.login(credentials.reveal()));
        if let Some(Tokens::Minted(minting)) = &plan.store.tokens {
            let (SigningKey::Secret(key) | SigningKey::Private(key)) = &minting.key;
            redactor.register(key.reveal());
        }
        redactor
    }

    /// Knows the token in the value of an `Authorization` header.
    pub(super) fn of_token(authorization: &Secret) -> Self {
        let mut redactor = Self::default();
        let value = authorization.reveal();
        redactor.register(value.split_once(' ').map_or(value, |(_, token)| token));
        redactor
    }

    /// Knows `secret`, its percent-encoding, its base64 by itself and within a longer text, and its hexadecimal digits.
    pub(super) fn register(&mut self, secret: &str) {
        // As texts are compared: blanks in them are single.
        let secret = secret.split_whitespace().collect::<Vec<_>>().join(" ");
        if secret.chars().count() < MIN_SECRET {
            return;
        }
        let bytes = secret.as_bytes();
        self.pattern(secret.clone(), false);
        self.pattern(bytes.iter().map(|byte| format!("{byte:02x}")).collect(), false);
        for offset in 0..3 {
            let standard = base64_core(bytes, offset);
            self.pattern(standard.replace('+', "-").replace('/', "_"), true);
            self.pattern(standard, true);
        }
    }

    fn pattern(&mut self, text: String, is_base64: bool) {
        let text = fold(text.as_bytes());
        if text.len() >= MIN_SECRET && !self.patterns.iter().any(|known| known.text == text) {
            self.patterns.push(Pattern { text, is_base64 });
        }
    }

    fn header(&mut self, header: &Header) {
        let (name, value) = (header.name.to_ascii_lowercase(), header.value.reveal().trim());
        if PUBLIC_HEADERS.contains(&name.as_str()) {
            return;
        }
        if matches!(name.as_str(), "authorization" | "proxy-authorization")
            && let Some((scheme, rest)) = value.split_once(char::is_whitespace)
        {
            if scheme.eq_ignore_ascii_case("basic")
                && let Ok(login) = BASE64_STANDARD.decode(rest.trim())
            {
                self.login(&String::from_utf8_lossy(&login));
            }
            return self.register(rest);
        }
        self.register(value);
        // A cookie's values, a signature's parts, a key behind the name of its scheme.
        let words = value.split([' ', '\t', ',', ';', '=', '"']).filter(|word| word.len() >= MIN_WORD);
        words.for_each(|word| self.register(word));
    }

    /// `user:password`, and each of both that may be a secret by itself: services take tokens in either place.
    fn login(&mut self, login: &str) {
        self.register(login);
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        self.register(password);
        if password.len() < MIN_SECRET || user.len() >= 2 * MIN_WORD {
            self.register(user);
        }
    }

    /// `outcome` with the texts of its failure redacted. A blob ID that repeats a secret is none.
    pub(super) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed(failure) => Outcome::Failed(self.failure(failure)),
            Outcome::Stored(stored) if self.is_in_id(&stored.blob_id) => Outcome::Failed(Failure::new(
                FailureClass::Malformed,
                "the blob ID in the response repeats a secret of the request",
            )),
            other => other,
        }
    }

    fn failure(&self, failure: Failure) -> Failure {
        // Once more a line, since what replaces a secret may be longer.
        let line = |text: &str| one_line(&self.text(text));
        Failure { reason: failure.reason.as_deref().map(line), message: line(&failure.message), ..failure }
    }

    /// `text` without secrets. One that is cut off at the end, as long messages are, is known by its first characters.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.patterns.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut ranges: Vec<_> = escapes::views(text).iter().flat_map(|view| self.ranges(view)).collect();
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        ranges.sort_by_key(|range| range.start);
        let (mut redacted, mut done) = (String::new(), 0);
        for range in ranges {
            if range.start >= done {
                redacted.push_str(&text[done..range.start]);
                redacted.push_str(Secret::REDACTED);
            }
            done = done.max(range.end);
        }
        redacted.push_str(&text[done..]);
        Cow::Owned(redacted)
    }

    /// Where `view`'s original text has secrets.
    fn ranges(&self, view: &escapes::View) -> Vec<Range<usize>> {
        let bytes = fold(&view.bytes);
        let mut ranges = Vec::new();
        for pattern in &self.patterns {
            let mut from = 0;
            while let Some(at) = find(&bytes[from..], &pattern.text) {
                let range = from + at..from + at + pattern.text.len();
                from = range.end;
                ranges.push(if pattern.is_base64 { whole_word(&view.bytes, range) } else { range });
            }
            ranges.extend(cut_off(&bytes, &pattern.text));
        }
        ranges.into_iter().map(|range| view.original(range)).collect()
    }

    fn is_in_id(&self, id: &str) -> bool {
        let id = fold(id.as_bytes());
        let long = self.patterns.iter().filter(|pattern| pattern.text.len() >= MIN_IN_ID);
        long.into_iter().any(|pattern| find(&id, &pattern.text).is_some())
    }
}

fn credentials(target: &Target) -> Option<&Secret> {
    target.credentials.as_ref()
}

/// The characters of base64 that `bytes` alone decide when `offset` bytes of a group of three are before them.
fn base64_core(bytes: &[u8], offset: usize) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
    let encoded = BASE64_STANDARD_NO_PAD.encode(&padded);
    encoded[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}

/// As texts are compared: hosts and hexadecimal digits come back in either case, and blanks of a form as `+`.
fn fold(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }).collect()
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    let (first, _) = pattern.split_first()?;
    let mut from = 0;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| byte == first)?;
        if bytes[from..].starts_with(pattern) {
            return Some(from);
        }
        from += 1;
    }
}

/// The longest proper beginning of `pattern` before the ellipsis with which cut texts end.
fn cut_off(bytes: &[u8], pattern: &[u8]) -> Option<Range<usize>> {
    let end = bytes.strip_suffix("…".as_bytes())?.len();
    let longest = end.min(pattern.len() - 1);
    let length = (MIN_SECRET..=longest).rev().find(|length| bytes[..end].ends_with(&pattern[..*length]))?;
    Some(end - length..end)
}

/// `range` with the characters of base64 around it.
fn whole_word(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let before = bytes[..range.start].iter().rev().take_while(|byte| is_base64(byte)).count();
    let behind = bytes[range.end..].iter().take_while(|byte| is_base64(byte)).count();
    range.start - before..range.end + behind
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
