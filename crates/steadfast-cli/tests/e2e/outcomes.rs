//! A change whose outcome stays unknown: the client gets a ticket, and whoever holds it learns the outcome later, from
//! any worker and on the command line.

use crate::support::client::{Answer, user};
use crate::support::scratch::Scratch;
use crate::support::{SOON, Service, USERS, steadfast};
use steadfast_test::{Cut, Direction, Ending, Fault, Postgres, Relay, eventually};

/// One connection, so that nobody can be asked once it is gone. The library tries to find out for 5 s at least.
const ALONE: [(&str, &str); 3] =
    [("STEADFAST_POOL_SIZE", "1"), ("STEADFAST_POOL_MAX_OVERFLOW", "0"), ("STEADFAST_REQUEST_TIMEOUT", "7s")];

/// The request is cut off before that.
const IN_A_HURRY: [(&str, &str); 3] = [ALONE[0], ALONE[1], ("STEADFAST_REQUEST_TIMEOUT", "1500ms")];

fn acknowledgement() -> Cut {
    Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst)
}

fn commit(ending: Ending) -> Cut {
    Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(ending)
}

/// Loses the connection there and lets nobody reach the server any more.
async fn leave_in_doubt(relay: &Relay, service: &Service, cut: Cut) -> Answer {
    relay.arm(cut);
    relay.set(Fault::Refuse).await;
    let answer = service.client.json("POST", USERS, &user("ada")).await;
    assert!(answer.is_unknown(), "{answer:?}");
    assert_eq!(answer.header("retry-after"), None, "a blind repetition is not invited");
    answer
}

/// The same in a hurry.
async fn cut_off_in_doubt(relay: &Relay, service: &Service, cut: Cut) -> Answer {
    let answer = leave_in_doubt(relay, service, cut).await;
    assert_eq!((answer.status, answer.problem().as_str()), (504, "deadline-exceeded"), "{answer:?}");
    answer
}

/// The ticket for clients, and the address that answers for it.
fn ticket(answer: &Answer) -> (String, String) {
    let body = answer.body();
    let ticket = body["ticket"].as_str().unwrap().to_owned();
    assert!(ticket.starts_with("sfs1"), "{ticket}");
    assert_eq!(body["outcome"], format!("/api/v1/outcomes/{ticket}"));
    (ticket, body["outcome"].as_str().unwrap().to_owned())
}

/// The library's own ticket, from the log.
async fn logged_ticket(service: &Service) -> String {
    let line = service.process.wait_for_line("steadfast resolve sfx1", SOON).await;
    let words = line.split_once("steadfast resolve ").unwrap().1;
    words.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

/// Exit code and standard output of `steadfast resolve`.
fn resolve(url: &str, arguments: &[&str]) -> (i32, String) {
    let directory = Scratch::new();
    let environment = [("DATABASE_URL", url), ("STEADFAST_LOG", "off")];
    let arguments = [&["resolve", "--wait", "1s"], arguments].concat();
    let output = steadfast(directory.path(), &arguments, &environment).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

async fn outcome(service: &Service, address: &str) -> serde_json::Value {
    let answer = service.client.get(address).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
    answer.body()
}

#[tokio::test]
async fn a_change_that_was_stored_is_told_once_the_database_is_back() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let url = relay.url_from(&postgres);
    let service = Service::on(&url, &ALONE).await;
    let answer = leave_in_doubt(&relay, &service, acknowledgement()).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "outcome-unknown"), "{answer:?}");
    assert_eq!(answer.body()["reason"], "not-reached");
    let ((sealed, address), logged) = (ticket(&answer), logged_ticket(&service).await);
    assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains(&logged[4..]), "{answer:?}");

    let unknown = outcome(&service, &address).await;
    assert_eq!((&unknown["outcome"], &unknown["reason"]), (&"unknown".into(), &"not-reached".into()));
    let (code, text) = resolve(&url, &[&logged]);
    assert_eq!(code, 69, "{text}");
    assert!(text.starts_with("unknown: ") && text.contains("DATABASE_URL"), "{text}");
    assert_eq!(resolve(&url, &[&sealed]).0, 69, "its key cannot be fetched");

    relay.set(Fault::None).await;
    let known = async || outcome(&service, &address).await["outcome"] == "committed";
    eventually("the outcome is known", SOON, known).await;
    for ticket in [&sealed, &logged] {
        let (code, text) = resolve(&url, &[ticket]);
        assert_eq!((code, text.lines().next()), (0, Some("committed")), "{text}");
        let (code, text) = resolve(&url, &["--json", ticket]);
        assert_eq!((code, text.as_str()), (0, "{\"durable\":true,\"outcome\":\"committed\"}\n"));
    }

    // Another process, after a restart of the server.
    postgres.restart(steadfast_test::Mode::Fast).await;
    let other = Service::on(&postgres.url(), &[]).await;
    assert_eq!(outcome(&other, &address).await["outcome"], "committed");
}

