//! Metrics that are sent to a collector instead of being scraped.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{SOON, Service};

/// Reads one request and answers it with 200.
async fn receive(stream: TcpStream) -> (String, Value) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.to_ascii_lowercase().trim_end().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None if line.trim().is_empty() => break,
            None => {}
        }
        head += &line;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").await.unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn metrics_reach_a_collector_in_its_own_terms() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let service = Service::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret%20one"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
        ("OTEL_SERVICE_NAME", "shop"),
    ])
    .await;
    service.wait_until_it_serves(SOON).await;
    let traffic = async {
        loop {
            let (stream, _) = collector.accept().await.unwrap();
            let (head, document) = receive(stream).await;
            let sent = document.to_string();
            // Begun before the first request was served: look at the next one.
            if sent.contains("/api/v1/users") {
                return (head, document);
            }
        }
    };
    let (head, document) = timeout(SOON, traffic).await.expect("metrics come");
    assert!(head.starts_with("POST /v1/metrics ") && head.contains("x-key: secret one"), "{head}");
    let resource = &document["resourceMetrics"][0];
    assert!(resource["resource"]["attributes"].to_string().contains("\"shop\""), "{resource}");
    let metrics = resource["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let metric =
        |name: &str| metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{name}"));
    let duration = metric("db.client.operation.duration");
    assert_eq!(
        (&duration["unit"], &duration["histogram"]["aggregationTemporality"]),
        (&"s".into(), &2.into())
    );
    assert_eq!(metric("db.client.connection.timeouts")["sum"]["isMonotonic"], true);
    assert!(
        metric("db.client.connection.count")["gauge"]["dataPoints"]
            .to_string()
            .contains("db.client.connection.state")
    );
    assert!(!service.log().contains("secret one"), "headers stay secret");
    drop(collector);
    let told =
        service.process.wait_for_line("metrics do not reach the collector", Duration::from_secs(20)).await;
    assert!(!told.contains("secret"), "{told}");
}
