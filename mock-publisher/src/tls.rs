//! TLS of a server, as operators have it in a proxy: with their own certificate, or a self-signed one.

use crate::connection::AbortableStream;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The names of a self-signed certificate.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// It is generated for this machine.
    SelfSigned,
    /// From two PEM files.
    Files {
        /// The certificate and its intermediates.
        chain: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not one of the two forms.
    #[error("`{0}` is not a certificate: write self-signed, or CERT,KEY with two PEM files")]
    Form(String),
    /// A file that cannot be used.
    #[error("--tls: cannot use {path}", path = .0.display())]
    File(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// A certificate could not be generated.
    #[error("--tls: cannot make a certificate")]
    Made(#[from] rcgen::Error),
    /// Certificate and key do not match.
    #[error("--tls: cannot use the certificate with its key")]
    Pair(#[from] rustls::Error),
}

impl FromStr for TlsSource {
    type Err = TlsError;

    fn from_str(text: &str) -> Result<Self, TlsError> {
        if text == "self-signed" {
            return Ok(Self::SelfSigned);
        }
        match text.split_once(',') {
            Some((chain, key)) if !chain.is_empty() && !key.is_empty() => {
                Ok(Self::Files { chain: chain.into(), key: key.into() })
            }
            _ => Err(TlsError::Form(text.to_owned())),
        }
    }
}

impl TlsSource {
    /// Reads or generates the certificate.
    ///
    /// # Errors
    /// A file that is missing or invalid; a key that does not match.
    pub fn load(&self) -> Result<ServerTls, TlsError> {
        match self {
            Self::SelfSigned => {
                let made = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned))?;
                let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
                let key = key.map_err(|why| rustls::Error::General(why.to_owned()))?;
                ServerTls::new(vec![made.cert.der().clone()], key)
            }
            Self::Files { chain, key } => {
                let bad = |path: &PathBuf| {
                    let path = path.clone();
                    move |error| TlsError::File(path.clone(), error)
                };
                let certificates = CertificateDer::pem_file_iter(chain).map_err(bad(chain))?;
                let certificates = certificates.collect::<Result<_, _>>().map_err(bad(chain))?;
                ServerTls::new(certificates, PrivateKeyDer::from_pem_file(key).map_err(bad(key))?)
            }
        }
    }
}

/// TLS with a certificate, ready for handshakes; clones have the same one.
#[derive(Clone)]
pub struct ServerTls {
    acceptor: TlsAcceptor,
    certificate: CertificateDer<'static>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").finish_non_exhaustive()
    }
}

impl ServerTls {
    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let none = || rustls::Error::General("there is no certificate in the file".to_owned());
        let certificate = chain.first().cloned().ok_or_else(none)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = versions.with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// The certificate, for a client that is to trust it.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The handshake on a connection.
    ///
    /// # Errors
    /// A client without TLS, or without a common version or cipher suite.
    pub async fn accept(&self, stream: AbortableStream) -> io::Result<TlsStream<AbortableStream>> {
        self.acceptor.accept(stream).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_generated_or_read() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let text = |a: &PathBuf, b: &PathBuf| format!("{},{}", a.display(), b.display());
        let read = text(&cert, &key).parse::<TlsSource>().unwrap().load().unwrap();
        assert_eq!(read.certificate(), made.cert.der());
        assert!("self-signed".parse::<TlsSource>().unwrap().load().is_ok());
        for (flag, why) in [
            (text(&key, &key), "certificate"),
            (text(&cert, &cert), "cannot use"),
            ("a,b".into(), "cannot use a"),
        ] {
            let error = flag.parse::<TlsSource>().unwrap().load().unwrap_err().to_string();
            assert!(error.contains(why), "{flag}: {error}");
        }
        for bad in ["", "cert", ",key", "cert,"] {
            assert!(matches!(bad.parse::<TlsSource>(), Err(TlsError::Form(_))), "{bad}");
        }
    }
}
