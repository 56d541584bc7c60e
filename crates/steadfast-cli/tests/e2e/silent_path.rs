//! A path that has gone silent, with all sockets open, is left as soon as there is another.

use std::time::Duration;

use crate::support::load::Shot;
use crate::support::{Load, Record, Service, ledger};
use steadfast_test::{Fault, Postgres, Relay};

/// What is promised, from the moment at which new connections work.
const SERVED_AGAIN: Duration = Duration::from_secs(2);
/// The requests' own deadline here: that of those which were under way when the path went silent.
const DEADLINE: (&str, &str) = ("STEADFAST_REQUEST_TIMEOUT", "8");

/// How long after `open` it took until a request that began later than that was served, and from when on all
/// of them were.
fn recovery(record: &Record, open: Duration) -> (Duration, Duration) {
    let later = || record.shots.iter().filter(|shot| shot.began >= open);
    let first = later().filter(|shot| shot.is_good()).map(|shot| shot.ended).min().unwrap() - open;
    let bad = |shot: &&Shot| !shot.is_good() || shot.took() > SERVED_AGAIN;
    let last_bad = later().filter(bad).map(|shot| shot.began).max().unwrap_or(open) - open;
    (first, last_bad)
}

fn assert_served_again(record: &Record, open: Duration, story: &str) {
    let (first, last_bad) = recovery(record, open);
    println!("measured: {story}: first served {first:?}, last one not served well began {last_bad:?} later");
    assert!(first < SERVED_AGAIN, "the first was served {first:?} after the path was open");
    assert!(
        last_bad < SERVED_AGAIN,
        "a request that began {last_bad:?} after the path was open was not served"
    );
}

#[tokio::test]
async fn connections_that_went_silent_are_left_within_two_seconds() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[DEADLINE]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(2)).await;
    let silenced = relay.silence_existing();
    let open = load.now();
    assert!(silenced > 0);
    load.goes_on_for(Duration::from_secs(5)).await;
    let record = load.stop().await;
    record.print(&format!("{silenced} connections went silent"));
    ledger::check(&postgres, &record).await;
    assert_served_again(&record, open, "went silent");
}

#[tokio::test]
async fn a_path_that_swallows_everything_for_three_seconds_is_used_again_within_two() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[DEADLINE]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(2)).await;
    relay.set(Fault::Swallow).await;
    load.goes_on_for(Duration::from_secs(3)).await;
    relay.set(Fault::None).await;
    let open = load.now();
    load.goes_on_for(Duration::from_secs(5)).await;
    let record = load.stop().await;
    record.print("everything swallowed for 3 s");
    ledger::check(&postgres, &record).await;
    assert_served_again(&record, open, "swallowed for 3 s");
}
