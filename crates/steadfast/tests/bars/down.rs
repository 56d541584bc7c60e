//! Fear: the server is away for seconds, and the application for longer.

use std::time::Duration;

use steadfast_test::{Mode, Postgres};
use tokio::time::{Instant, sleep, sleep_until};

use crate::load::{Load, Record, Way, told};
use crate::report::{Row, ms};
use crate::scene::{accepts_again, open};

const AWAY: Duration = Duration::from_secs(5);

async fn run() -> (Record, Instant) {
    let server = Postgres::start().await;
    let (database, _events) = open(&server.url());
    let load = Load::start(&database, Way::Database);
    sleep(Duration::from_millis(500)).await;
    let until = Instant::now() + AWAY;
    server.stop(Mode::Fast).await;
    sleep_until(until).await;
    let (back, ()) = tokio::join!(accepts_again(&server), server.start_again());
    sleep(Duration::from_secs(1)).await;
    (load.stop().await, back)
}

pub(crate) async fn measure() -> Row {
    let mut firsts = Vec::new();
    let (mut failed, mut late) = (0, 0);
    for _ in 0..3 {
        let (record, back) = run().await;
        let in_time = record.failed_with_time_until(back + Duration::from_millis(100)).len();
        failed += in_time;
        late += record.failed().len() - in_time;
        firsts.push(record.first_success_after(back));
    }
    firsts.sort_unstable();
    Row {
        fault: "5 s down",
        bar: "0 failed when the deadline allows; first success within 100 ms after it is back",
        figures: vec![
            format!("{failed} failed in 3 outages (and {late} whose deadline had passed before the return)"),
            format!("first success after {} (worst {})", ms(firsts[1]), ms(firsts[2])),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_that_has_time_to_outlast_the_outage() {
    let (record, back) = run().await;
    let first = record.first_success_after(back);
    assert!(first < Duration::from_secs(3), "{first:?}");
    let failed = record.failed_with_time_until(back + first + Duration::from_millis(1500));
    assert!(failed.is_empty(), "{}", told(&failed));
    for late in record.failed() {
        let error = late.error.as_deref().unwrap();
        // One whose deadline comes right after the return may have got a connection, and says when; or connecting works
        // again, and it says until when it did not.
        let told = ["connecting fails", "connecting failed until", "ms after it had a connection"];
        assert!(told.iter().any(|told| error.contains(told)), "it says what was wrong all the time: {error}");
    }
}
