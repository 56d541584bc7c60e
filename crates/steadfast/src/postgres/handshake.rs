//! One try at one host: socket, TLS, start-up, authentication.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio_postgres::config::{self, SslNegotiation};

use crate::config::{ChannelBinding, PostgresOptions};
use crate::error::Fault;
use crate::sync::Mutex;
use crate::verdict::{Class, Step};

use super::catalogue::Catalogue;
use super::dial::{Way, dial, dial_way};
use super::fault;
use super::line::{LentStream, Shared, Stream};
use super::observed::Observed;
use super::progress::Progress;
use super::sqlstate::{Circumstances, Moment};
use super::tap::Tap;
use super::tls::{self, Offer, Settings};
use super::transport::{PassThrough, Transport};

/// Whether a try is made with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Never,
    WhenOffered,
    Always,
}

/// An authenticated connection whose driver does not run yet.
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) observed: Arc<Observed>,
    pub(super) way: Way,
    /// The version of TLS, when there is TLS.
    pub(super) tls: Option<String>,
}

/// A stream that is ready for its first packet, and what is known about its encryption.
pub(super) struct Ready {
    pub(super) transport: Transport,
    end_point: Option<Vec<u8>>,
    tls: Option<String>,
}

/// Why a try failed.
pub(super) struct Refused {
    pub(super) fault: Fault,
    /// It failed in the TLS handshake or behind it, so that a try without TLS may end differently.
    pub(super) under_tls: bool,
}

fn unproven(fault: Fault) -> Refused {
    Refused { fault, under_tls: false }
}

/// Opens a connection to one host.
pub(super) async fn open(
    options: &PostgresOptions,
    settings: Option<&Settings>,
    (host, port): (&str, u16),
    encryption: Encryption,
    progress: &Progress,
    catalogue: &Arc<Catalogue>,
) -> Result<Opened, Refused> {
    let (transport, way) = dial(host, port, &options.socket, progress).await.map_err(unproven)?;
    let ready = encrypt(transport, host, settings, encryption, progress).await?;
    let encrypted = ready.tls.is_some();
    let observed = Arc::new(Observed::new(Arc::clone(catalogue)));
    progress.handed_to_driver(format!("starting the session at {host}:{port}"), Arc::clone(&observed));
    let stream = Shared::new(Mutex::new(Tap::new(ready.transport, Arc::clone(&observed))));
    let pass = PassThrough { end_point: ready.end_point };
    let config = driver_config(options, encrypted);
    let circumstances = Circumstances {
        moment: Moment::Connecting,
        target: options.target_session,
        read_only: false,
        fatal: true,
    };
    // The driver is done then. A piece of a next message that it may have read already goes with it.
    let opened = config.connect_raw(LentStream::new(Arc::clone(&stream)), pass).await.map(drop);
    match opened {
        Ok(()) if stream.lock().is_between_frames() => {
            Ok(Opened { stream: stream.into(), observed, way, tls: ready.tls })
        }
        Ok(()) => Err(Refused { fault: cut(), under_tls: encrypted }),
        Err(error) => {
            let step = if observed.is_authenticated() { Step::Startup } else { Step::Authenticate };
            let fault = fault::from_driver(error, step, &observed, circumstances);
            Err(Refused { fault, under_tls: encrypted })
        }
    }
}

fn cut() -> Fault {
    let what =
        "the server said something more behind the start of the session, of which only a part has arrived";
    Fault::new(Class::Unavailable, Step::Startup, what).with_remedy("try again")
}

/// Opens a stream on a way that has worked before, encrypted if it was then.
pub(super) async fn reopen(
    options: &PostgresOptions,
    settings: Option<&Settings>,
    host: &str,
    way: &Way,
    encrypted: bool,
    progress: &Progress,
) -> Result<Ready, Fault> {
    let transport = dial_way(way, &options.socket, progress).await?;
    let encryption = if encrypted { Encryption::Always } else { Encryption::Never };
    encrypt(transport, host, settings, encryption, progress).await.map_err(|refused| refused.fault)
}

async fn encrypt(
    transport: Transport,
    host: &str,
    settings: Option<&Settings>,
    encryption: Encryption,
    progress: &Progress,
) -> Result<Ready, Refused> {
    let plain = |transport| Ready { transport, end_point: None, tls: None };
    let settings = settings.filter(|_| encryption != Encryption::Never);
    let (mut stream, settings) = match (transport, settings) {
        (Transport::Tcp(stream), Some(settings)) => (stream, settings),
        // As in libpq, sslmode is not about Unix sockets.
        (transport, _) => return Ok(plain(transport)),
    };
    progress.at(Step::Tls, format!("negotiating TLS with {host}"));
    if !settings.direct && tls::negotiate(&mut stream).await.map_err(unproven)? == Offer::Declined {
        if encryption == Encryption::WhenOffered {
            return Ok(plain(Transport::Tcp(stream)));
        }
        let fault = Fault::new(
            Class::Permanent,
            Step::Tls,
            "the server does not offer TLS, and the configuration requires it",
        );
        return Err(unproven(fault.with_remedy(
            "switch ssl on in the server, or, on a network that you trust, set sslmode=prefer or disable",
        )));
    }
    secure(stream, host, settings).await.map_err(|fault| Refused { fault, under_tls: true })
}

async fn secure(stream: TcpStream, host: &str, settings: &Settings) -> Result<Ready, Fault> {
    let secured = tls::handshake(stream, host, settings).await?;
    Ok(Ready {
        transport: Transport::Tls(secured.stream),
        end_point: secured.end_point,
        tls: Some(secured.version),
    })
}

fn driver_config(options: &PostgresOptions, encrypted: bool) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .user(options.user.as_str())
        .dbname(options.database.as_str())
        .application_name(options.application_name.as_str())
        // TLS is up already, or is not to be: the driver only passes the stream through.
        .ssl_mode(if encrypted { config::SslMode::Require } else { config::SslMode::Disable })
        .ssl_negotiation(if encrypted { SslNegotiation::Direct } else { SslNegotiation::Postgres })
        .channel_binding(match options.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        });
    if let Some(password) = &options.password {
        config.password(password.expose_secret());
    }
    if let Some(more) = &options.options {
        config.options(more.as_str());
    }
    config
}
