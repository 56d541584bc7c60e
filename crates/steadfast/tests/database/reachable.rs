//! Fear: we give up on a database that is only late, or wait for one that will never be there.

use steadfast::retry::{Backoff, Jitter};
use steadfast::verdict::Class;
use steadfast_test::{Auth, Fault, Mode, Relay};
use tokio::time::Instant;

use super::*;

const fn schedule(delay: Duration, tries: u32) -> Backoff {
    Backoff::new(delay, 1, delay, Jitter::None, Some(tries))
}

#[tokio::test]
async fn a_database_that_is_there_is_reported_at_once() {
    for scene in Scene::both().await {
        let began = Instant::now();
        let waited =
            scene.database.wait_until_reachable(Backoff::startup(), |failed| panic!("{failed:?}")).await;
        waited.unwrap();
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_schedule_that_runs_out_has_reported_every_try_with_its_cause() {
    let server = server().await;
    let relay = Relay::to(server.addr()).await;
    relay.set(Fault::Refuse).await;
    let (database, _) = open(&relay.url_from(server));
    let mut reports = Vec::new();
    let began = Instant::now();
    let waited = database
        .wait_until_reachable(schedule(Duration::from_millis(150), 3), |failed| reports.push(failed.clone()))
        .await;
    let error = waited.unwrap_err();
    assert!(began.elapsed() >= Duration::from_millis(400), "took {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
    assert_eq!(error.fault().unwrap().class(), Class::Unreachable, "{error}");
    let numbers: Vec<u32> = reports.iter().map(|failed| failed.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    for failed in &reports {
        assert!(failed.error.to_string().contains("refused"), "{}", failed.error);
        assert_eq!(failed.next_within, Duration::from_millis(150));
    }
}

#[tokio::test]
async fn a_late_database_ends_the_schedule_the_moment_it_answers() {
    let server = Postgres::start().await;
    server.stop(Mode::Fast).await;
    let (database, _) = open(&server.url());
    let waiting = database.clone();
    let waiter = tokio::spawn(async move {
        let mut reports = 0;
        let waited =
            waiting.wait_until_reachable(schedule(Duration::from_secs(30), 2), |_| reports += 1).await;
        (waited, reports)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.start_again().await;
    let began = Instant::now();
    let (waited, reports) = waiter.await.unwrap();
    waited.unwrap();
    assert_eq!(reports, 1);
    assert!(began.elapsed() < Duration::from_secs(3), "not after the delay: {:?}", began.elapsed());
}

#[tokio::test]
async fn what_waiting_will_not_change_is_not_waited_for() {
    let server = Postgres::builder().auth(Auth::Scram).password("right").start().await;
    let wrong = server.url().replace(":right@", ":wrong-4711@");
    let nowhere = in_database(&server.url(), "no_such_database");
    for (url, code) in [(wrong, "28P01"), (nowhere, "3D000")] {
        let (database, _) = open(&url);
        let began = Instant::now();
        let mut reports = 0;
        let error = database.wait_until_reachable(Backoff::startup(), |_| reports += 1).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
        assert_eq!((error.fault().unwrap().code(), reports), (Some(code), 0), "{error}");
        assert!(!error.to_string().contains("4711"), "{error}");
    }
}
