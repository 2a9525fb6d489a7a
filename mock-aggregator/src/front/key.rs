//! Under which name a copy is kept.

use super::{Face, Front};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Uri};

/// The name of the copy that may answer a request.
pub(super) fn key(front: &Front, uri: &Uri, headers: &HeaderMap) -> String {
    let address = match front.face {
        // A cache that nobody sees knows that the query of a read does not change its bytes, unless it names a part.
        Face::None if !uri.path().ends_with("/byte-range") => uri.path(),
        _ => uri.path_and_query().map_or(uri.path(), |address| address.as_str()),
    };
    let origin = headers.get(ORIGIN).filter(|_| front.per_origin);
    match origin {
        Some(origin) => format!("{address} {}", String::from_utf8_lossy(origin.as_bytes())),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_found_by_its_address_and_perhaps_its_origin() {
        let blob = "/v1/blobs/x?strict_consistency_check=true";
        let part = "/v1/blobs/x/byte-range?start=0&length=1";
        let site = HeaderMap::from_iter([(ORIGIN, "https://a".parse().unwrap())]);
        let rows = [
            (Face::None, blob, &site, "/v1/blobs/x"),
            (Face::None, part, &site, part),
            (Face::Cloudflare, blob, &site, blob),
            (Face::Nginx, blob, &site, "/v1/blobs/x?strict_consistency_check=true https://a"),
            (Face::Nginx, blob, &HeaderMap::new(), blob),
        ];
        for (face, address, headers, expected) in rows {
            assert_eq!(key(&Front::of(face), &address.parse().unwrap(), headers), expected, "{face}");
        }
    }
}
