//! What it is that answers when it is not PostgreSQL.

use std::time::Duration;

use steadfast::time::timeout;
use steadfast_wire::SSL_REQUEST;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::hosts::{Door, Place};

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// PostgreSQL, or a pooler that speaks like it.
    Postgres,
    Http,
    Mysql,
    Redis,
    Ssh,
    /// A mail or file server: its greeting begins with a number.
    Mail,
    /// Something that wants TLS from the first byte: HTTPS, or PostgreSQL with direct TLS only.
    TlsOnly,
    /// It accepts the connection and closes it at once.
    Closes,
    /// It accepts the connection and says nothing.
    Silent,
    /// Something else, beginning with this byte.
    Unknown(u8),
    /// The connection broke.
    Breaks,
}

/// Asks who answers, as a PostgreSQL client would begin; what stays silent is asked once more, in HTTP.
pub(crate) async fn who(door: &Door, patience: Duration) -> Speaker {
    let Place::Tcp(address) = &door.place else { return Speaker::Postgres };
    let first = ask(*address, &SSL_REQUEST, patience).await;
    if first != Speaker::Silent {
        return first;
    }
    // Servers of lines wait for the end of one, which the request for TLS does not have.
    let second = ask(*address, b"HEAD / HTTP/1.0\r\n\r\n", patience).await;
    // PostgreSQL closes on this without a word, but it would have answered the first question.
    let nothing = [Speaker::Postgres, Speaker::Closes, Speaker::Breaks];
    if nothing.contains(&second) { Speaker::Silent } else { second }
}

async fn ask(address: std::net::SocketAddr, question: &[u8], patience: Duration) -> Speaker {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(question).await?;
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).await?;
        Ok::<_, std::io::Error>(recognise(answer.get(..read).unwrap_or_default()))
    };
    match timeout(patience, exchange).await {
        Ok(Ok(speaker)) => speaker,
        Ok(Err(_)) => Speaker::Breaks,
        Err(_) => Speaker::Silent,
    }
}

fn recognise(answer: &[u8]) -> Speaker {
    match answer {
        [] => Speaker::Closes,
        // PostgreSQL says one byte and waits.
        [b'S' | b'N'] => Speaker::Postgres,
        // An error instead: too old for TLS, or out of processes.
        [b'E', 0, ..] => Speaker::Postgres,
        [b'S', b'S', b'H', ..] => Speaker::Ssh,
        [b'H', b'T', b'T', b'P', ..] => Speaker::Http,
        [b'-' | b'+', ..] => Speaker::Redis,
        [b'E', b'R', b'R', ..] => Speaker::Redis,
        [0x15, 3, ..] => Speaker::TlsOnly,
        // A packet's length in three bytes, its number 0, and protocol 10 or an error.
        [_, _, 0, 0, 10 | 0xff, ..] => Speaker::Mysql,
        [b'2', b'2' | b'0', b'0', ..] => Speaker::Mail,
        [b'<', ..] => Speaker::Http,
        [first, ..] => Speaker::Unknown(*first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        for (answer, speaker) in [
            (b"S" as &[u8], Speaker::Postgres),
            (b"N", Speaker::Postgres),
            (b"E\0\0\0\x20SFATAL", Speaker::Postgres),
            (b"SSH-2.0-OpenSSH_9.2", Speaker::Ssh),
            (b"HTTP/1.1 400 Bad Request", Speaker::Http),
            (b"J\0\0\0\x0a8.0.36", Speaker::Mysql),
            (b"-ERR unknown command", Speaker::Redis),
            (b"220 mail.example ESMTP", Speaker::Mail),
            (b"\x15\x03\x01\0\x02", Speaker::TlsOnly),
            (b"", Speaker::Closes),
            (b"zzz", Speaker::Unknown(b'z')),
        ] {
            assert_eq!(recognise(answer), speaker, "{answer:?}");
        }
    }
}
