//! As little of HTTP/1.1 as it takes to keep a server busy without being busy oneself.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::Result;

/// A connection that is kept open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
    answered: u64,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, received: Vec::with_capacity(4096), answered: 0 })
    }

    /// How many requests were answered on it.
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// Asks, and opens the connection anew when the server closes it after the answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        let (head, length, closes) = self.head().await?;
        let end = head + length;
        while self.received.len() < end {
            self.receive().await?;
        }
        let status = std::str::from_utf8(&self.received[9..12])?.parse()?;
        let body = String::from_utf8_lossy(&self.received[head..end]).into_owned();
        self.received.drain(..end);
        self.answered += 1;
        if closes {
            let answered = self.answered;
            *self = Self::open(self.address).await?;
            self.answered = answered;
        }
        Ok(Answer { status, body })
    }

    /// Where the body begins, how long it is, and whether the connection ends behind it.
    async fn head(&mut self) -> Result<(usize, usize, bool)> {
        loop {
            if let Some(at) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.received[..at])?;
                let header = |wanted: &str| {
                    let pairs = head.lines().filter_map(|line| line.split_once(':'));
                    let mut pairs = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    pairs.next().map(|(_, value)| value.trim())
                };
                let length = header("content-length").ok_or("an answer without a length")?.parse()?;
                let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
                return Ok((at + 4, length, closes));
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}
