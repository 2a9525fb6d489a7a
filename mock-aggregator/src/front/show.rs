//! The headers by which a cache shows what it did.

use super::{Copy, Face, Outcome};
use axum::http::header::{AGE, CONTENT_TYPE, DATE, SERVER, VIA};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::time::{Duration, UNIX_EPOCH};

/// Adds what this face shows. `kept` says whether the answer is of a sort that caches keep.
pub(super) fn show(headers: &mut HeaderMap, face: Face, outcome: &Outcome, kept: bool, now_ms: u64) {
    match face {
        Face::None => {}
        Face::Nginx | Face::Liar => {
            set(headers, SERVER, "nginx");
            set(headers, named("x-cache-status"), outcome.word());
        }
        Face::Cloudflare => {
            set(headers, SERVER, "cloudflare");
            set(headers, named("cf-cache-status"), if kept { outcome.word() } else { "DYNAMIC" });
            set(headers, named("cf-ray"), &format!("{:016x}-SEA", now_ms.rotate_left(16)));
        }
        Face::Fastly => {
            let hits = outcome.copy().map_or(0, Copy::hit);
            set(headers, VIA, "1.1 varnish");
            set(headers, named("x-served-by"), "cache-mock1-MCK");
            set(headers, named("x-cache"), if hits > 0 { "HIT" } else { "MISS" });
            set(headers, named("x-cache-hits"), &hits.to_string());
            set(headers, AGE, "0");
        }
    }
    if let Some(copy) = outcome.copy().filter(|_| face != Face::None) {
        as_kept(headers, face, copy, now_ms);
    }
}

/// Makes an answer look like the copy that it stands for.
fn as_kept(headers: &mut HeaderMap, face: Face, copy: &Copy, now_ms: u64) {
    headers.remove(CONTENT_TYPE);
    headers.extend(copy.kind.clone().map(|kind| (CONTENT_TYPE, kind)));
    if matches!(face, Face::Cloudflare | Face::Fastly) {
        set(headers, AGE, &(now_ms.saturating_sub(copy.made_ms) / 1000).to_string());
    }
    if face == Face::Fastly {
        let made = UNIX_EPOCH + Duration::from_millis(copy.made_ms);
        set(headers, DATE, &httpdate::fmt_http_date(made));
    }
}

fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn shown(face: Face, outcome: &Outcome, kept: bool) -> Vec<String> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, "b/c".parse().unwrap())]);
        show(&mut headers, face, outcome, kept, 90_000);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn every_face_shows_what_it_did_in_its_own_words() {
        let copy = Arc::new(Copy::new(Some("a/b".parse().unwrap()), None, 60_000));
        let hit = Outcome::Hit(copy);
        assert_eq!(shown(Face::None, &hit, true), ["content-type: b/c"]);
        let nginx = ["content-type: a/b", "server: nginx", "x-cache-status: HIT"];
        assert_eq!(shown(Face::Nginx, &hit, true), nginx);
        assert_eq!(shown(Face::Liar, &hit, true), nginx);
        let fastly = [
            "age: 30",
            "content-type: a/b",
            "date: Thu, 01 Jan 1970 00:01:00 GMT",
            "via: 1.1 varnish",
            "x-cache-hits: 1",
            "x-cache: HIT",
            "x-served-by: cache-mock1-MCK",
        ];
        assert_eq!(shown(Face::Fastly, &hit, true), fastly);
        assert_eq!(shown(Face::Fastly, &hit, true)[4], "x-cache-hits: 2");
        assert!(shown(Face::Fastly, &Outcome::Expired, true).contains(&"x-cache: MISS".to_owned()));
        let cloud = shown(Face::Cloudflare, &hit, true);
        assert_eq!((cloud[0].as_str(), cloud[1].as_str()), ("age: 30", "cf-cache-status: HIT"));
        assert!(
            shown(Face::Cloudflare, &Outcome::Miss, false).contains(&"cf-cache-status: DYNAMIC".to_owned())
        );
    }
}
