//! Asking the service.

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use steadfast::metrics::Snapshot;
use steadfast::time::{Duration, timeout};

/// Where the service is.
pub(super) struct Service {
    address: Uri,
    token: Option<SecretString>,
    client: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
}

/// What it said of itself.
pub(super) struct Answer {
    pub(super) workers: Vec<Snapshot>,
    /// Whether it showed all it knows.
    pub(super) details: bool,
    pub(super) text: String,
}

/// `/status.json`.
#[derive(Deserialize)]
struct Told {
    details: bool,
    workers: Vec<Snapshot>,
}

impl Service {
    /// The service at this URL. What it says of itself is below its root, whatever path the URL has.
    pub(super) fn new(url: &str, token: Option<SecretString>) -> Result<Self, String> {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let parsed: Uri = url.parse().map_err(|_unreadable| not_a_url())?;
        let (Some("http" | "https"), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
            return Err(not_a_url());
        };
        let scheme = parsed.scheme_str().unwrap_or("http");
        let address =
            Uri::builder().scheme(scheme).authority(authority.as_str()).path_and_query("/status.json");
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("the system's certificates cannot be read: {error}"))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            address: address.build().map_err(|_unreadable| not_a_url())?,
            token,
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// What it says of itself now; or what is wrong, in a sentence.
    pub(super) async fn ask(&self) -> Result<Answer, String> {
        let Ok(answer) = timeout(PATIENCE, self.exchange()).await else {
            return Err(format!("{} does not answer within {} s", self.address, PATIENCE.as_secs()));
        };
        answer
    }

    async fn exchange(&self) -> Result<Answer, String> {
        let mut request = Request::get(self.address.clone());
        if let Some(token) = &self.token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_secret| {
                    "the token cannot be sent: it holds signs that no header may".to_owned()
                })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        let answer = self.client.request(request).await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        let body =
            body.map_err(|error| format!("{} broke off its answer: {error}", self.address))?.to_bytes();
        if !status.is_success() {
            return Err(format!("{} answered {status}: is it steadfast, 0.1 or newer?", self.address));
        }
        let strange = |_| format!("{} answered something else than a status: is it steadfast?", self.address);
        let document: Value = serde_json::from_slice(&body).map_err(strange)?;
        let Told { details, workers } = Told::deserialize(&document).map_err(strange)?;
        Ok(Answer { workers, details, text: document.to_string() })
    }

    fn unreachable(&self, error: &hyper_util::client::legacy::Error) -> String {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        format!(
            "{} cannot be reached: {cause}; is the service running, and is this its address?",
            self.address
        )
    }
}

fn not_a_url() -> String {
    "this is no address of a service; accepted are http://HOST:PORT, https://HOST and HOST:PORT".to_owned()
}

const PATIENCE: Duration = Duration::from_secs(5);
/// Far more than hundreds of workers have to say.
const MOST_BYTES: usize = 32 << 20;
