//! The beginning of a log-in, by hand: what the server wants to see before it lets anybody in.

use std::io;
use std::time::Duration;

use steadfast::config::PostgresOptions;
use steadfast::time::timeout;
use steadfast_wire::{Report, SSL_REQUEST};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::hosts::{Door, Place};
use super::tls;

/// What the server answered to the first message of a log-in.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) answer: Answer,
}

/// The first answer.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It lets this role in without a question (`trust`, or by certificate or peer).
    Nothing,
    ClearPassword,
    Md5,
    /// SCRAM; with `binding` it can be tied to the TLS connection.
    Scram {
        binding: bool,
    },
    /// GSSAPI, SSPI and the like, by their number in the protocol.
    Other(u32),
    /// An error.
    Refused(Box<Report>),
    /// It closed the connection.
    Closed,
    /// Nothing came.
    Silence,
    /// Bytes that PostgreSQL never sends.
    Strange,
}

/// A message before authentication is no longer than this (libpq's own limit is 2000 for the first).
const LONGEST: usize = 30_000;

/// For how long the server's end of a connection is waited for.
const FAREWELL: Duration = Duration::from_millis(300);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Hello {
    /// Says the first word of a log-in and goes away. `None`: the socket or TLS did not come up.
    pub(crate) async fn say(
        door: &Door,
        options: &PostgresOptions,
        encrypted: bool,
        patience: Duration,
    ) -> Option<Self> {
        let mut stream = timeout(patience, connect(door, options, encrypted)).await.ok()?.ok()?;
        let answer = timeout(patience, exchange(&mut *stream, options)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::Closed,
            Err(_) => Answer::Silence,
        };
        // The server's slot is free when it has closed its end, and the next connection may need it.
        let farewell = async {
            stream.shutdown().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        let _late = timeout(FAREWELL, farewell).await;
        Some(Self { answer })
    }
}

async fn connect(door: &Door, options: &PostgresOptions, encrypted: bool) -> io::Result<Box<dyn Stream>> {
    let mut stream = match &door.place {
        Place::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
        Place::Tcp(address) => TcpStream::connect(address).await?,
    };
    if !encrypted {
        return Ok(Box::new(stream));
    }
    if !options.tls.direct {
        stream.write_all(&SSL_REQUEST).await?;
        if stream.read_u8().await? != b'S' {
            return Err(io::ErrorKind::Unsupported.into());
        }
    }
    let (connector, _) = tls::connector(&options.tls)?;
    let name = tls::server_name(&door.host).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

async fn exchange(stream: &mut dyn Stream, options: &PostgresOptions) -> io::Result<Answer> {
    stream.write_all(&startup_message(options)).await?;
    stream.flush().await?;
    let tag = stream.read_u8().await?;
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    let Some(length) = length.checked_sub(4).filter(|length| *length <= LONGEST) else {
        return Ok(Answer::Strange);
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(match tag {
        b'R' => authentication(&body),
        b'E' => Answer::Refused(Box::new(Report::read(&body))),
        _ => Answer::Strange,
    })
}

fn authentication(body: &[u8]) -> Answer {
    let Some((number, rest)) = body.split_first_chunk::<4>() else { return Answer::Strange };
    match u32::from_be_bytes(*number) {
        0 => Answer::Nothing,
        3 => Answer::ClearPassword,
        5 => Answer::Md5,
        10 => {
            let mut mechanisms = rest.split(|byte| *byte == 0);
            Answer::Scram { binding: mechanisms.any(|name| name == b"SCRAM-SHA-256-PLUS") }
        }
        other => Answer::Other(other),
    }
}

fn startup_message(options: &PostgresOptions) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    for (name, value) in [
        ("user", options.user.as_str()),
        ("database", options.database.as_str()),
        ("application_name", "steadfast diagnose"),
    ] {
        body.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    body.push(0);
    let length = u32::try_from(body.len().saturating_add(4)).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), body.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read() {
        assert!(matches!(authentication(&[0, 0, 0, 0]), Answer::Nothing));
        assert!(matches!(authentication(&[0, 0, 0, 5, 1, 2, 3, 4]), Answer::Md5));
        let both = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        assert!(matches!(authentication(both), Answer::Scram { binding: true }));
        assert!(matches!(authentication(b"\0\0\0\x0aSCRAM-SHA-256\0\0"), Answer::Scram { binding: false }));
        assert!(matches!(authentication(&[0, 0]), Answer::Strange));
    }
}
