//! An HTTP client that sends exactly what it is told, so that it can be told nonsense.

use std::net::SocketAddr;

use serde_json::Value;
use steadfast::time::{Duration, timeout};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::document;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    address: SocketAddr,
}

/// An answer, held against the OpenAPI document already.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"").await
    }

    /// Sends JSON as it stands.
    pub(crate) async fn json(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(method, path, &[("Content-Type", "application/json")], body.as_bytes()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let answer = self.raw(&[head.as_bytes(), body].concat()).await;
        document::check(method, path, &answer);
        answer
    }

    /// Sends bytes and reads until the service closes the connection.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let answer = timeout(Duration::from_secs(20), exchange).await.expect("an answer within 20 s");
        Answer::parse(&answer)
    }

    /// A user that is there.
    pub(crate) async fn create(&self, username: &str, email: &str) -> i64 {
        let body = serde_json::json!({ "username": username, "email": email }).to_string();
        let answer = self.json("POST", "/api/v1/users", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body()["id"].as_i64().unwrap()
    }
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).expect("answers are text");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, text: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> String {
        self.body()["type"].as_str().unwrap().trim_start_matches("/problems/").to_owned()
    }

    /// The fields that the problem names, each with its code.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = self.body();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|entry| (text(&entry["field"]), text(&entry["code"]))).collect()
    }
}
