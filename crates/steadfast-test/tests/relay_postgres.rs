//! The relay understands what a real client and a real server say to each other.

#![cfg(test)]

use std::process::Stdio;
use std::time::Duration;

use steadfast_test::{Cut, Direction, Ending, Fault, Postgres, Relay, eventually};
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(20);

/// Runs statements over the relay, each in a message of its own; what psql said, and whether it was content.
async fn psql(relay: &Relay, postgres: &Postgres, statements: &[&str]) -> (bool, String) {
    let mut command = Command::new("psql");
    command.arg(format!("{}?sslmode=disable", relay.url_from(postgres))).args(["-X", "-q", "-A", "-t"]);
    for statement in statements {
        command.args(["-c", statement]);
    }
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(SOON, output).await.expect("psql ends").unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

const INSERT: [&str; 3] = ["BEGIN", "INSERT INTO t VALUES (1)", "commit"];

async fn with_table() -> (Postgres, Relay) {
    let postgres = Postgres::start().await;
    postgres.psql("CREATE TABLE t(n int); GRANT ALL ON t TO steadfast").await;
    let relay = Relay::to(postgres.addr()).await;
    (postgres, relay)
}

async fn rows(postgres: &Postgres) -> String {
    postgres.psql("SELECT count(*) FROM t").await
}

#[tokio::test]
async fn messages_are_counted_by_tag() {
    let (postgres, relay) = with_table().await;
    let (fine, said) = psql(&relay, &postgres, &INSERT).await;
    assert!(fine, "{said}");
    // psql says good-bye and does not wait until anybody has heard it.
    eventually("the last message has come by", SOON, async || relay.counters().open_now == 0).await;
    assert_eq!(relay.messages(Direction::ToServer, b'Q'), 3);
    assert_eq!(relay.messages(Direction::ToServer, b'X'), 1);
    assert_eq!(relay.messages(Direction::ToServer, 0), 1);
    assert_eq!(relay.messages(Direction::ToClient, b'C'), 3);
    assert_eq!(relay.messages(Direction::ToClient, b'Z'), 4);
    assert_eq!(relay.counters().messages_to_server, 5);
}

#[tokio::test]
async fn before_the_commit_nothing_is_stored_and_after_it_everything() {
    let cut = Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT");
    for (cut, stored) in [(cut.clone(), "0"), (cut.after(), "1")] {
        for ending in [Ending::Fin, Ending::Rst] {
            let (postgres, relay) = with_table().await;
            relay.arm(cut.clone().ending(ending));
            let (fine, said) = psql(&relay, &postgres, &INSERT).await;
            assert!(!fine, "the client is cut off ({said})");
            assert_eq!(relay.counters().cuts_fired, 1);
            eventually("the session has ended", SOON, async || postgres.all_backends().await.total == 0)
                .await;
            assert_eq!(rows(&postgres).await, stored, "{ending:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_acknowledgement_leaves_the_row_stored() {
    let (postgres, relay) = with_table().await;
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    let (fine, _) = psql(&relay, &postgres, &INSERT).await;
    assert!(!fine);
    assert_eq!(rows(&postgres).await, "1");
    // It was armed for once.
    let (fine, said) = psql(&relay, &postgres, &INSERT).await;
    assert!(fine, "{said}");
    assert_eq!(rows(&postgres).await, "2");
}

#[tokio::test]
async fn a_ghost_keeps_its_transaction_until_it_is_cut() {
    let (postgres, relay) = with_table().await;
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("commit").ending(Ending::Ghost));
    let (fine, _) = psql(&relay, &postgres, &INSERT).await;
    assert!(!fine);
    assert_eq!(postgres.all_backends().await.idle_in_transaction, 1);
    assert_eq!(relay.cut_all(Ending::Fin).await, 1);
    eventually("the ghost has gone", SOON, async || postgres.all_backends().await.total == 0).await;
    assert_eq!(rows(&postgres).await, "0");
}

#[tokio::test]
async fn a_server_that_restarts_behind_the_relay_is_found_again() {
    let (postgres, relay) = with_table().await;
    assert!(psql(&relay, &postgres, &["SELECT 1"]).await.0);
    postgres.restart(steadfast_test::Mode::Fast).await;
    assert!(psql(&relay, &postgres, &["SELECT 1"]).await.0);
    relay.set(Fault::Refuse).await;
    let (fine, said) = psql(&relay, &postgres, &["SELECT 1"]).await;
    assert!(!fine && said.contains("refused"), "{said}");
}

#[tokio::test]
async fn a_commit_may_arrive_late() {
    let (postgres, relay) = with_table().await;
    let late = Ending::Late(Duration::from_millis(700));
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(late));
    let (fine, said) = psql(&relay, &postgres, &INSERT).await;
    assert!(!fine, "the client is cut off ({said})");
    // It takes psql less than that to give up, and the rows of others are not locked by it.
    assert_eq!(postgres.all_backends().await.idle_in_transaction, 1, "nothing has arrived yet");
    assert_eq!(rows(&postgres).await, "0");
    eventually("it arrives", SOON, async || rows(&postgres).await == "1").await;
    eventually("the session has ended", SOON, async || postgres.all_backends().await.total == 0).await;
    assert_eq!(relay.counters().open_now, 0);
    // Cut off before it has arrived, it never does.
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Late(2 * SOON)));
    assert!(!psql(&relay, &postgres, &INSERT).await.0);
    assert_eq!(relay.cut_all(Ending::Fin).await, 1);
    eventually("the session has ended", SOON, async || postgres.all_backends().await.total == 0).await;
    assert_eq!(rows(&postgres).await, "1");
}

#[tokio::test]
async fn the_answer_to_any_message_can_be_lost() {
    let (postgres, relay) = with_table().await;
    let insert = Cut::on_message(Direction::ToServer, b'Q').with_text("insert");
    relay.arm(insert.losing_the_answer().ending(Ending::Ghost));
    let (fine, _) = psql(&relay, &postgres, &INSERT).await;
    assert!(!fine);
    let done = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT%' AND state LIKE 'idle in%'";
    eventually("the server has done it", SOON, async || postgres.psql(done).await == "1").await;
    assert_eq!((rows(&postgres).await.as_str(), relay.counters().cuts_fired), ("0", 1));
}

/// At every place of a conversation in turn: start-up, BEGIN, INSERT, COMMIT, good-bye.
#[tokio::test]
async fn a_cut_can_be_made_at_every_message_in_turn() {
    let (postgres, relay) = with_table().await;
    let mut stored = Vec::new();
    for nth in 1..=6 {
        relay.arm(Cut::on_any_message(Direction::ToServer).nth(nth));
        let (fine, said) = psql(&relay, &postgres, &INSERT).await;
        eventually("the session has ended", SOON, async || postgres.all_backends().await.total == 0).await;
        stored.push((fine, rows(&postgres).await));
        relay.disarm_all();
        assert_eq!(relay.counters().cuts_fired, nth.min(5), "{said}");
        postgres.psql("TRUNCATE t").await;
    }
    let stored: Vec<_> = stored.iter().map(|(fine, rows)| (*fine, rows.as_str())).collect();
    let lost = (false, "0");
    assert_eq!(stored, [lost, lost, lost, lost, (true, "1"), (true, "1")]);
}
