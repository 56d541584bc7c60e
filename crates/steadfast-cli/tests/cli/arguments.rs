//! Wrong arguments and configurations: everything that is wrong is named, with what is accepted, and the exit
//! code tells a supervisor that another try is of no use.

use crate::support::Place;

#[test]
fn help_and_version_say_what_there_is() {
    let place = Place::new();
    let help = place.run(&["--help"], &[]);
    assert_eq!(help.code(), 0);
    for word in ["serve", "init-db", "resolve", "config", "--database-url", "DATABASE_URL", "69", "77", "78"]
    {
        assert!(help.out().contains(word), "{word} in {}", help.out());
    }
    assert_eq!(place.run(&["--version"], &[]).out(), format!("steadfast {}\n", env!("CARGO_PKG_VERSION")));
    assert!(place.run(&["serve", "--help"], &[]).out().contains("--listen"));
    let help = place.run(&["resolve", "--help"], &[]).out();
    for word in ["--wait", "--json", "--end", "not committed", "69"] {
        assert!(help.contains(word), "{word} in {help}");
    }
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_is_meant() {
    let place = Place::new();
    for arguments in [
        &["serv"][..],
        &["serve", "--listn", "x"],
        &["serve", "--listen"],
        &["init-db", "extra"],
        &["resolve"],
        &["resolve", "x", "--wait", "soon"],
        &[],
    ] {
        let finished = place.run(arguments, &[]);
        assert_eq!(finished.code(), 2, "{arguments:?}");
        assert!(finished.err().contains("--help"), "{}", finished.err());
    }
}

#[test]
fn everything_that_is_wrong_is_named_at_once_and_nothing_is_started() {
    let place = Place::new();
    let environment = [
        ("PORT", "70000"),
        ("HOST", "example.org"),
        ("STEADFAST_POOL_SIZE", "many"),
        ("STEADFAST_POOL_SIZ", "5"),
        ("STEADFAST_DRAIN_TIMEUOT", "5"),
        ("STEADFAST_REQUEST_TIMEOUT", "0"),
        ("STEADFAST_LOG_FORMAT", "xml"),
        ("STEADFAST_HEALTH_TOKEN", "s3cr3t"),
        ("DATABASE_URL", "postgres://app:hunter2@db.internal:99999/app"),
    ];
    for arguments in [&["serve"][..], &["init-db"], &["config"]] {
        let finished = place.run(arguments, &environment);
        assert_eq!(finished.code(), 78, "{arguments:?} {}", finished.err());
        let err = finished.err();
        for (name, _) in environment {
            assert!(err.lines().any(|line| line.contains(name)), "{name} in {err}");
        }
        assert!(
            err.contains("did you mean STEADFAST_POOL_SIZE") && err.contains("STEADFAST_DRAIN_TIMEOUT"),
            "{err}"
        );
        assert!(!err.contains("hunter2") && !err.contains("s3cr3t"), "{err}");
        assert_eq!(finished.out(), "");
    }
    assert_eq!(std::fs::read_dir(&place.0).unwrap().count(), 0, "no file was made");
}

#[test]
fn an_address_that_cannot_be_listened_on_is_explained() {
    let place = Place::new();
    for listen in ["nonsense", "127.0.0.1", "127.0.0.1:http", "example.org:80"] {
        let finished = place.run(&["serve", "--listen", listen], &[]);
        assert_eq!(finished.code(), 78, "{listen}");
        assert!(finished.err().contains("--listen"), "{}", finished.err());
    }
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let finished = place.run(&["serve", "--listen", &taken], &[]);
    assert_eq!(finished.code(), 1, "{}", finished.err());
    assert!(
        finished.err().contains(&taken) && finished.err().contains("another process has it"),
        "{}",
        finished.err()
    );
}

#[test]
fn config_shows_values_and_origins_and_hides_secrets() {
    let place = Place::new();
    let environment = [
        ("DATABASE_URL", " postgres://app:hunter2@db.example:5433/shop\n"),
        ("STEADFAST_POOL_SIZE", "7"),
        ("PORT", "9000"),
        ("STEADFAST_HEALTH_TOKEN", "0123456789abcdef-token"),
    ];
    let finished = place.run(&["config"], &environment);
    assert_eq!(finished.code(), 0, "{}", finished.err());
    let out = finished.out();
    let line = |name: &str| {
        out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {out}"))
    };
    assert!(line("pool.size").contains('7') && line("pool.size").contains("STEADFAST_POOL_SIZE"));
    assert!(line("PORT").contains("9000") && line("PORT").contains("environment"));
    assert!(
        line("STEADFAST_DRAIN_TIMEOUT").contains("25s")
            && line("STEADFAST_DRAIN_TIMEOUT").contains("default")
    );
    assert!(line("database.url").contains("db.example"), "for the operator's eyes");
    for secret in ["hunter2", "0123456789abcdef-token"] {
        assert!(!out.contains(secret) && !finished.err().contains(secret));
    }
    let reference = place.run(&["config", "--reference"], &[]).out();
    for name in ["pool.size", "STEADFAST_POOL_SIZE", "STEADFAST_REQUEST_TIMEOUT", "DATABASE_URL", "PORT"] {
        assert!(reference.contains(name), "{name}");
    }
}
