//! Hashes of a certificate: of the whole for channel binding, of its key for a pin.

use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// The `tls-server-end-point` of RFC 5929: the certificate, hashed with the hash of its signature, SHA-256
/// standing in for MD5 and SHA-1. `None` for signatures without a hash of their own (Ed25519), for which
/// server and client have no common rule.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let signature = parsed.signature_algorithm().oid.to_string();
    Some(match signature.as_str() {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Sha256::digest(certificate).to_vec(),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(certificate).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}

/// SHA-256 of the certificate's SubjectPublicKeyInfo.
pub(super) fn key_hash(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let key = parsed.tbs_certificate().subject_public_key_info().to_der().ok()?;
    Some(Sha256::digest(key).into())
}

/// A hash in the form in which it is configured.
pub(super) fn hex(hash: [u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
