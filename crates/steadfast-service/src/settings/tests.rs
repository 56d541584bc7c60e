use super::*;

fn load(environment: &[(&str, &str)], listen: Option<&str>) -> Result<Settings, Vec<String>> {
    let lookup =
        |name: &str| Ok(environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()));
    Settings::load(lookup, listen).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    assert_eq!(load(&[], None), Ok(Settings::default()));
    assert_eq!(
        load(&[("HOST", ""), ("PORT", " "), ("STEADFAST_BODY_LIMIT", "")], None),
        Ok(Settings::default())
    );
}

#[test]
fn listen_wins_over_host_and_port() {
    let address =
        |environment: &[(&str, &str)], listen| load(environment, listen).unwrap().listen.to_string();
    assert_eq!(address(&[("HOST", "0.0.0.0"), ("PORT", "3000")], None), "0.0.0.0:3000");
    assert_eq!(address(&[("HOST", "::")], None), "[::]:8000");
    assert_eq!(address(&[("HOST", "[::1]"), ("PORT", "1")], None), "[::1]:1");
    assert_eq!(address(&[("HOST", "0.0.0.0"), ("PORT", "3000")], Some("localhost:9")), "127.0.0.1:9");
    assert_eq!(address(&[], Some("[::1]:0")), "[::1]:0");
}

#[test]
fn every_setting_can_be_set() {
    let settings = load(
        &[
            ("STEADFAST_REQUEST_TIMEOUT", "1500ms"),
            ("STEADFAST_BODY_TIMEOUT", "7"),
            ("STEADFAST_BODY_LIMIT", "100"),
            ("STEADFAST_HEAD_TIMEOUT", "2m"),
            ("STEADFAST_HEAD_LIMIT", "8192"),
            ("STEADFAST_MAX_REQUESTS", "3"),
            ("STEADFAST_MAX_CONNECTIONS", "4"),
            ("STEADFAST_DRAIN_DELAY", "5s"),
            ("STEADFAST_DRAIN_TIMEOUT", "0"),
            ("STEADFAST_IDEMPOTENCY_TTL", "7d"),
            ("STEADFAST_COMMIT_GUARD", "Marker"),
        ],
        None,
    );
    let expected = Settings {
        listen: Settings::default().listen,
        request_timeout: Duration::from_millis(1500),
        body_timeout: Duration::from_secs(7),
        body_limit_bytes: 100,
        head_timeout: Duration::from_secs(120),
        head_limit_bytes: 8192,
        max_requests: 3,
        max_connections: 4,
        drain_delay: Duration::from_secs(5),
        drain_timeout: Duration::ZERO,
        idempotency_ttl: Duration::from_secs(7 * 86_400),
        commit_guard: Guard::Marker,
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn all_mistakes_are_named_at_once() {
    let environment = [
        ("HOST", "example.org"),
        ("PORT", "65536"),
        ("STEADFAST_REQUEST_TIMEOUT", "0s"),
        ("STEADFAST_BODY_LIMIT", "64k"),
        ("STEADFAST_MAX_REQUESTS", "-1"),
        ("STEADFAST_DRAIN_TIMEOUT", "2 weeks"),
    ];
    let errors = load(&environment, Some("8000")).unwrap_err();
    let named = |name: &str| errors.iter().any(|error| error.starts_with(name) && error.contains("accepted"));
    for (name, _) in environment.iter().chain(&[("--listen", "")]) {
        assert!(named(name), "{name} in {errors:#?}");
    }
    assert_eq!(errors.len(), 7);
}

#[test]
fn odd_values_are_refused() {
    for listen in
        ["", ":", ":8000", "::1:8000", "127.0.0.1", "host:80", "127.0.0.1:x", "1.2.3.4:70000", "[::1]"]
    {
        assert!(load(&[], Some(listen)).is_err(), "{listen}");
    }
    for span in ["s", "-1s", "2d", "1.5s", "99999999999999999999", "25h", "١s"] {
        assert!(load(&[("STEADFAST_REQUEST_TIMEOUT", span)], None).is_err(), "{span}");
    }
}

#[test]
fn keys_are_kept_for_a_second_to_a_month() {
    for (text, good) in
        [("1s", true), ("30d", true), ("0", false), ("999ms", false), ("31d", false), ("x", false)]
    {
        assert_eq!(load(&[("STEADFAST_IDEMPOTENCY_TTL", text)], None).is_ok(), good, "{text}");
    }
    for guard in ["off", "none", "xid,marker"] {
        assert!(load(&[("STEADFAST_COMMIT_GUARD", guard)], None).is_err(), "{guard}");
    }
}

#[test]
fn a_url_in_the_wrong_variable_is_not_shown() {
    let errors = load(&[("HOST", "postgres://app:hunter2@db/app")], Some("u:hunter2@h:1")).unwrap_err();
    assert!(!errors.concat().contains("hunter2"), "{errors:?}");
}

#[test]
fn a_row_says_where_each_value_came_from() {
    let lookup = |name: &str| Ok((name == "PORT").then(|| "9".to_owned()));
    let (settings, rows) = Settings::load_with_table(lookup, Some("0.0.0.0:80")).unwrap();
    assert_eq!(settings.listen.port(), 80);
    let row = |name| rows.iter().find(|row| row.name == name).unwrap();
    assert_eq!((row("PORT").value.as_str(), row("PORT").origin), ("9", Origin::Environment));
    assert_eq!((row("HOST").value.as_str(), row("HOST").origin), ("127.0.0.1", Origin::Default));
    assert_eq!((row("--listen").value.as_str(), row("--listen").origin), ("0.0.0.0:80", Origin::CommandLine));
    assert_eq!(row("STEADFAST_DRAIN_TIMEOUT").default, "25s");
    assert!(rows.iter().all(|row| !row.reason.is_empty()));
}

#[test]
fn a_variable_that_cannot_be_read_is_an_error() {
    let lookup = |name: &str| match name {
        "PORT" => Err(ConfigError::new(name, "its value is not UTF-8", "accepted: text in UTF-8")),
        _ => Ok(None),
    };
    let errors = Settings::load(lookup, None).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].field(), "PORT");
}

#[test]
fn all_names_are_told() {
    let names = Settings::names();
    assert!(names.contains(&"PORT") && names.contains(&"STEADFAST_DRAIN_TIMEOUT"), "{names:?}");
    assert!(!names.contains(&"--listen"));
}
