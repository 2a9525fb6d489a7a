//! The request headers of a target, checked before the run; their values are secret.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};
use url::Position;

use crate::{
    error::Error,
    plan::{
        limits::Limits,
        target::{Header, RESERVED_HEADERS, Target},
    },
};

/// The headers of every request to `target`, without `Host`; the user's own take precedence.
///
/// # Errors
/// When a header's name or value is invalid, or reserved.
pub(super) fn prepare(target: &Target, extra: &[Header], limits: &Limits) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for header in extra {
        let (name, value) = parse(header)?;
        headers.append(name, value);
    }
    let user_agent = HeaderValue::from_str(&limits.user_agent).map_err(|_| Error::Flag {
        flag: "--user-agent".to_owned(),
        reason: "holds a character that a header cannot carry".to_owned(),
    })?;
    headers.entry(header::USER_AGENT).or_insert(user_agent);
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    // Without it a proxy may compress the blob (RFC 9110 §12.5.3).
    headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    if let Some(credentials) = &target.credentials {
        let encoded = BASE64_STANDARD.encode(credentials.reveal());
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).expect("base64 is plain ASCII");
        value.set_sensitive(true);
        headers.entry(header::AUTHORIZATION).or_insert(value);
    }
    Ok(headers)
}

/// The `Host` of `target`, with its port only when it is not the scheme's default.
///
/// # Errors
/// When the host is no valid header value.
pub(super) fn host(target: &Target) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(&target.url[Position::BeforeHost..Position::AfterPort]).map_err(|_| Error::Flag {
        flag: target.to_string(),
        reason: "has a host that cannot be sent".to_owned(),
    })
}

fn parse(header: &Header) -> Result<(HeaderName, HeaderValue), Error> {
    let value = header.value.reveal();
    let bearer = header.name.eq_ignore_ascii_case("authorization") && value.starts_with("Bearer ");
    let refused = |reason: String| Error::Flag {
        flag: if bearer { "--bearer".to_owned() } else { "--header".to_owned() },
        reason,
    };
    let name = HeaderName::from_bytes(header.name.as_bytes())
        .map_err(|_| refused(format!("`{}` is not a header's name", header.name.escape_debug())))?;
    if RESERVED_HEADERS.contains(&name.as_str()) {
        return Err(refused(format!("`{name}` is set by the tool itself")));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        let what = if bearer { "the token".to_owned() } else { format!("the value of `{name}`") };
        refused(format!("{what} holds a character that a header cannot carry, such as a line break"))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::target::Secret;

    fn limits() -> Limits {
        Limits {
            upload_timeout: Duration::from_secs(1),
            download_timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "stress/1".to_owned(),
            publisher_headers: Vec::new(),
            aggregator_headers: Vec::new(),
            cache_headers: Vec::new(),
        }
    }

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.to_owned(), value: Secret::new(value) }
    }

    fn prepared(target: &str, extra: &[Header]) -> Result<HeaderMap, Error> {
        prepare(&target.parse().unwrap(), extra, &limits())
    }

    #[test]
    fn the_users_headers_take_precedence_over_the_tools_and_the_urls() {
        let own = [
            header("User-Agent", "mine"),
            header("Authorization", "Bearer t"),
            header("X-A", "1"),
            header("x-a", "2"),
        ];
        let headers = prepared("http://u:p@h", &own).unwrap();
        assert_eq!(headers[header::USER_AGENT], "mine");
        assert_eq!(headers[header::AUTHORIZATION], "Bearer t");
        assert_eq!(headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(prepared("http://u:p@h", &[]).unwrap()[header::AUTHORIZATION], "Basic dTpw");
    }

    #[test]
    fn the_host_has_a_port_only_when_it_is_not_the_schemes_default() {
        for (target, expected) in [
            ("http://h:80/x", "h"),
            ("https://h", "h"),
            ("http://h:8080", "h:8080"),
            ("http://[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(host(&target.parse().unwrap()).unwrap(), expected, "{target}");
        }
    }

    #[test]
    fn an_invalid_header_is_refused_by_its_flag_without_showing_the_value() {
        for (extra, flag) in [
            (header("a b", "secret"), "--header"),
            (header("", "secret"), "--header"),
            (header("x", "secret\n"), "--header"),
            (header("Content-Length", "1"), "--header"),
            (header("Range", "bytes=0-1"), "--header"),
            (header("Host", "elsewhere"), "--header"),
            (header("Connection", "close"), "--header"),
            (header("Authorization", "Bearer secret\r\nx: y"), "--bearer"),
        ] {
            let error = prepared("http://h", std::slice::from_ref(&extra)).unwrap_err().to_string();
            assert!(error.starts_with(flag), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
