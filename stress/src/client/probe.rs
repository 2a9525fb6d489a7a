//! What an aggregator offers besides blobs: CORS, ranges and versions of HTTP, asked over reqwest and not timed.

use std::{sync::Arc, time::Duration};

use http::{StatusCode, header};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{
    headers,
    network::{Address, Tls},
    tls, untimed,
};
use crate::{
    error::Error,
    plan::{limits::Limits, target::Target},
    sample::probe::{Probe, Protocol},
};

/// The page that asks; browsers send the origin of theirs.
const ORIGIN: &str = "https://walrus-stress.example";

/// Asks `target` for one byte of a blob that it has, as a page of another origin would, and which versions of HTTP it
/// offers. What has no answer is `None`.
///
/// # Errors
/// When `limits` have certificates or headers that cannot be used.
pub async fn probe(target: &Target, limits: &Limits, blob_id: &str) -> Result<Probe, Error> {
    let client = untimed::client(limits, target.is_https())?;
    let headers = headers::prepare(target, &limits.aggregator_headers, limits)?;
    let Ok(url) = target.at(&format!("v1/blobs/{blob_id}")) else { return Ok(Probe::default()) };
    let request = client.get(url).headers(headers).header(header::ORIGIN, ORIGIN);
    let Ok(response) = request.header(header::RANGE, "bytes=0-0").send().await else {
        return Ok(Probe::default());
    };
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let allowed = text(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let alt_svc = text(header::ALT_SVC).unwrap_or_default();
    let http3 = offers_http3(alt_svc).then_some(Protocol::Http3);
    let alpn = alpn(target, limits).await?;
    let protocols = alpn.map(|protocol| {
        [Some(Protocol::Http1), protocol.filter(|one| *one != Protocol::Http1), http3]
            .into_iter()
            .flatten()
            .collect()
    });
    Ok(Probe {
        cors: Some(allowed.is_some_and(|allowed| allowed == "*" || allowed == ORIGIN)),
        range: Some(is_one_byte(response.status(), text(header::CONTENT_RANGE))),
        protocols,
    })
}

/// Whether a response has the first byte alone.
fn is_one_byte(status: StatusCode, range: Option<&str>) -> bool {
    status == StatusCode::PARTIAL_CONTENT && range.is_some_and(|range| range.trim().starts_with("bytes 0-0/"))
}

/// Whether `Alt-Svc` names HTTP/3 (RFC 7838, RFC 9114 §3.1.1).
fn offers_http3(alt_svc: &str) -> bool {
    alt_svc.split(',').any(|alternative| alternative.trim_start().starts_with("h3="))
}

/// The version that the server chooses when it is offered HTTP/2, too: `None` without an answer, `Some(None)` over TLS when
/// it does not choose. Clear text is HTTP/1.1 here: its upgrades are not tried.
async fn alpn(target: &Target, limits: &Limits) -> Result<Option<Option<Protocol>>, Error> {
    if !target.is_https() {
        return Ok(Some(Some(Protocol::Http1)));
    }
    let mut config = tls::config(limits)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let address = Address::of(target)?;
    let Tls { connector, name } = Tls::new(target, &Arc::new(config))?;
    let handshake = handshake(address, connector, name);
    Ok(timeout(limits.connect_timeout.max(Duration::from_secs(1)), handshake).await.ok().flatten())
}

async fn handshake(
    address: Address,
    connector: TlsConnector,
    name: rustls::pki_types::ServerName<'static>,
) -> Option<Option<Protocol>> {
    let tcp = tokio::net::TcpStream::connect(address.to_string()).await.ok()?;
    let stream = connector.connect(name, tcp).await.ok()?;
    Some(match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Some(Protocol::Http2),
        Some(b"http/1.1") => Some(Protocol::Http1),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_honoured_when_one_byte_comes_back() {
        for (status, range, expected) in [
            (206, Some("bytes 0-0/100"), true),
            (206, Some("bytes 0-0/*"), true),
            (206, Some("bytes 0-99/100"), false),
            (206, None, false),
            (200, Some("bytes 0-0/100"), false),
            (416, Some("bytes */0"), false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_one_byte(status, range), expected, "{status} {range:?}");
        }
    }

    #[test]
    fn http_3_is_an_alternative_service() {
        for (text, expected) in [
            ("", false),
            ("clear", false),
            (r#"h3=":443"; ma=86400"#, true),
            (r#"h2=":443", h3=":443""#, true),
            (r#"h3-29=":443""#, false),
        ] {
            assert_eq!(offers_http3(text), expected, "{text}");
        }
    }
}
