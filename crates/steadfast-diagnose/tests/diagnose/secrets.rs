//! Nothing that is printed contains the password, whatever is broken.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use steadfast_diagnose::Options;
use steadfast_test::{Auth, Postgres};

use crate::support::{everything, in_environment};

/// Whether a text holds the password or a piece of it that is long enough to help anybody.
fn leaks(text: &str, password: &str) -> bool {
    let encoded = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    let characters: Vec<char> = password.chars().collect();
    let pieces = characters.windows(6).map(|piece| piece.iter().collect::<String>());
    text.contains(password)
        || text.contains(&encoded)
        || pieces.into_iter().any(|piece| text.contains(&piece))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The places where URLs go wrong around a password.
fn urls(password: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    vec![
        format!("postgres://alice:{password}@127.0.0.1:1/app"),
        format!("postgres://alice:{encoded}@127.0.0.1:1/app"),
        format!(" 'postgresql+psycopg2://alice:{password}@127.0.0.1:1/app' \n"),
        format!("postgres://alice:{password}@127.0.0.1:port/app"),
        format!("postgres://alice:{password}127.0.0.1:1/app"),
        format!("postgres://127.0.0.1:1/app?user=alice&password={encoded}&sslmode=sure"),
        format!("mysql://alice:{password}@127.0.0.1:1/app"),
        format!("postgres//alice:{password}@127.0.0.1:1/app"),
        format!("alice:{password}@127.0.0.1"),
        format!("postgres://alice:{password}@127.0.0.1:1/app?unknown={encoded}"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_output_about_a_url_holds_its_password(password in "[A-Za-z0-9!@#$%^&*()/?:_+=~.,;-]{12,24}") {
        let runtime = runtime();
        for url in urls(&password) {
            let offline = |options: &mut Options| {
                // What asks the resolver takes its time, and says nothing about the password that the others do not.
                options.only = ["environment", "url", "tcp"].map(str::to_owned).to_vec();
            };
            let variables = [("DATABASE_URL", url.as_str()), ("PGPASSWORD", password.as_str())];
            let report = runtime.block_on(in_environment(&variables, None, offline));
            prop_assert!(!leaks(&everything(&report), &password), "{url:?}\n{}", everything(&report));
        }
    }
}

#[tokio::test]
async fn no_output_of_any_check_holds_the_password() {
    let password = "Tr0ub4dor&3-zweihundert";
    // In the clear: SCRAM's thousands of rounds, unoptimised, for some sixty connections take a quarter of a minute.
    let server = Postgres::builder().auth(Auth::Password).password(password).start().await;
    let encoded = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    let at = |user: &str, database: &str| {
        format!("postgres://{user}:{encoded}@127.0.0.1:{}/{database}", server.port())
    };
    // A server that repeats what it is told: the password as the name of role, database and table.
    for url in [
        at("steadfast", "steadfast"),
        at(&encoded, "steadfast"),
        at("steadfast", &encoded),
        at("alice", "app"),
    ] {
        let report = in_environment(&[("PGPASSWORD", password)], Some(&url), |options| {
            options.drill = true;
            options.retry_speed = Some(100);
            options.idle_probe = Some(std::time::Duration::from_millis(80));
            options.tables = vec!["users".into()];
        })
        .await;
        let text = everything(&report);
        let is_public = url.matches(&encoded).count() > 1;
        assert!(is_public || !leaks(&text, password), "{text}");
        assert!(report.findings.len() > 20);
    }
    server
        .psql(&format!("CREATE TABLE \"{password}\" (id int); ALTER TABLE \"{password}\" OWNER TO steadfast"))
        .await;
    let report = in_environment(&[], Some(&at("steadfast", "steadfast")), |_| ()).await;
    assert!(!leaks(&everything(&report), password), "{}", everything(&report));
}
