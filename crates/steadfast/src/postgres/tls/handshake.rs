//! The handshake itself.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::ProtocolVersion;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::binding::end_point;
use super::settings::Settings;
use super::words;

/// A stream under TLS.
#[derive(Debug)]
pub(in crate::postgres) struct Secured {
    pub(in crate::postgres) stream: Box<TlsStream<TcpStream>>,
    /// For channel binding.
    pub(in crate::postgres) end_point: Option<Vec<u8>>,
    pub(in crate::postgres) version: String,
}

/// Does the handshake with a host that is ready for it.
pub(in crate::postgres) async fn handshake(
    stream: TcpStream,
    host: &str,
    settings: &Settings,
) -> Result<Secured, Fault> {
    let name = server_name(host)?;
    let (config, verifier) = settings.for_one_handshake().map_err(|error| {
        Fault::new(Class::Permanent, Step::Tls, format!("TLS cannot be set up: {error}"))
            .with_remedy("check that sslcert and sslkey belong together")
    })?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream =
        connector.connect(name, stream).await.map_err(|error| words::failed(error, host, &verifier))?;
    let session = stream.get_ref().1;
    if settings.direct && session.alpn_protocol() != Some(b"postgresql") {
        return Err(Fault::new(
            Class::Permanent,
            Step::Tls,
            "the server does TLS but did not agree to speak PostgreSQL",
        )
        .with_remedy("sslnegotiation=direct needs PostgreSQL 17 or a proxy that knows it: leave it out"));
    }
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => format!("{other:?}"),
    };
    let end_point = session.peer_certificates().and_then(<[_]>::first).and_then(end_point);
    Ok(Secured { stream: Box::new(stream), end_point, version })
}

fn server_name(host: &str) -> Result<ServerName<'static>, Fault> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    ServerName::try_from(bare.to_owned()).map_err(|error| {
        Fault::new(
            Class::Permanent,
            Step::Tls,
            format!("{host} is no name that a certificate could be made out to"),
        )
        .with_remedy("use a DNS name or an address, or sslmode=disable")
        .with_source(error)
    })
}
