//! A failed handshake in words.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::super::fault::plain;
use super::binding::{hex, key_hash};
use super::verifier::Verifier;

/// The fault of a handshake that failed.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many errors a few have words of their own")]
pub(super) fn failed(error: io::Error, host: &str, verifier: &Verifier) -> Fault {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).cloned();
    let Some(tls) = tls else {
        return Fault::new(
            Class::Unavailable,
            Step::Tls,
            format!("the handshake was cut off: {}", plain(&error)),
        )
        .with_remedy(
            "a proxy that does not pass TLS on, or a server that went away: try again, then look between",
        )
        .with_source(error);
    };
    let (summary, remedy) = match &tls {
        Error::InvalidCertificate(problem) => certificate(problem, host, verifier),
        Error::AlertReceived(alert) => refused(*alert),
        Error::InvalidMessage(_) => (
            "what answers there does not speak TLS".to_owned(),
            "check host and port; a server that offers TLS only after being asked needs sslnegotiation=postgres".to_owned(),
        ),
        Error::PeerIncompatible(why) => (
            format!("no common way of encryption was found: {why:?}"),
            "the server must allow TLS 1.2 or newer (ssl_min_protocol_version, ssl_ciphers)".to_owned(),
        ),
        other => (format!("the handshake failed: {other}"), "look at the server's log for its side of the story".to_owned()),
    };
    Fault::new(Class::Permanent, Step::Tls, summary).with_remedy(remedy).with_source(error)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of many problems a few have words of their own")]
fn certificate(problem: &CertificateError, host: &str, verifier: &Verifier) -> (String, String) {
    let pin = verifier.seen().as_ref().and_then(key_hash).map_or_else(|| "cannot be read".to_owned(), hex);
    let to_pin = format!("if you trust this server, pin its key: {pin}");
    let text = format!("{problem:?}");
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the server's certificate has expired".to_owned(),
            "renew it on the server; check this machine's clock too".to_owned(),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "the server's certificate is not valid yet".to_owned(),
            "check the clocks of this machine and of whoever issued it".to_owned(),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            format!("the server's certificate is not made out to {host} but to {}", names(presented)),
            format!("connect by one of these names, or use sslmode=verify-ca; or {to_pin}"),
        ),
        CertificateError::NotValidForName => (
            format!("the server's certificate is not made out to {host}"),
            format!("connect by the name in it, or use sslmode=verify-ca; or {to_pin}"),
        ),
        CertificateError::UnknownIssuer => (
            "the server's certificate comes from an authority that is not trusted here".to_owned(),
            format!("put the authority's certificate into a file and name it in sslrootcert; or {to_pin}"),
        ),
        CertificateError::ApplicationVerificationFailure if verifier.pin_missed() => (
            format!("the server's key is not the pinned one; its hash is {pin}"),
            "if the key was renewed, pin the new one after checking it with whoever runs the server"
                .to_owned(),
        ),
        CertificateError::Revoked => {
            ("the server's certificate was revoked".to_owned(), "install a new one on the server".to_owned())
        }
        _ if text.contains("CaUsedAsEndEntity") => (
            "the server shows a certificate that is marked as an authority's own (CA:TRUE)".to_owned(),
            format!("some platforms do so on purpose; {to_pin}"),
        ),
        _ if text.contains("UnsupportedCertVersion") => (
            "the server's certificate is of version 1, which is too old".to_owned(),
            "issue it anew as version 3, with subjectAltName".to_owned(),
        ),
        _ => (format!("the server's certificate is not acceptable: {problem}"), to_pin),
    }
}

fn names(presented: &[String]) -> String {
    let names: Vec<String> = presented
        .iter()
        .map(|name| {
            // `DnsName("a")` and `IpAddress(..)` in rustls' own notation.
            name.split_once('"')
                .and_then(|(_, rest)| rest.split_once('"'))
                .map_or(name.as_str(), |(name, _)| name)
        })
        .map(str::to_owned)
        .collect();
    if names.is_empty() { "nobody (it has no subjectAltName)".to_owned() } else { names.join(", ") }
}

fn refused(alert: AlertDescription) -> (String, String) {
    let remedy = if matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
    ) {
        "the server wants a client certificate that it trusts: set sslcert and sslkey"
    } else if alert == AlertDescription::NoApplicationProtocol {
        "what answers there does TLS but not PostgreSQL: check host and port"
    } else {
        "look at the server's log for its reason"
    };
    (format!("the server refused the handshake: {alert:?}"), remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::verifier::Trust;
    use super::*;

    fn words(error: Error) -> Fault {
        let provider = rustls::crypto::ring::default_provider();
        let verifier = Verifier::new(&provider, Trust::Nothing, None);
        failed(io::Error::new(io::ErrorKind::InvalidData, error), "db.example", &verifier)
    }

    #[test]
    fn every_common_problem_has_words_and_a_remedy() {
        use CertificateError as Bad;
        for (error, part) in [
            (Error::InvalidCertificate(Bad::Expired), "expired"),
            (Error::InvalidCertificate(Bad::NotValidYet), "not valid yet"),
            (Error::InvalidCertificate(Bad::NotValidForName), "db.example"),
            (Error::InvalidCertificate(Bad::UnknownIssuer), "not trusted"),
            (Error::InvalidCertificate(Bad::Revoked), "revoked"),
            (Error::InvalidCertificate(Bad::BadSignature), "not acceptable"),
            (Error::AlertReceived(AlertDescription::CertificateRequired), "refused"),
            (Error::General("odd".into()), "odd"),
        ] {
            let fault = words(error);
            assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Tls));
            assert!(fault.summary().contains(part), "{part}: {fault}");
            assert!(fault.remedy().is_some(), "{fault}");
        }
        assert!(
            words(Error::AlertReceived(AlertDescription::UnknownCA)).remedy().unwrap().contains("sslcert")
        );
    }

    #[test]
    fn a_handshake_that_is_cut_off_may_go_better_next_time() {
        let provider = rustls::crypto::ring::default_provider();
        let verifier = Verifier::new(&provider, Trust::Nothing, None);
        let fault = failed(io::ErrorKind::UnexpectedEof.into(), "db.example", &verifier);
        assert_eq!(fault.class(), Class::Unavailable);
    }
}
