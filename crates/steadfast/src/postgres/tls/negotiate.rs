//! Asks a server whether it speaks TLS.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::super::fault::plain;

/// What the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres) enum Offer {
    /// TLS it is.
    Accepted,
    /// No TLS; the same connection may go on without.
    Declined,
}

/// Sends an SSLRequest and reads its answer: one byte, and not one more, for what follows it in plain could
/// have been put there by anybody (CVE-2021-23222).
pub(in crate::postgres) async fn negotiate(stream: &mut TcpStream) -> Result<Offer, Fault> {
    stream.write_all(&steadfast_wire::SSL_REQUEST).await.map_err(broke)?;
    let mut answer = [0; 1];
    stream.read_exact(&mut answer).await.map_err(broke)?;
    let [answer] = answer;
    match answer {
        b'S' => {
            let mut more = [0; 3];
            match stream.try_read(&mut more) {
                Ok(read) if read > 0 => Err(surplus(&more)),
                // The usual case is "would block"; an end is found out by the handshake.
                Ok(_) | Err(_) => Ok(Offer::Accepted),
            }
        }
        b'N' => Ok(Offer::Declined),
        other => Err(not_postgres(other)),
    }
}

fn broke(error: io::Error) -> Fault {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Fault::new(
            Class::Unavailable,
            Step::Tls,
            "the server accepted the connection and closed it without a word",
        )
        .with_remedy(
            "a proxy without a working database behind it, or a database that is being started: try again",
        );
    }
    Fault::new(Class::Unavailable, Step::Tls, format!("the connection broke: {}", plain(&error)))
        .with_remedy(
            "a proxy or firewall cuts the connection: look at what stands between here and the server",
        )
        .with_source(error)
}

fn surplus(more: &[u8]) -> Fault {
    if more.starts_with(b"SH") {
        return other_service("an SSH server");
    }
    Fault::new(
        Class::Permanent,
        Step::Tls,
        "the server sent data behind its agreement to TLS and before the handshake",
    )
    .with_remedy("somebody on the path may be putting data into the connection; do not trust this path")
}

fn not_postgres(answer: u8) -> Fault {
    match answer {
        b'H' => other_service("an HTTP server"),
        b'J' | b'Y' | b'[' => other_service("a MySQL server"),
        b'-' => other_service("a Redis server"),
        b'E' => Fault::new(
            Class::Unavailable,
            Step::Tls,
            "the server answered the request for TLS by an error",
        )
        .with_remedy(
            "a server that is out of processes or memory, or one too old for TLS: its log has the text, \
                 which cannot be trusted before TLS is up",
        ),
        other => Fault::new(
            Class::Permanent,
            Step::Tls,
            format!(
                "the answer to the request for TLS is the byte {other:#04x}, which PostgreSQL never sends"
            ),
        )
        .with_remedy("check host and port: something else listens there"),
    }
}

fn other_service(what: &str) -> Fault {
    Fault::new(Class::Permanent, Step::Tls, format!("what answers there is {what}, not PostgreSQL"))
        .with_remedy("check host and port: PostgreSQL's default port is 5432")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &'static [u8]) -> Result<Offer, Fault> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Written before the request is read, so that all of it is there when the first byte is.
            stream.write_all(answer).await.unwrap();
            let mut request = [0; 8];
            drop(stream.read_exact(&mut request).await);
            if answer.is_empty() {
                return None;
            }
            Some(stream)
        };
        let client = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.readable().await.unwrap();
            negotiate(&mut stream).await
        };
        if answer.is_empty() {
            let client = async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                negotiate(&mut stream).await
            };
            return futures_util::future::join(client, server).await.0;
        }
        futures_util::future::join(client, server).await.0
    }

    #[tokio::test]
    async fn both_proper_answers_are_understood() {
        assert_eq!(answered(b"S").await.unwrap(), Offer::Accepted);
        assert_eq!(answered(b"N").await.unwrap(), Offer::Declined);
    }

    #[tokio::test]
    async fn bytes_behind_the_agreement_are_refused() {
        let fault = answered(b"Sx").await.unwrap_err();
        assert!(fault.summary().contains("behind its agreement"), "{fault}");
    }

    #[tokio::test]
    async fn other_services_are_named() {
        for (answer, name) in [
            (b"HTTP/1.1 400 Bad Request" as &[u8], "HTTP"),
            (b"J\0\0\0\x0a8.0.36", "MySQL"),
            (b"-ERR unknown command", "Redis"),
            (b"SSH-2.0-OpenSSH_9.2", "SSH"),
            (b"\x16\x03\x01", "0x16"),
        ] {
            let fault = answered(answer).await.unwrap_err();
            assert!(fault.summary().contains(name), "{fault}");
            assert_eq!(fault.class(), Class::Permanent);
        }
    }

    #[tokio::test]
    async fn an_error_and_a_hang_up_may_pass() {
        assert_eq!(answered(b"E\0\0\0\x20SFATAL").await.unwrap_err().class(), Class::Unavailable);
        let fault = answered(b"").await.unwrap_err();
        assert_eq!(fault.class(), Class::Unavailable);
        assert!(fault.summary().contains("without a word"), "{fault}");
    }
}
