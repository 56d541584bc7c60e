//! No password in anything that is printed or answered, however much is logged.

use std::time::Duration;

use crate::support::{Load, SOON, Service};
use steadfast_test::{Auth, Mode, Postgres};

const PASSWORD: &str = "Zq7secretXw";

#[tokio::test]
async fn the_password_is_nowhere_not_even_when_everything_is_logged_and_everything_fails() {
    let postgres = Postgres::builder().auth(Auth::Password).password(PASSWORD).start().await;
    let url = postgres.url();
    assert!(url.contains(PASSWORD));
    let token = ("STEADFAST_HEALTH_TOKEN", "0123456789abcdefToken");
    let service = Service::seeded(&postgres, &url, &[("STEADFAST_LOG", "trace"), token]).await;
    let client = service.client;
    let load = Load::start(client);
    postgres.terminate_backends("steadfast").await;
    load.goes_on_for(Duration::from_millis(500)).await;
    postgres.psql("ALTER ROLE steadfast PASSWORD 'other'").await;
    postgres.restart(Mode::Immediate).await;
    service.process.wait_for_line("28P01", SOON).await;
    let health = client.get("/api/v1/health").await;
    assert_eq!(health.status, 503, "{health:?}");
    postgres.psql(&format!("ALTER ROLE steadfast PASSWORD '{PASSWORD}'")).await;
    service.wait_until_it_serves(SOON).await;
    let record = load.stop().await;
    record.print("password changed and changed back");
    for secret in [PASSWORD, url.as_str(), "0123456789abcdefToken"] {
        let line = service.process.lines().into_iter().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log shows a secret");
        assert!(!health.text.contains(secret), "{health:?}");
        let answers = record.shots.iter().filter_map(|shot| shot.answer.as_ref().ok());
        assert_eq!(answers.filter(|answer| answer.text.contains(secret)).count(), 0);
    }
    assert!(service.process.lines().len() > 100, "everything was logged");
}
