//! Health as the service wires it; what the routes themselves say is the library's affair.

use crate::support::{Client, Service, within};
use axum::Router;
use steadfast::config::Config;
use steadfast::web::HealthAccess;
use steadfast::{Database, tasks};
use steadfast_service::{App, Listening, Phase, Settings, health_routes};

/// A service with the routes of health, as the program runs it.
#[cfg(test)]
fn launch(config: &Config, change: impl FnOnce(&mut Settings)) -> Service {
    let mut settings = Settings::default();
    settings.listen = ([127, 0, 0, 1], 0).into();
    change(&mut settings);
    let listening = Listening::bind(App::new(settings, Database::open(config).unwrap())).unwrap();
    let (address, app, shutdown) = (listening.address(), listening.app().clone(), listening.shutdown());
    let outside: Router = health_routes(&app, HealthAccess::default());
    let running = tasks::spawn("service under test", listening.run(outside));
    Service { address, app, shutdown, running }
}

#[cfg(test)]
async fn statuses(client: Client) -> [u16; 4] {
    let mut statuses = [0; 4];
    for (status, path) in statuses.iter_mut().zip(["/livez", "/startupz", "/readyz", "/api/v1/health"]) {
        *status = client.get(path).await.status;
    }
    statuses
}

#[tokio::test]
async fn all_is_well_once_the_schema_is_there() {
    let service = launch(&Config::sqlite_memory(), |_| ());
    let client = service.client();
    let deadline = steadfast::time::Instant::now() + steadfast::time::Duration::from_secs(10);
    while statuses(client).await != [200; 4] {
        assert!(steadfast::time::Instant::now() < deadline);
    }
    service.end().await;
}

#[tokio::test]
async fn without_a_database_the_process_lives_and_is_not_ready() {
    let config = Config::from_url("postgres://app:hunter2@127.0.0.1:1/app").unwrap();
    let service = launch(&config, |settings| settings.max_requests = 1);
    assert_eq!(statuses(service.client()).await, [200, 503, 503, 503]);
    service.end().await;
}

#[tokio::test]
async fn who_drains_is_not_ready_and_lives() {
    let service = launch(&Config::sqlite_memory(), |settings| {
        settings.drain_delay = steadfast::time::Duration::from_secs(60)
    });
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    service.shutdown.ask();
    let client = service.client();
    let deadline = steadfast::time::Instant::now() + steadfast::time::Duration::from_secs(10);
    while client.get("/readyz").await.status != 503 {
        assert!(steadfast::time::Instant::now() < deadline, "the news takes a moment, not ten seconds");
    }
    assert_eq!(client.get("/livez").await.status, 200);
    service.end().await;
}
