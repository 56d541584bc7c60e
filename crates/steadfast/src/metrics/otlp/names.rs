//! From Prometheus' spelling back to OpenTelemetry's.

/// The name of a metric and its unit in UCUM.
pub(super) fn metric(name: &str) -> (String, &'static str) {
    let (stem, unit) = match name {
        "db_client_connection_count" | "db_client_connection_max" => (name, "{connection}"),
        "db_client_connection_idle_max" => {
            return ("db.client.connection.idle.max".to_owned(), "{connection}");
        }
        "db_client_connection_idle_min" => {
            return ("db.client.connection.idle.min".to_owned(), "{connection}");
        }
        "db_client_connection_pending_requests" => {
            return ("db.client.connection.pending_requests".to_owned(), "{request}");
        }
        "db_client_connection_timeouts_total" => {
            return ("db.client.connection.timeouts".to_owned(), "{timeout}");
        }
        "db_client_connection_create_time_seconds" => {
            return ("db.client.connection.create_time".to_owned(), "s");
        }
        "db_client_connection_wait_time_seconds" => {
            return ("db.client.connection.wait_time".to_owned(), "s");
        }
        "db_client_connection_use_time_seconds" => return ("db.client.connection.use_time".to_owned(), "s"),
        "http_server_active_requests" => return ("http.server.active_requests".to_owned(), "{request}"),
        "process_start_time_seconds" => return ("process.start_time".to_owned(), "s"),
        _ => match (name.strip_suffix("_seconds"), name.strip_suffix("_total")) {
            (Some(stem), _) => (stem, "s"),
            (None, Some(stem)) => (stem, "1"),
            (None, None) => (name, "1"),
        },
    };
    // Ours have one part before the first dot, those of the conventions are whole words.
    let dotted = match stem.strip_prefix("steadfast_") {
        Some(rest) => format!("steadfast.{rest}"),
        None => stem.replace('_', "."),
    };
    (dotted, unit)
}

/// The name of an attribute.
pub(super) fn attribute(metric: &str, label: &str) -> String {
    match label {
        "state" if metric.starts_with("db_client_connection") => "db.client.connection.state".to_owned(),
        "db_client_connection_pool_name" => "db.client.connection.pool.name".to_owned(),
        "db_system_name" => "db.system.name".to_owned(),
        "db_operation_name" => "db.operation.name".to_owned(),
        "error_type" => "error.type".to_owned(),
        "http_request_method" => "http.request.method".to_owned(),
        "http_route" => "http.route".to_owned(),
        "http_response_status_code" => "http.response.status_code".to_owned(),
        _ => format!("steadfast.{label}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_those_of_the_conventions() {
        let of = |name| metric(name);
        assert_eq!(
            of("db_client_operation_duration_seconds"),
            ("db.client.operation.duration".to_owned(), "s")
        );
        assert_eq!(
            of("db_client_connection_count"),
            ("db.client.connection.count".to_owned(), "{connection}")
        );
        assert_eq!(
            of("http_server_request_duration_seconds"),
            ("http.server.request.duration".to_owned(), "s")
        );
        assert_eq!(of("steadfast_open_failures_total"), ("steadfast.open_failures".to_owned(), "1"));
        assert_eq!(attribute("steadfast_circuit_state", "state"), "steadfast.state");
        assert_eq!(attribute("db_client_connection_count", "state"), "db.client.connection.state");
    }
}
