//! From the start of the process to the first answer, and several processes at once on one database.

use std::time::Duration;

use crate::support::scratch::Scratch;
use crate::support::{SOON, Service, USERS};
use steadfast_test::{Postgres, eventually};

async fn first_200(environment: &[(&str, &str)]) -> Duration {
    let service = Service::start(environment).await;
    let client = service.client;
    eventually("users are served", SOON, async || client.get(USERS).await.status == 200).await;
    service.started.elapsed()
}

#[tokio::test]
async fn it_serves_within_a_second_of_its_start() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let directory = Scratch::new();
    let file = format!("sqlite://{}", directory.path().join("users.sqlite3").display());
    for (story, url) in [("PostgreSQL", &url), ("SQLite", &file)] {
        let new = first_200(&[("DATABASE_URL", url)]).await;
        let used = first_200(&[("DATABASE_URL", url)]).await;
        println!("measured: {story}: first 200 after {new:?}, {used:?} with the schema there (debug build)");
        assert!(new < Duration::from_secs(1), "{story}: {new:?}");
        assert!(used < Duration::from_secs(1), "{story}: {used:?}");
    }
}

#[tokio::test]
async fn five_services_that_start_at_once_on_an_empty_database_all_serve_from_one_schema() {
    let postgres = Postgres::start().await;
    let mut services = Vec::new();
    // Each listens at once, and does the rest in the background.
    for _ in 0..5 {
        services.push(Service::start(&[("DATABASE_URL", &postgres.url())]).await);
    }
    for (number, service) in services.iter().enumerate() {
        service.wait_until_it_serves(SOON).await;
        let body = format!(r#"{{"username":"from-{number}","email":"f{number}@example.org"}}"#);
        assert_eq!(service.client.json("POST", USERS, &body).await.status, 201);
    }
    for service in &services {
        let page = service.client.get(USERS).await.body();
        assert_eq!(page["users"].as_array().unwrap().len(), 5);
    }
    assert_eq!(postgres.psql("SELECT version FROM steadfast_schema").await, "1\n2");
}
