//! `steadfast serve` as a process.

use std::net::TcpStream;
use steadfast::time::{Duration, Instant};

use crate::support::{Place, Running};

#[cfg(test)]
const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn without_any_configuration_it_serves_from_a_file_and_keeps_what_it_stored() {
    let place = Place::new();
    for (round, expected) in [(1, "HTTP/1.1 201"), (2, "HTTP/1.1 409")] {
        let mut service = Running::start(&place, &[]);
        service.wait_for("serving");
        let answer =
            service.ask("POST /api/v1/users", JSON, r#"{"username":"ada","email":"ada@example.org"}"#);
        assert!(answer.starts_with(expected), "round {round}: {answer}");
        for path in ["/livez", "/readyz", "/startupz", "/api/v1/health", "/openapi.json"] {
            let answer = service.ask(&format!("GET {path}"), "", "");
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
        service.signal("TERM");
        assert_eq!(service.end(), Some(0), "{}", service.log);
    }
    assert!(place.0.join("steadfast.sqlite3").exists());
}

#[test]
fn sigint_ends_it_too_and_a_second_signal_hurries() {
    let place = Place::new();
    let mut service = Running::start(&place, &[]);
    service.wait_for("serving");
    let mut stream = TcpStream::connect(service.address).unwrap();
    // A request whose body never comes keeps it from ending by itself.
    let half = format!("POST /api/v1/users HTTP/1.1\r\nHost: t\r\n{JSON}Content-Length: 9\r\n\r\n");
    std::io::Write::write_all(&mut stream, half.as_bytes()).unwrap();
    // The same connection has been accepted before this one.
    assert!(service.ask("GET /livez", "", "").starts_with("HTTP/1.1 200"));
    let begun = Instant::now();
    service.signal("INT");
    service.wait_for("finishing what is in flight");
    service.signal("INT");
    assert_eq!(service.end(), Some(0), "{}", service.log);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn a_database_that_is_not_there_costs_answers_and_not_the_process() {
    let place = Place::new();
    let begun = Instant::now();
    let mut service = Running::start(&place, &[("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/app")]);
    assert!(begun.elapsed() < Duration::from_secs(2), "it listens first");
    service.wait_for("waiting for the database");
    let answer = service.ask("GET /api/v1/users", "", "");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("/problems/starting"), "{answer}");
    assert!(service.ask("GET /livez", "", "").starts_with("HTTP/1.1 200"));
    for path in ["/readyz", "/startupz"] {
        assert!(service.ask(&format!("GET {path}"), "", "").starts_with("HTTP/1.1 503"), "{path}");
    }
    service.signal("TERM");
    assert_eq!(service.end(), Some(0), "{}", service.log);
    assert!(!service.log.contains("hunter2"), "{}", service.log);
}

#[test]
fn the_log_is_json_off_a_terminal_and_holds_no_query() {
    let place = Place::new();
    let mut service = Running::start(&place, &[("STEADFAST_LOG", "debug")]);
    service.wait_for("serving");
    let headers = "X-Request-Id: find-me\r\nAuthorization: Bearer hunter2\r\n";
    service.ask("GET /api/v1/users/7?token=hunter3", headers, "");
    let line = service.wait_for("answered");
    service.ask("GET /hunter4", "", "");
    service.signal("TERM");
    assert_eq!(service.end(), Some(0));
    let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["status"], 404, "{line}");
    assert_eq!(entry["span"]["id"], "find-me", "{line}");
    assert_eq!(entry["span"]["route"], "/api/v1/users/{id}", "{line}");
    assert!(entry["latency_ms"].is_number() && entry["bytes"].is_number(), "{line}");
    assert_eq!((&entry["level"], &entry["message"]), (&"INFO".into(), &"answered".into()), "{line}");
    let mut names: Vec<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let known = ["bytes", "latency_ms", "level", "message", "span", "status", "target", "timestamp"];
    assert_eq!(names, known, "{line}");
    assert_eq!(
        (&entry["span"]["name"], &entry["span"]["method"]),
        (&"request".into(), &"GET".into()),
        "{line}"
    );
    for line in service.log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    for secret in ["hunter2", "hunter3", "hunter4"] {
        assert!(!service.log.contains(secret), "{}", service.log);
    }
}

#[test]
fn people_get_lines_that_they_can_read() {
    let place = Place::new();
    let mut service = Running::start(&place, &[("STEADFAST_LOG_FORMAT", "human")]);
    let line = service.wait_for("serving");
    assert!(!line.starts_with('{') && line.contains("INFO"), "{line}");
    service.signal("TERM");
    assert_eq!(service.end(), Some(0));
}
