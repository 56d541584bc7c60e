//! What is trusted and what is shown, read once when the connector is made.

use std::path::Path;
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{SslMode, TlsOptions};
use crate::error::ConfigError;

use super::verifier::{Trust, Verifier};

/// The word that stands for the operating system's trusted roots.
const SYSTEM: &str = "system";

/// Everything that a handshake needs but the host.
#[derive(Debug)]
pub(in crate::postgres) struct Settings {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    pin: Option<[u8; 32]>,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    pub(in crate::postgres) direct: bool,
}

impl Settings {
    /// Reads the files that the options name. `None` when TLS is switched off.
    ///
    /// # Errors
    /// Names the option, the file and what is wrong with it.
    pub(in crate::postgres) fn load(options: &TlsOptions) -> Result<Option<Self>, ConfigError> {
        if options.mode == SslMode::Disable {
            return Ok(None);
        }
        if options.direct && matches!(options.mode, SslMode::Allow | SslMode::Prefer) {
            return Err(ConfigError::new(
                "sslnegotiation",
                "direct leaves no room for a connection without TLS",
                "accepted are sslmode=require, verify-ca and verify-full with it",
            ));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = trust(options, &provider)?;
        let client = client(options)?;
        Ok(Some(Self { provider, trust, pin: options.pin, client, direct: options.direct }))
    }

    /// Whether a key is pinned: a server without it is then never spoken to without TLS either.
    pub(in crate::postgres) fn is_pinned(&self) -> bool {
        self.pin.is_some()
    }

    /// A configuration for one handshake, and the verifier that remembers what the server showed.
    pub(super) fn for_one_handshake(&self) -> Result<(ClientConfig, Arc<Verifier>), rustls::Error> {
        let verifier = Arc::new(Verifier::new(&self.provider, self.trust.clone(), self.pin));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let mut config = match &self.client {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        };
        // PostgreSQL issues no tickets, and a resumed session would not show its certificate again.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok((config, verifier))
    }
}

fn trust(options: &TlsOptions, provider: &Arc<CryptoProvider>) -> Result<Trust, ConfigError> {
    let root = options.root_cert.as_deref();
    if root == Some(SYSTEM) && options.mode != SslMode::VerifyFull {
        return Err(ConfigError::new(
            "sslrootcert",
            "with `system` every holder of some public certificate would be let in",
            "accepted is sslmode=verify-full with it",
        ));
    }
    let verifier = || roots(root.unwrap_or(SYSTEM), provider);
    Ok(match (options.mode, root) {
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer, _) | (SslMode::Require, None) => {
            Trust::Anything
        }
        (SslMode::VerifyCa, None) if options.pin.is_some() => Trust::Nothing,
        (SslMode::VerifyFull, None) if options.pin.is_some() => Trust::Nothing,
        (SslMode::VerifyCa, None) => {
            return Err(ConfigError::new(
                "sslrootcert",
                "sslmode=verify-ca needs a root to verify against",
                "accepted is the path of a PEM file, or a pinned key instead",
            ));
        }
        (SslMode::Require | SslMode::VerifyCa, Some(_)) => Trust::Chain(verifier()?),
        (SslMode::VerifyFull, _) => Trust::ChainAndName(verifier()?),
    })
}

fn roots(source: &str, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "sslrootcert",
            problem,
            "accepted are the path of a PEM file with certificates, or `system`",
        )
    };
    let mut store = RootCertStore::empty();
    if source == SYSTEM {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(refuse(
                "this system has no trusted roots (is the package ca-certificates installed?)".into(),
            ));
        }
    } else {
        for certificate in certificates(source).map_err(&refuse)? {
            store.add(certificate).map_err(|error| refuse(format!("a certificate in {source}: {error}")))?;
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| refuse(format!("{source}: {error}")))
}

fn client(
    options: &TlsOptions,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, ConfigError> {
    match (&options.client_cert, &options.client_key) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::new(
            "sslkey",
            "sslcert is set and its key is not",
            "accepted is the path of a PEM file",
        )),
        (None, Some(_)) => Err(ConfigError::new(
            "sslcert",
            "sslkey is set and its certificate is not",
            "accepted is the path of a PEM file",
        )),
        (Some(chain), Some(key)) => {
            let refuse =
                |field: &str, problem| ConfigError::new(field, problem, "accepted is the path of a PEM file");
            let chain = certificates(chain).map_err(|problem| refuse("sslcert", problem))?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| refuse("sslkey", format!("{key} cannot be read as a key: {error}")))?;
            Ok(Some((chain, key)))
        }
    }
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    if !Path::new(path).exists() {
        return Err(format!("the file {path} does not exist"));
    }
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| format!("{path}: {error}"))?.collect();
    match found {
        Ok(certificates) if certificates.is_empty() => Err(format!("{path} holds no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mode: SslMode) -> TlsOptions {
        TlsOptions { mode, ..TlsOptions::default() }
    }

    fn refused(options: &TlsOptions) -> ConfigError {
        Settings::load(options).unwrap_err()
    }

    #[test]
    fn the_system_roots_are_for_verify_full_only() {
        for mode in [SslMode::Prefer, SslMode::Require, SslMode::VerifyCa] {
            let mut options = options(mode);
            options.root_cert = Some("system".into());
            assert_eq!(refused(&options).field(), "sslrootcert");
        }
    }

    #[test]
    fn verify_ca_needs_something_to_verify_against() {
        assert_eq!(refused(&options(SslMode::VerifyCa)).field(), "sslrootcert");
        let mut pinned = options(SslMode::VerifyCa);
        pinned.pin = Some([0; 32]);
        assert!(Settings::load(&pinned).unwrap().unwrap().is_pinned());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let mut options = options(SslMode::VerifyFull);
        options.root_cert = Some("/no/such/root.pem".into());
        assert!(refused(&options).problem().contains("/no/such/root.pem"));
        options.root_cert = None;
        options.pin = Some([0; 32]);
        options.client_cert = Some("/no/such/client.pem".into());
        assert_eq!(refused(&options).field(), "sslkey");
        options.client_key = Some("/no/such/client.key".into());
        assert_eq!(refused(&options).field(), "sslcert");
    }

    #[test]
    fn direct_negotiation_excludes_going_without() {
        let mut options = options(SslMode::Prefer);
        options.direct = true;
        assert_eq!(refused(&options).field(), "sslnegotiation");
    }
}
