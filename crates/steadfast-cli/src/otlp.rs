//! Where metrics are sent, by the variables that OpenTelemetry has for it.

use steadfast::config::{ConfigError, Environment};
use steadfast::metrics::OtlpOptions;
use steadfast::time::Duration;

/// What the environment says; `None` when it names no collector.
pub(crate) fn load(environment: &Environment) -> Result<Option<OtlpOptions>, ConfigError> {
    let exact = environment.setting("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")?;
    let base = environment.setting("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let below = |base: &str| format!("{}/v1/metrics", base.trim_end_matches('/'));
    let Some(endpoint) = exact.map(str::to_owned).or_else(|| base.map(below)) else { return Ok(None) };
    let mut options = OtlpOptions::new(&endpoint)?;
    if let Some(headers) = environment.setting("OTEL_EXPORTER_OTLP_HEADERS")? {
        options = options.with_headers(headers)?;
    }
    if let Some(interval) = environment.setting(INTERVAL)? {
        let millis: Option<u64> = interval.parse().ok().filter(|millis| (100..=86_400_000).contains(millis));
        let wrong =
            || ConfigError::new(INTERVAL, "this is no interval", "accepted are 100 to 86400000 milliseconds");
        options.interval = Duration::from_millis(millis.ok_or_else(wrong)?);
    }
    if let Some(name) = environment.setting("OTEL_SERVICE_NAME")? {
        name.clone_into(&mut options.service_name);
    }
    Ok(Some(options))
}

const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
