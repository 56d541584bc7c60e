//! What a server shows when it is asked for TLS, whether we would accept it or not.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use steadfast::config::TlsOptions;
use steadfast::time::{Instant, timeout};
use steadfast_wire::SSL_REQUEST;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::certificate::Leaf;
use super::hosts::{Door, Place};
use super::trust::{Roots, Trouble, judge_chain, judge_name};

/// What a server showed.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It does not offer TLS.
    Declined,
    /// It agreed, and the handshake failed.
    Broken(String),
    /// It is up.
    Up(Box<Up>),
}

/// A handshake that came to its end, since everything was accepted.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) version: &'static str,
    pub(crate) took: Duration,
    pub(crate) chain_length: usize,
    pub(crate) leaf: Option<Leaf>,
    pub(crate) roots: Roots,
    /// Whether the chain leads to one of the roots.
    pub(crate) chain: Result<(), Trouble>,
    /// Whether the certificate is made out to the host.
    pub(crate) name: Result<(), Trouble>,
}

impl Seen {
    /// Looks. `None`: it is no TCP address, or the connection broke before the question was answered.
    pub(crate) async fn look(door: &Door, options: &TlsOptions, patience: Duration) -> Option<Self> {
        let Place::Tcp(address) = &door.place else { return None };
        let mut stream = timeout(patience, TcpStream::connect(address)).await.ok()?.ok()?;
        if !options.direct {
            let offer = async {
                stream.write_all(&SSL_REQUEST).await?;
                stream.read_u8().await
            };
            match timeout(patience, offer).await.ok()?.ok()? {
                b'S' => {}
                b'N' => return Some(Self::Declined),
                _ => return None,
            }
        }
        let started = Instant::now();
        let (connector, recorder) = connector(options).ok()?;
        let Some(name) = server_name(&door.host) else {
            return Some(Self::Broken(
                "the host is no name that a certificate could be made out to".to_owned(),
            ));
        };
        match timeout(patience, connector.connect(name.clone(), stream)).await {
            Err(_) => Some(Self::Broken(format!("the handshake was not answered within {patience:?}"))),
            Ok(Err(error)) => Some(Self::Broken(error.to_string())),
            Ok(Ok(stream)) => {
                let version = version(stream.get_ref().1.protocol_version());
                Some(Self::Up(Box::new(judge(&recorder, &name, options, version, started.elapsed()))))
            }
        }
    }

    /// Whether a client that takes TLS when it is offered gets it.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Up(_))
    }
}

fn judge(
    recorder: &Recorder,
    name: &ServerName<'_>,
    options: &TlsOptions,
    version: &'static str,
    took: Duration,
) -> Up {
    let chain = recorder.chain.lock().clone();
    let roots = match options.root_cert.as_deref() {
        None | Some("system") => Roots::System,
        Some(path) => Roots::File(path.to_owned()),
    };
    let none = || Err(Trouble::Other("the server showed no certificate".to_owned()));
    Up {
        version,
        took,
        chain_length: chain.len(),
        leaf: chain.first().and_then(Leaf::read),
        chain: judge_chain(&chain, name, &roots, &recorder.provider),
        name: chain.first().map_or_else(none, |leaf| judge_name(leaf, name)),
        roots,
    }
}

/// A connector that accepts and records everything. For looking only: nothing secret is sent over it.
pub(super) fn connector(options: &TlsOptions) -> io::Result<(TlsConnector, Arc<Recorder>)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let recorder = Arc::new(Recorder { provider: Arc::clone(&provider), chain: Mutex::new(Vec::new()) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as _);
    let mut config = match own_certificate(options) {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(io::Error::other)?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok((TlsConnector::from(Arc::new(config)), recorder))
}

/// What cannot be read is somebody else's finding.
fn own_certificate(options: &TlsOptions) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_file_iter(options.client_cert.as_ref()?).ok()?.flatten().collect();
    Some((chain, PrivateKeyDer::from_pem_file(options.client_key.as_ref()?).ok()?))
}

pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(bare.to_owned()).ok(),
    }
}

fn version(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "an unknown version of TLS",
    }
}

/// Accepts everything and remembers the chain.
#[derive(Debug)]
pub(super) struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        *self.chain.lock() = all.map(|certificate| certificate.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
