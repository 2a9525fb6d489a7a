//! The TLS configuration of https connections: which certificates they trust.

use std::{fs::File, io::Read, path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use crate::{error::Error, plan::limits::Limits};

/// The most bytes of a file of certificates.
const MAX_PEM: u64 = 16 * 1024 * 1024;

/// The configuration for `limits`: the platform's root certificates and those of `--cacert`, or no verification at all.
///
/// # Errors
/// When the file of `--cacert` cannot be used, or when there are no root certificates at all.
pub(super) fn config(limits: &Limits) -> Result<ClientConfig, Error> {
    if limits.insecure {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        return Ok(finish(with_verifier(Arc::new(AnyCertificate(provider)))));
    }
    Ok(finish(with_roots(roots(limits.ca_certificates.as_deref())?)))
}

/// A configuration without root certificates, for runs in which no target is https.
pub(super) fn without_roots() -> ClientConfig {
    finish(with_roots(RootCertStore::empty()))
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS")
}

fn with_roots(roots: RootCertStore) -> ClientConfig {
    builder().with_root_certificates(roots).with_no_client_auth()
}

fn with_verifier(verifier: Arc<dyn ServerCertVerifier>) -> ClientConfig {
    builder().dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // A platform's store often holds a few malformed certificates, which are no reason to stop.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = file {
        add_file(&mut roots, file)?;
    }
    if roots.is_empty() {
        return Err(refused(
            "this machine has no root certificates to check https servers with; \
                            name a PEM file with --cacert, or check nothing with --insecure",
        ));
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), Error> {
    let name = file.display();
    let unreadable = |error: &dyn std::fmt::Display| refused(format!("cannot read {name}: {error}"));
    let mut pem = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_PEM + 1).read_to_end(&mut pem));
    if read.map_err(|error| unreadable(&error))? as u64 > MAX_PEM {
        return Err(refused(format!(
            "{name} is longer than {MAX_PEM} bytes, and no list of root certificates"
        )));
    }
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| unreadable(&error))?;
    if certificates.is_empty() {
        return Err(refused(format!(
            "{name} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        )));
    }
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| refused(format!("{name} holds an unusable certificate: {error}")))?;
    }
    Ok(())
}

fn refused(reason: impl Into<String>) -> Error {
    Error::Flag { flag: "--cacert".to_owned(), reason: reason.into() }
}

/// Accepts every certificate, but still verifies that the server holds its private key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