#[tokio::test]
async fn a_change_that_was_not_stored_is_told_so() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &IN_A_HURRY).await;
    let answer = cut_off_in_doubt(&relay, &service, commit(Ending::Rst)).await;
    let (sealed, address) = ticket(&answer);
    let (code, text) = resolve(&postgres.url(), &[&sealed]);
    assert_eq!(code, 3, "{text}");
    assert!(text.starts_with("not committed") && text.contains("may be run again"), "{text}");
    relay.set(Fault::None).await;
    let known =
        async || outcome(&service, &address).await == serde_json::json!({ "outcome": "not-committed" });
    eventually("the outcome is known", SOON, known).await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0");
}

#[tokio::test]
async fn what_is_still_in_progress_is_left_alone_until_somebody_wants_its_end() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &IN_A_HURRY).await;
    let answer = cut_off_in_doubt(&relay, &service, commit(Ending::Ghost)).await;
    let ((sealed, address), logged) = (ticket(&answer), logged_ticket(&service).await);
    let other = Service::on(&postgres.url(), &[("STEADFAST_REQUEST_TIMEOUT", "2s")]).await;
    assert_eq!(outcome(&other, &address).await["reason"], "still-running", "the address ends nothing");
    for ticket in [&sealed, &logged] {
        let (code, text) = resolve(&postgres.url(), &[ticket]);
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("--end"), "{text}");
    }
    let (code, text) = resolve(&postgres.url(), &[&logged, "--end"]);
    assert_eq!(code, 3, "{text}");
    assert_eq!(outcome(&other, &address).await["outcome"], "not-committed");
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0");
}

#[tokio::test]
async fn a_commit_that_waits_for_its_standby_is_told_with_its_ticket_in_time() {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[("STEADFAST_REQUEST_TIMEOUT", "2s")]).await;
    postgres.set("synchronous_standby_names", "nobody").await;
    let answer = service.client.json("POST", USERS, &user("ada")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (504, "deadline-exceeded"), "{answer:?}");
    let (sealed, address) = ticket(&answer);
    // The service gives its wait up after a while, and it is committed on this server then, but not beyond.
    let asked = outcome(&service, &address).await;
    assert!(asked["reason"] == "awaits-replication" || asked["durable"] == false, "{asked}");
    let (code, text) = resolve(&postgres.url(), &[&sealed]);
    assert!([0, 4].contains(&code) && !text.contains("may be run again"), "{code} {text}");
    postgres.reset("synchronous_standby_names").await;
    let known = async || outcome(&service, &address).await["outcome"] == "committed";
    eventually("the outcome is known", SOON, known).await;
}

#[tokio::test]
async fn what_is_no_ticket_is_refused_with_400_and_on_the_command_line() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &IN_A_HURRY).await;
    let answer = cut_off_in_doubt(&relay, &service, acknowledgement()).await;
    let ((sealed, _), logged) = (ticket(&answer), logged_ticket(&service).await);
    let elsewhere = Postgres::start().await;
    let stranger = Service::on(&elsewhere.url(), &[]).await;
    relay.set(Fault::None).await;
    let forged = format!("{}{}", &sealed[..sealed.len() - 6], "AAAAAA");
    for (service, text) in [
        (&service, &sealed[..sealed.len() - 1]),
        (&service, &forged),
        (&service, &logged),
        (&service, "sfs1"),
        (&service, "x"),
        (&service, "%ff"),
        (&stranger, &sealed),
    ] {
        let answer = service.client.get(&format!("/api/v1/outcomes/{text}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-parameter"), "{text}");
        assert_eq!(answer.fields(), ["ticket"]);
    }
    let url = postgres.url();
    for (url, text) in [
        (&url, &sealed[..sealed.len() - 1]),
        (&url, &logged[..logged.len() - 1]),
        (&url, "postgres://app:hunter2@db/app"),
        (&elsewhere.url(), &sealed),
    ] {
        let (code, said) = resolve(url, &[text]);
        assert_eq!(code, 2, "{text}: {said}");
        assert!(said.contains("ticket") && !said.contains("hunter2"), "{said}");
    }
    let (code, said) = resolve(&format!("{url}_absent"), &[&logged]);
    assert_eq!(code, 78, "no such database: {said}");
}

#[tokio::test]
async fn a_ticket_of_a_marker_is_answered_too() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let environment = [&IN_A_HURRY[..], &[("STEADFAST_COMMIT_GUARD", "marker")]].concat();
    let service = Service::on(&relay.url_from(&postgres), &environment).await;
    let answer = cut_off_in_doubt(&relay, &service, acknowledgement()).await;
    let (sealed, address) = ticket(&answer);
    // A crash, after which a transaction's id would tell nothing.
    postgres.kill_9_postmaster().await;
    postgres.start_again().await;
    assert_eq!(resolve(&postgres.url(), &[&sealed]).0, 0);
    relay.set(Fault::None).await;
    let known = async || outcome(&service, &address).await["outcome"] == "committed";
    eventually("the outcome is known", SOON, known).await;
}
