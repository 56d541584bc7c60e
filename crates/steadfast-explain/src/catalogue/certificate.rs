//! The server's certificate.

use super::says;
use crate::client::Client::{Asyncpg, Go, Jdbc, Libpq, NodePostgres, Rustls, Steadfast};
use crate::entry::Entry;
use crate::layer::Layer;

const TLS: Entry = Entry::in_layer(Layer::Tls);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "root-certificate-missing",
        title: "The file of trusted authorities is not there",
        wordings: &[
            says(Libpq, "root certificate file \"*\" does not exist"),
            says(Libpq, "could not read root certificate file"),
            says(Libpq, "weak sslmode \"*\" may not be used with sslrootcert=system"),
            says(Asyncpg, "`sslrootcert` parameter: cannot load"),
            says(Steadfast, "sslrootcert: the file * does not exist"),
            says(Steadfast, "with sslrootcert=system anybody can have a trusted certificate"),
        ],
        happened: "The certificate is to be verified, and what to verify it against is missing.",
        causes: &[
            "sslmode=verify-ca or verify-full without sslrootcert: libpq looks for ~/.postgresql/root.crt",
            "the file is not in the image, or the path is relative to another directory",
        ],
        remedies: &[
            "Where the server's certificate comes from a public authority: sslrootcert=system (libpq 16 and later).",
            "Else put the platform's authority into the image and name its absolute path in sslrootcert.",
        ],
        steadfast: "Reads the file before it connects and names it; without one it trusts the system's authorities.",
        related: &["certificate-unknown-issuer"],
        ..TLS
    },
    Entry {
        id: "certificate-wrong-name",
        title: "The certificate is made out to another name",
        wordings: &[
            says(Libpq, "server certificate for \"*\" does not match host name \"*\""),
            says(Libpq, "server certificate for \"*\" (and * other name*) does not match host name"),
            says(Rustls, "invalid peer certificate: certificate not valid for name"),
            says(Rustls, "invalid peer certificate: NotValidForName"),
            says(Asyncpg, "certificate verify failed: Hostname mismatch"),
            says(Asyncpg, "certificate verify failed: IP address mismatch"),
            says(NodePostgres, "Hostname/IP does not match certificate's altnames"),
            says(NodePostgres, "ERR_TLS_CERT_ALTNAME_INVALID"),
            says(Jdbc, "The hostname * could not be verified by hostnameverifier"),
            says(Go, "x509: certificate is valid for *, not"),
            says(Steadfast, "the server's certificate is not made out to"),
            says(Steadfast, "is no name that a certificate could be made out to"),
        ],
        happened: "The certificate is genuine perhaps, but for another host.",
        causes: &[
            "a proxy's host stands in the URL, and the certificate says `localhost` or the server's own name",
            "the URL has an address where the certificate has names",
        ],
        remedies: &[
            "Connect by a name that the certificate has.",
            "Where that cannot be: sslmode=verify-ca with the authority's certificate, or a pin of the server's key.",
        ],
        steadfast: "Shows the names in the certificate, and the pin to use if you trust this server.",
        related: &["certificate-marked-as-authority", "certificate-unknown-issuer"],
        ..TLS
    },
    Entry {
        id: "certificate-marked-as-authority",
        title: "The server shows an authority's certificate as its own",
        wordings: &[
            says(Rustls, "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"),
            says(Rustls, "CaUsedAsEndEntity"),
            says(Steadfast, "the server shows a certificate that is marked as an authority's own (CA:TRUE)"),
        ],
        happened: "The certificate carries CA:TRUE, and rustls does not take such a one from a server.",
        causes: &[
            "Railway's PostgreSQL image makes itself such a certificate, made out to `localhost`; other images do likewise",
        ],
        remedies: &[
            "Pin the server's key (`sslpin=sha256:...`): that is stronger than any authority, and needs no name.",
            "With clients that cannot pin, use sslmode=require on a network that you trust, or issue a proper certificate.",
        ],
        steadfast: "Names the pin in the error, ready to be copied.",
        related: &["certificate-pin-mismatch", "certificate-wrong-name"],
        ..TLS
    },
    Entry {
        id: "certificate-unknown-issuer",
        title: "Nobody trusted has signed the certificate",
        wordings: &[
            says(Libpq, "SSL error: certificate verify failed"),
            says(Rustls, "invalid peer certificate: UnknownIssuer"),
            says(Asyncpg, "certificate verify failed: self-signed certificate"),
            says(Asyncpg, "certificate verify failed: self signed certificate"),
            says(Asyncpg, "certificate verify failed: unable to get local issuer certificate"),
            says(NodePostgres, "self-signed certificate"),
            says(NodePostgres, "self signed certificate"),
            says(NodePostgres, "unable to verify the first certificate"),
            says(NodePostgres, "unable to get local issuer certificate"),
            says(NodePostgres, "DEPTH_ZERO_SELF_SIGNED_CERT"),
            says(NodePostgres, "SELF_SIGNED_CERT_IN_CHAIN"),
            says(Jdbc, "PKIX path building failed"),
            says(Go, "x509: certificate signed by unknown authority"),
            says(Steadfast, "comes from an authority that is not trusted here"),
            says(Steadfast, "the server's certificate is not acceptable"),
            says(Steadfast, "the server's certificate was revoked"),
        ],
        happened: "The chain of the certificate ends at an authority that this machine does not know.",
        causes: &[
            "the platform has an authority of its own, which is not among the system's",
            "the server made its certificate itself",
            "the image has no authorities at all (package ca-certificates)",
        ],
        remedies: &[
            "Download the platform's authority and name it in sslrootcert.",
            "Or pin the server's key, after checking it with whoever runs the server.",
            "`rejectUnauthorized: false` and sslmode=require hide it: they encrypt towards anybody.",
        ],
        steadfast: "Shows the pin to use if you trust this server.",
        related: &["root-certificate-missing", "certificate-marked-as-authority"],
        ..TLS
    },
    Entry {
        id: "certificate-expired",
        title: "The certificate is not valid today",
        wordings: &[
            says(Libpq, "certificate has expired"),
            says(Libpq, "certificate is not yet valid"),
            says(Rustls, "invalid peer certificate: certificate expired"),
            says(Rustls, "invalid peer certificate: Expired"),
            says(Rustls, "invalid peer certificate: NotValidYet"),
            says(Rustls, "invalid peer certificate: certificate not valid yet"),
            says(NodePostgres, "CERT_HAS_EXPIRED"),
            says(Jdbc, "java.security.cert.CertificateExpiredException"),
            says(Go, "x509: certificate has expired or is not yet valid"),
            says(Steadfast, "the server's certificate has expired"),
            says(Steadfast, "the server's certificate is not valid yet"),
        ],
        happened: "The day lies outside the certificate's dates.",
        causes: &[
            "nobody renewed it, or the server was not reloaded after it was",
            "the clock of this machine is wrong",
        ],
        remedies: &[
            "Look at the dates: `openssl s_client -starttls postgres -connect HOST:PORT | openssl x509 -noout -dates`.",
            "Renew it, and reload the server (`SELECT pg_reload_conf()`). Check `date` here.",
        ],
        steadfast: "Says which of the two it is. A pin does not look at dates.",
        related: &["certificate-unknown-issuer"],
        ..TLS
    },
    Entry {
        id: "certificate-pin-mismatch",
        title: "The server's key is not the pinned one",
        wordings: &[says(Steadfast, "the server's key is not the pinned one")],
        happened: "The server proved to have another key than the one in sslpin.",
        causes: &[
            "the server was set up anew or its key was renewed",
            "somebody else answers at this address",
        ],
        remedies: &[
            "Ask whoever runs the server for the hash of the new key, compare it with the one in the error, then change sslpin.",
        ],
        steadfast: "Refuses the connection before any password is sent.",
        related: &["certificate-marked-as-authority"],
        ..TLS
    },
];
