//! Idle connections that are cut on the way, in order or not, cost no request.

use std::time::Duration;

use crate::support::client::{create, request};
use crate::support::{Client, Load, Service, USERS, ledger};
use steadfast_test::{Ending, Postgres, Relay};
use tokio::task::JoinSet;

/// So many requests at the same moment, half of them writes; all must succeed.
async fn volley(client: Client, round: &str) {
    let mut under_way = JoinSet::new();
    for number in 0..20 {
        let (bytes, expected) = match number % 2 {
            0 => (request("GET", &format!("{USERS}/1"), &[], b""), 200),
            _ => (create(&format!("{round}-{number}")), 201),
        };
        under_way.spawn(async move { (client.exchange(&bytes).await, expected) });
    }
    for (answer, expected) in under_way.join_all().await {
        let answer = answer.unwrap_or_else(|error| panic!("{round}: {error}"));
        assert_eq!(answer.status, expected, "{round}: {answer:?}");
    }
}

#[tokio::test]
async fn connections_cut_between_requests_cost_none() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[]).await;
    volley(service.client, "before").await;
    for ending in [Ending::Fin, Ending::Rst, Ending::HalfClose] {
        for round in 0..5 {
            let cut = relay.cut_all(ending).await;
            assert!(cut > 0, "{ending:?} {round}: something was open");
            // At once: before anybody can have had the time to notice by himself.
            volley(service.client, &format!("{ending:?}-{round}")).await;
        }
    }
    let stored = postgres.psql("SELECT count(*) FROM users WHERE username NOT LIKE 'seed-%'").await;
    assert_eq!(stored, "160");
}

async fn idle_limit_under_load(ending: Ending) {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[]).await;
    volley(service.client, "token-before").await;
    let opened = relay.counters().opened;
    // Below the time after which an idle connection is pinged before use, and above what a statement takes.
    relay.set_idle_limit(Some((Duration::from_millis(300), ending)));
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    for round in 0..4 {
        volley(service.client, &format!("seed-{ending:?}-{round}")).await;
        load.goes_on_for(Duration::from_millis(700)).await;
    }
    let record = load.stop().await;
    record.print(&format!("idle connections cut by {ending:?} under load"));
    let cut = relay.counters().opened - opened;
    assert!(cut > 5, "connections were cut, and opened anew: {cut}");
    record.assert_no_failures();
    assert_eq!(record.unknown(), 0, "no COMMIT was under way on an idle connection");
}

#[tokio::test]
async fn connections_ended_in_order_under_load_cost_no_request() {
    idle_limit_under_load(Ending::Fin).await;
}

#[tokio::test]
async fn connections_reset_under_load_cost_no_request() {
    idle_limit_under_load(Ending::Rst).await;
}

#[tokio::test]
async fn all_connections_reset_in_the_middle_of_work_cost_no_request() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[]).await;
    let load = Load::start(service.client);
    for ending in [Ending::Fin, Ending::Rst, Ending::HalfClose, Ending::Rst] {
        load.goes_on_for(Duration::from_millis(700)).await;
        relay.cut_all(ending).await;
    }
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    record.print("all connections cut four times");
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
}
