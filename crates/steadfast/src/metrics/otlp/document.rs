//! What is sent: `ExportMetricsServiceRequest` in OTLP's JSON encoding. Pure.

use jiff::Timestamp;
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};
use serde_json::{Value, json};

use super::names;

/// Who sends it.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) service: String,
    pub(super) instance: String,
    /// Since when counters count.
    pub(super) started: Timestamp,
}

/// All families as one request.
pub(super) fn render(families: &[MetricFamily], resource: &Resource, now: Timestamp) -> Value {
    let metrics: Vec<Value> = families.iter().filter_map(|family| metric(family, resource, now)).collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [
            text("service.name", &resource.service),
            text("service.instance.id", &resource.instance),
        ] },
        "scopeMetrics": [{
            "scope": { "name": "steadfast", "version": env!("CARGO_PKG_VERSION") },
            "metrics": metrics,
        }],
    }] })
}

fn metric(family: &MetricFamily, resource: &Resource, now: Timestamp) -> Option<Value> {
    let (name, unit) = names::metric(family.name());
    let point = |metric: &Metric, more: Value| {
        let mut point = json!({
            "attributes": attributes(family.name(), metric.get_label()),
            "startTimeUnixNano": resource.started.as_nanosecond().to_string(),
            "timeUnixNano": now.as_nanosecond().to_string(),
        });
        if let (Some(point), Value::Object(more)) = (point.as_object_mut(), more) {
            point.extend(more);
        }
        point
    };
    let points = |value: fn(&Metric) -> Value| -> Vec<Value> {
        family.get_metric().iter().map(|metric| point(metric, value(metric))).collect()
    };
    let data = match family.get_field_type() {
        MetricType::COUNTER => json!({ "sum": {
            "dataPoints": points(|metric| json!({ "asDouble": metric.get_counter().get_value() })),
            "aggregationTemporality": CUMULATIVE, "isMonotonic": true,
        } }),
        MetricType::GAUGE => json!({ "gauge": {
            "dataPoints": points(|metric| json!({ "asDouble": metric.get_gauge().get_value() })),
        } }),
        MetricType::HISTOGRAM => json!({ "histogram": {
            "dataPoints": points(histogram), "aggregationTemporality": CUMULATIVE,
        } }),
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    let mut metric = json!({ "name": name, "description": family.help(), "unit": unit });
    if let (Some(metric), Value::Object(data)) = (metric.as_object_mut(), data) {
        metric.extend(data);
    }
    Some(metric)
}

/// Prometheus counts up from bucket to bucket, OTLP counts each by itself and has one more for what exceeds all.
fn histogram(metric: &Metric) -> Value {
    let histogram = metric.get_histogram();
    let (count, mut before) = (histogram.get_sample_count(), 0);
    let mut counts = Vec::new();
    for cumulative in
        histogram.get_bucket().iter().map(prometheus::proto::Bucket::cumulative_count).chain([count])
    {
        counts.push(cumulative.saturating_sub(before).to_string());
        before = cumulative;
    }
    let bounds: Vec<f64> =
        histogram.get_bucket().iter().map(prometheus::proto::Bucket::upper_bound).collect();
    json!({ "count": count.to_string(), "sum": histogram.get_sample_sum(), "bucketCounts": counts, "explicitBounds": bounds })
}

fn attributes(metric: &str, labels: &[LabelPair]) -> Vec<Value> {
    // A label that is empty stands for none.
    let told = labels.iter().filter(|label| !label.value().is_empty());
    told.map(|label| {
        let name = names::attribute(metric, label.name());
        match label.value().parse::<i64>() {
            Ok(code) if label.name() == "http_response_status_code" => {
                json!({ "key": name, "value": { "intValue": code.to_string() } })
            }
            Ok(_) | Err(_) => text(&name, label.value()),
        }
    })
    .collect()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`
const CUMULATIVE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_counted_each_by_itself() {
        let histogram = prometheus::Histogram::with_opts(
            prometheus::HistogramOpts::new("db_client_connection_wait_time_seconds", "x")
                .buckets(vec![1.0, 2.0]),
        )
        .unwrap();
        [0.5, 1.5, 1.6, 9.0].into_iter().for_each(|value| histogram.observe(value));
        let families = prometheus::core::Collector::collect(&histogram);
        let resource = Resource { service: "s".into(), instance: "1".into(), started: Timestamp::UNIX_EPOCH };
        let sent = render(&families, &resource, Timestamp::UNIX_EPOCH);
        let metric = &sent["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
        assert_eq!(
            (&metric["name"], &metric["unit"]),
            (&"db.client.connection.wait_time".into(), &"s".into())
        );
        let point = &metric["histogram"]["dataPoints"][0];
        assert_eq!((&point["bucketCounts"], &point["count"]), (&json!(["1", "2", "1"]), &json!("4")));
        assert_eq!(point["explicitBounds"], json!([1.0, 2.0]));
    }
}
