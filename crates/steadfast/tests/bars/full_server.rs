//! Fear: another tenant takes every free slot of the server (53300), and the pool throws away what it has.

use std::time::Duration;

use steadfast::connector::{Alarm, Connector as _};
use steadfast::event::Event;
use steadfast_test::{Postgres, eventually};
use tokio::time::sleep;

use crate::load::{Load, Record, Way, told};
use crate::report::{Row, ms};
use crate::scene::{SOON, open, pool};

struct Outcome {
    record: Record,
    before: Vec<u32>,
    after: Vec<u32>,
    refused: usize,
}

async fn run() -> Outcome {
    let server = Postgres::builder().max_connections(20).start().await;
    let url = format!("{}?application_name=ours", server.url());
    let (database, events) = open(&url);
    // Four good ones, which suffice.
    let four = futures_util::future::join_all((0..4).map(|_| pool(&database).acquire())).await;
    assert!(four.iter().all(Result::is_ok));
    drop(four);
    let mut theirs = Vec::new();
    let other = pool(&database).connector();
    while let Ok(connection) = other.connect(Alarm::silent()).await {
        theirs.push(connection);
    }
    let pids = async || {
        let backends = server.backends("ours").await.pids;
        let of_tenant: Vec<u32> = theirs.iter().map(|connection| connection.server().process).collect();
        backends.into_iter().filter(|pid| !of_tenant.contains(pid)).collect::<Vec<_>>()
    };
    let before = pids().await;
    let load = Load::start(&database, Way::Database);
    sleep(Duration::from_secs(2)).await;
    // Sixteen want one at the same time: four suffice, one after the other.
    for _ in 0..20 {
        let burst = (0..16).map(|_| database.query("SELECT 1", &[], None));
        assert!(futures_util::future::join_all(burst).await.iter().all(Result::is_ok));
    }
    sleep(Duration::from_secs(1)).await;
    let record = load.stop().await;
    let after = pids().await;
    let is_53300 =
        |event: &Event| matches!(event, Event::OpenFailed { fault, .. } if fault.code() == Some("53300"));
    let refused = events.count(is_53300);
    drop(theirs);
    eventually("there is room again", SOON, async || {
        let many = (0..8).map(|_| pool(&database).acquire());
        futures_util::future::join_all(many).await.iter().all(Result::is_ok)
    })
    .await;
    Outcome { record, before, after, refused }
}

pub(crate) async fn measure() -> Row {
    let Outcome { record, before, after, refused } = run().await;
    let kept = before.iter().filter(|pid| after.contains(pid)).count();
    Row {
        fault: "another tenant takes every free slot (53300)",
        bar: "good connections stay in use; 0 failures while they suffice",
        figures: vec![
            format!("{} of {} failed", record.failed().len(), record.total()),
            format!("{kept} of {} connections kept", before.len()),
            format!("{refused} tries to open refused meanwhile"),
            format!("longest wait {}", ms(record.longest())),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_costs_no_good_connection_and_no_read() {
    let Outcome { record, before, after, refused } = run().await;
    assert!(record.failed().is_empty(), "{}", told(&record.failed()));
    assert_eq!((before.len(), &before), (4, &after), "all four were kept");
    assert!(refused > 0, "the server was full");
}
