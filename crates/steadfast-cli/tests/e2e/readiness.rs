//! An outage that nobody's request has met yet: who asks for readiness hears of it all the same.

use std::time::Duration;

use crate::support::Service;
use steadfast_test::{Mode, Postgres, eventually};
use tokio::time::Instant;

/// Nobody but the health report notices: no request touches the database meanwhile.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn readiness_follows_the_database_without_any_request() {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[]).await;
    let client = service.client;
    let is = async |path: &str, status: u16| client.get(path).await.status == status;
    eventually("the service is ready", NOTICED_WITHIN, async || is("/readyz", 200).await).await;

    postgres.stop(Mode::Fast).await;
    let gone = Instant::now();
    eventually("readiness says no", NOTICED_WITHIN, async || is("/readyz", 503).await).await;
    println!("measured: readiness said no {:?} after the server had stopped", gone.elapsed());
    assert!(is("/api/v1/health", 503).await && is("/livez", 200).await);

    postgres.start_again().await;
    eventually("readiness says yes again", 2 * NOTICED_WITHIN, async || is("/readyz", 200).await).await;

    // One incident is one line, with its extent; one more at its beginning when it lasts longer than a second.
    eventually("the incident is told", 5 * NOTICED_WITHIN, async || service.log().contains("incident_ended"))
        .await;
    let log = service.log();
    let told = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(told("incident_ended"), 1, "one incident is told once: {log}");
    assert!(told("incident_began") <= 1, "{log}");
    for field in ["cause", "lasted_ms", "connections_lost", "tries_failed", "work_retried", "callers_failed"]
    {
        assert_eq!(told(&format!("\"{field}\":")).min(1), 1, "{field}: {log}");
    }
    assert_eq!(told("it is reachable again"), 1, "{log}");
}
