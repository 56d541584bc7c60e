//! The task that sends.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;

use super::document::{Resource, render};
use crate::error::ConfigError;
use crate::metrics::Board;
use crate::tasks;
use crate::time::{Duration, sleep, timeout};

/// Where to send metrics, and how often. The names in brackets are the variables that OpenTelemetry has for it.
#[derive(Clone)]
#[non_exhaustive]
pub struct OtlpOptions {
    /// The collector's address for metrics (`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, or `/v1/metrics` below
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`), such as `http://collector:4318/v1/metrics`.
    pub endpoint: Uri,
    /// Sent with every request (`OTEL_EXPORTER_OTLP_HEADERS`); may hold secrets.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// How often (`OTEL_METRIC_EXPORT_INTERVAL`); default 60 s, as OpenTelemetry has it.
    pub interval: Duration,
    /// Who sends (`OTEL_SERVICE_NAME`); default `steadfast`.
    pub service_name: String,
}

impl OtlpOptions {
    /// Sending to this address of a collector.
    ///
    /// # Errors
    /// When it is no address with `http` or `https`.
    pub fn new(endpoint: &str) -> Result<Self, ConfigError> {
        let parsed: Option<Uri> = endpoint.parse().ok();
        let fits =
            |uri: &Uri| uri.authority().is_some() && matches!(uri.scheme_str(), Some("http" | "https"));
        let Some(endpoint) = parsed.filter(fits) else {
            let accepted = "accepted is an address such as http://collector:4318";
            return Err(ConfigError::new("OTEL_EXPORTER_OTLP_ENDPOINT", "this is no address", accepted));
        };
        let (interval, service_name) = (Duration::from_secs(60), "steadfast".to_owned());
        Ok(Self { endpoint, headers: Vec::new(), interval, service_name })
    }

    /// Adds headers, as `name=value` with commas between.
    ///
    /// # Errors
    /// When they cannot be read; the message does not repeat them.
    pub fn with_headers(mut self, list: &str) -> Result<Self, ConfigError> {
        let wrong = || {
            let accepted = "accepted are name=value pairs with commas between";
            ConfigError::new("OTEL_EXPORTER_OTLP_HEADERS", "the headers cannot be read", accepted)
        };
        for pair in list.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let name = HeaderName::try_from(name.trim()).map_err(|_secret| wrong())?;
            let decoded = percent_encoding::percent_decode_str(value.trim())
                .decode_utf8()
                .map_err(|_secret| wrong())?;
            let mut value = HeaderValue::try_from(decoded.as_ref()).map_err(|_secret| wrong())?;
            value.set_sensitive(true);
            self.headers.push((name, value));
        }
        Ok(self)
    }
}

impl std::fmt::Debug for OtlpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtlpOptions").field("interval", &self.interval).finish_non_exhaustive()
    }
}

impl Board {
    /// Sends this worker's metrics to a collector, for as long as the runtime lives. What cannot be sent is logged once and
    /// sent with the next: the counts are those since the beginning.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn export(&self, options: OtlpOptions) -> Result<(), ConfigError> {
        let connector = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| {
            let remedy = "install them (ca-certificates), or send to http://";
            ConfigError::new("OTEL_EXPORTER_OTLP_ENDPOINT", format!("no certificates: {error}"), remedy)
        })?;
        let client =
            Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build());
        let resource = Resource {
            service: options.service_name.clone(),
            instance: format!("{}-{}", self.worker(), std::process::id()),
            started: self.started(),
        };
        let exporter = Exporter { board: self.clone(), client, options, resource };
        drop(tasks::spawn("metrics: export", exporter.run()));
        Ok(())
    }
}

struct Exporter {
    board: Board,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    options: OtlpOptions,
    resource: Resource,
}

impl Exporter {
    async fn run(self) {
        let mut fails = false;
        loop {
            sleep(self.options.interval).await;
            let sent =
                timeout(PATIENCE, self.send()).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            match &sent {
                Ok(()) if fails => tracing::info!("metrics reach the collector again"),
                Err(error) if !fails => {
                    tracing::warn!(error, "metrics do not reach the collector; trying on")
                }
                Ok(()) | Err(_) => {}
            }
            fails = sent.is_err();
        }
    }

    async fn send(&self) -> Result<(), String> {
        let document = render(&self.board.families(), &self.resource, Timestamp::now());
        let mut request =
            Request::post(self.options.endpoint.clone()).header(CONTENT_TYPE, "application/json");
        for (name, value) in &self.options.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(document.to_string())).map_err(|error| error.to_string())?;
        let answer = self.client.request(request).await.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
    }
}

/// OpenTelemetry's default for one export.
const PATIENCE: Duration = Duration::from_secs(10);
