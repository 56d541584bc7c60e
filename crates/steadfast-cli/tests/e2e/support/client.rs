//! An HTTP client that sends exactly what it is told, on a connection of its own for each request.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any request may take: what has no answer by then never gets one.
const WITHIN: Duration = Duration::from_secs(45);

#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub address: SocketAddr,
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// Sends JSON as it stands.
    pub async fn json(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(method, path, &[("Content-Type", "application/json")], body.as_bytes()).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.exchange(&request(method, path, headers, body)).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends JSON under an Idempotency-Key.
    pub async fn keyed(&self, key: &str, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.send(method, path, &headers, body.as_bytes()).await
    }

    /// Sends bytes and reads until the service closes the connection; what went wrong, if it did.
    pub async fn exchange(&self, bytes: &[u8]) -> Result<Answer, String> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.map_err(|e| format!("connect: {e}"))?;
            stream.write_all(bytes).await.map_err(|e| format!("send: {e}"))?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.map_err(|e| format!("receive: {e}"))?;
            Answer::parse(&answer)
        };
        timeout(WITHIN, exchange).await.unwrap_or_else(|_| Err(format!("no answer within {WITHIN:?}")))
    }

    /// The pool as the health document shows it to a stranger, whom no row is counted for.
    pub async fn pool(&self) -> Value {
        let answer = self.send("GET", "/api/v1/health", &[("Via", "1.1 test")], b"").await;
        answer.body()["checks"]["pool:connections"][0].clone()
    }

    /// The sum over all series of a metric.
    pub async fn metric(&self, name: &str) -> f64 {
        sum(&self.get("/metrics").await.text, name, "")
    }
}

/// In the text of the metrics, a sum over all series of a name that have this text among their labels.
pub fn sum(text: &str, name: &str, with: &str) -> f64 {
    let of_name = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    of_name
        .filter(|line| line.contains(with))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

/// The body for a user of this name.
pub fn user(username: &str) -> String {
    serde_json::json!({ "username": username, "email": format!("{username}@example.org") }).to_string()
}

/// A whole request after which the connection is closed.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}

/// The request that stores a user of this name.
pub fn create(username: &str) -> Vec<u8> {
    request("POST", super::USERS, &[("Content-Type", "application/json")], user(username).as_bytes())
}

impl Answer {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8(bytes.to_vec()).map_err(|e| e.to_string())?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("no answer: {text:?}"))?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let answer =
            Self { status: status.ok_or("no status")?, headers: headers.clone(), text: body.to_owned() };
        match answer.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if length != body.len() && !body.is_empty() => {
                Err(format!("cut off: {} of {length} bytes of the body", body.len()))
            }
            _ => Ok(answer),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last part of the problem's type.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let kind = self.body()["type"].as_str().unwrap_or_default().to_owned();
        kind.strip_prefix("/problems/").unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The fields that the problem names.
    pub fn fields(&self) -> Vec<String> {
        let body = self.body();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|entry| entry["field"].as_str().unwrap().to_owned()).collect()
    }

    /// Somebody was given this answer before.
    pub fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// It may or may not have been stored, says the answer.
    pub fn is_unknown(&self) -> bool {
        self.header("x-outcome") == Some("unknown")
    }
}
