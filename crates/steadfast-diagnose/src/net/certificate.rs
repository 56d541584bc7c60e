//! What stands in a certificate.

use std::time::Duration;

use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};

/// The server's own certificate.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The names that it is made out to.
    pub(crate) names: Vec<String>,
    /// Since the epoch.
    pub(crate) not_before: Duration,
    pub(crate) not_after: Duration,
    /// It is marked as an authority's.
    pub(crate) is_authority: bool,
    /// SHA-256 of its public key, as `sslpin` takes it.
    pub(crate) pin: String,
}

impl Leaf {
    pub(crate) fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = Certificate::from_der(certificate).ok()?;
        let body = parsed.tbs_certificate();
        let key = body.subject_public_key_info().to_der().ok()?;
        let marked = body.get_extension::<BasicConstraints>().ok().flatten();
        let names = body.get_extension::<SubjectAltName>().ok().flatten();
        let names = names.map(|(_, names)| names.0.iter().filter_map(name).collect()).unwrap_or_default();
        Some(Self {
            subject: body.subject().to_string(),
            issuer: body.issuer().to_string(),
            names,
            not_before: body.validity().not_before.to_unix_duration(),
            not_after: body.validity().not_after.to_unix_duration(),
            is_authority: marked.is_some_and(|(_, constraints)| constraints.ca),
            pin: Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "servers are named by DNS names and addresses")]
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(address) => match address.as_bytes() {
            bytes if bytes.len() == 4 => {
                Some(std::net::IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string())
            }
            bytes => Some(std::net::IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        },
        _ => None,
    }
}
