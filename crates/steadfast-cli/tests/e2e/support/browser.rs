//! A real Chromium, driven over the W3C's WebDriver protocol, which is JSON over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64_of_screenshots::decode;
use serde_json::{Value, json};
use steadfast_test::{Process, eventually};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SOON;
use super::client::Client;
use super::scratch::Scratch;

/// A browser with one window. Closed when this is dropped, also by a test that fails.
#[derive(Debug)]
pub struct Browser {
    driver: Process,
    client: Client,
    session: String,
    pid: Option<i32>,
    _profile: Scratch,
}

/// A window as wide as a desktop's, and one as narrow as a phone's.
pub const WIDE: (u32, u32) = (1280, 900);
pub const NARROW: (u32, u32) = (390, 844);

impl Browser {
    /// Starts one. Debian's packages chromium and chromium-driver have what it needs.
    pub async fn start() -> Self {
        let profile = Scratch::new();
        let mut command = Command::new("chromedriver");
        command
            .args(["--port=0", "--log-level=WARNING"])
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path());
        let driver = Process::start(&mut command).await;
        let line = driver.wait_for_line("started successfully on port", SOON).await;
        let port = line.split("port ").nth(1).unwrap().trim_end_matches('.').parse().unwrap();
        let client = Client { address: SocketAddr::from(([127, 0, 0, 1], port)) };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en",
            &format!("--user-data-dir={}", profile.path().join("profile").display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = call(&client, "POST", "/session", &wanted).await;
        let session =
            answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        let pid = answer["capabilities"]["goog:processID"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        Self { driver, client, session, pid, _profile: profile }
    }

    pub async fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url })).await;
    }

    /// Runs a function's body in the page and gives what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// What a person reads in the first element that fits; empty when there is none, or it is hidden.
    pub async fn text(&self, selector: &str) -> String {
        let selector = json!(selector).to_string();
        let script = format!(
            "const e = document.querySelector({selector}); return e && e.checkVisibility() ? e.innerText : ''"
        );
        self.run(&script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a person reads this there.
    pub async fn reads(&self, selector: &str, text: &str) {
        let what = format!("{selector} says {text:?}");
        eventually(&what, SOON, async || self.text(selector).await.contains(text)).await;
    }

    pub async fn resize(&self, (width, height): (u32, u32)) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen).await;
    }

    /// `light` or `dark`, as the system of the person who looks has it.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features).await;
    }

    pub async fn run_scripts_of_pages(&self, on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": !on })).await;
    }

    /// The whole page as a picture, in the directory for temporary files of tests.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let options = json!({ "captureBeyondViewport": true, "format": "png", "clip": self.size().await });
        let picture = self.devtools("Page.captureScreenshot", &options).await;
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("status-page");
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{name}.png"));
        std::fs::write(&path, decode(picture["data"].as_str().unwrap())).unwrap();
        path
    }

    async fn size(&self) -> Value {
        let size = self.devtools("Page.getLayoutMetrics", &json!({})).await["cssContentSize"].clone();
        json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 })
    }

    /// What the browser wrote into its console since the last call: errors, and what a policy refused.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.call("POST", "/se/log", &json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The text of the page's elements for assistive software, by role.
    pub async fn accessible(&self) -> Vec<(String, String)> {
        let tree = self.devtools("Accessibility.getFullAXTree", &json!({})).await;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let seen = nodes.iter().filter(|node| node["ignored"] == false);
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        seen.map(|node| (text(&node["role"]), text(&node["name"]))).collect()
    }

    pub async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.call("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        call(&self.client, method, &format!("/session/{}{path}", self.session), body).await
    }

    /// Closes it in good order, which a test that fails has no time for.
    pub async fn close(self) {
        self.call("DELETE", "", &json!({})).await;
        let _ended_by_drop = Duration::from_secs(self.driver.is_running().into());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(pid) = self.pid.and_then(rustix::process::Pid::from_raw) {
            let _gone_already = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// One exchange with the driver, which answers nobody who calls it by another name than its own.
async fn call(client: &Client, method: &str, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        client.address,
        body.len()
    );
    let exchange = async {
        let mut stream = BufReader::new(TcpStream::connect(client.address).await.unwrap());
        stream.write_all(bytes.as_bytes()).await.unwrap();
        // It leaves the connection open, whatever it was asked for.
        let (mut status, mut length) = (String::new(), 0);
        stream.read_line(&mut status).await.unwrap();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap()
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text).await.unwrap();
        (status, serde_json::from_slice::<Value>(&text).unwrap()["value"].take())
    };
    let answer = timeout(SOON, exchange).await;
    let (status, value) = answer.unwrap_or_else(|_| panic!("{method} {path}: no answer"));
    assert!(status.contains(" 200 "), "{method} {path} {body}: {value}");
    value
}

mod base64_of_screenshots {
    /// Base 64 as the protocol has it: the usual alphabet, padded.
    pub(super) fn decode(text: &str) -> Vec<u8> {
        let value = |c: u8| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(value).collect();
        let group = |digits: &[u8]| {
            let bits = digits.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
            let bits = bits << (6 * (4 - digits.len()));
            bits.to_be_bytes()[1..digits.len()].to_vec()
        };
        digits.chunks(4).flat_map(group).collect()
    }
}
