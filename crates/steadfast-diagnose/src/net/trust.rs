//! Whether a certificate would be accepted, and why not.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    /// The leaf is marked as an authority.
    AuthorityAsLeaf,
    /// There are no roots to check against: why.
    NoRoots(String),
    Other(String),
}

/// Which roots count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    System,
    File(String),
}

/// Whether the chain leads to a trusted root.
pub(crate) fn judge_chain(
    chain: &[CertificateDer<'static>],
    name: &ServerName<'_>,
    roots: &Roots,
    provider: &Arc<CryptoProvider>,
) -> Result<(), Trouble> {
    let Some((leaf, between)) = chain.split_first() else {
        return Err(Trouble::Other("the server showed no certificate".to_owned()));
    };
    let store = Arc::new(store(roots).map_err(Trouble::NoRoots)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider))
        .build()
        .map_err(|error| Trouble::NoRoots(error.to_string()))?;
    match verifier.verify_server_cert(leaf, between, name, &[], UnixTime::now()) {
        Ok(_) => Ok(()),
        Err(error) => {
            let trouble = trouble(&error);
            // The name is looked at last: whoever gets that far has a trusted chain.
            if trouble == Trouble::WrongName { Ok(()) } else { Err(trouble) }
        }
    }
}

/// Whether the certificate is made out to this name.
pub(crate) fn judge_name(leaf: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Trouble> {
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| trouble(&error))?;
    verify_server_name(&parsed, name).map_err(|error| trouble(&error))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of many errors a few have words of their own")]
fn trouble(error: &Error) -> Trouble {
    let Error::InvalidCertificate(problem) = error else {
        return Trouble::Other(error.to_string());
    };
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trouble::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Trouble::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Trouble::WrongName
        }
        CertificateError::UnknownIssuer => Trouble::UnknownIssuer,
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => Trouble::AuthorityAsLeaf,
        other => Trouble::Other(other.to_string()),
    }
}

fn store(roots: &Roots) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(
                    "this system has no trusted roots (the package ca-certificates brings them)".to_owned()
                );
            }
        }
        Roots::File(path) => {
            if !Path::new(path).exists() {
                return Err(format!("the file {path} does not exist"));
            }
            let found = CertificateDer::pem_file_iter(path).map_err(|error| format!("{path}: {error}"))?;
            store.add_parsable_certificates(found.flatten());
            if store.is_empty() {
                return Err(format!("{path} holds no certificate"));
            }
        }
    }
    Ok(store)
}
