//! Decides whether a server's certificate will do, by libpq's rules.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::binding::key_hash;

/// What a certificate must be.
#[derive(Debug, Clone)]
pub(super) enum Trust {
    /// Anything, as libpq's `require` without a root (unless a key is pinned).
    Anything,
    /// Nothing but the pinned key.
    Nothing,
    /// Signed by a trusted root.
    Chain(Arc<WebPkiServerVerifier>),
    /// The same, and made out to the host.
    ChainAndName(Arc<WebPkiServerVerifier>),
}

/// A verifier for one handshake. It remembers the certificate, so that an error can show the key's hash.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    pin: Option<[u8; 32]>,
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl Verifier {
    pub(super) fn new(provider: &CryptoProvider, trust: Trust, pin: Option<[u8; 32]>) -> Self {
        Self { trust, pin, algorithms: provider.signature_verification_algorithms, seen: Mutex::new(None) }
    }

    /// The certificate that the server showed.
    pub(super) fn seen(&self) -> Option<CertificateDer<'static>> {
        self.seen.lock().clone()
    }

    /// Whether a key is pinned, and this certificate's is another.
    pub(super) fn pin_missed(&self) -> bool {
        self.pin.is_some_and(|pin| self.seen().is_none_or(|seen| key_hash(&seen) != Some(pin)))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock() = Some(certificate.clone().into_owned());
        if self.pin.is_some() && key_hash(certificate) == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        let by_chain = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(certificate, intermediates, server_name, ocsp_response, now)
        };
        match &self.trust {
            Trust::Anything if self.pin.is_none() => Ok(ServerCertVerified::assertion()),
            Trust::Anything | Trust::Nothing => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            Trust::ChainAndName(verifier) => by_chain(verifier),
            Trust::Chain(verifier) => match by_chain(verifier) {
                // The name is looked at last: whoever gets that far has a trusted chain.
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )) => Ok(ServerCertVerified::assertion()),
                verdict => verdict,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Always: channel binding and pins are worth nothing when the server need not own the key it shows.
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
