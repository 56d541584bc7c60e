//! The status page in a real browser: healthy, through an outage, through a restart of the service itself, without
//! scripts, for people who do not see it, and under its own policy.

use std::time::Duration;

use crate::support::browser::{Browser, NARROW, WIDE};
use crate::support::{Load, SOON, Service};
use steadfast_test::{Mode, Postgres, Signal, eventually};
use tokio::time::Instant;

#[tokio::test]
async fn the_page_tells_of_an_outage_its_cause_and_its_end() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let browser = Browser::start().await;
    browser.resize(WIDE).await;
    browser.open(&format!("http://{}/", service.client.address)).await;
    browser.reads("#link", "Live").await;
    browser.reads("#headline", "All is well").await;
    browser.reads("#charts", "half of all queries took up to").await;
    browser.reads("#database", "PostgreSQL").await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(11)).await;
    browser.picture("healthy-light-wide").await;

    postgres.stop(Mode::Fast).await;
    let gone = Instant::now();
    browser.reads("#headline", "The database is away").await;
    println!("measured: the page said so {:?} after the server had stopped", gone.elapsed());
    browser.reads("#incidents", "terminating connection due to administrator command").await;
    browser.reads("#incidents", "lasts").await;
    browser.reads("#pool", "away for").await;
    // Who does not see it hears the same, once.
    browser.reads("#announcer", "The database is away").await;
    load.goes_on_for(Duration::from_secs(3)).await;
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await;
        browser.picture(&format!("outage-{scheme}-wide")).await;
    }

    postgres.start_again().await;
    // Those who waited are served first; a busy machine is saturated until then.
    drop(load.stop().await);
    browser.reads("#headline", "All is well").await;
    browser.reads("#incidents", "outage of").await;
    browser.picture("healthy-dark-wide").await;
    browser.resize(NARROW).await;
    assert_eq!(
        browser.run("return document.documentElement.scrollWidth <= innerWidth").await,
        true,
        "no sideways scrolling"
    );
    browser.picture("healthy-dark-narrow").await;
    browser.prefer("light").await;
    browser.picture("healthy-light-narrow").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_says_that_it_is_stale_and_recovers_by_itself() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    let address = service.client.address;
    let browser = Browser::start().await;
    browser.open(&format!("http://{address}/")).await;
    browser.reads("#link", "Live").await;
    assert_eq!(browser.text("#stale").await, "");

    let asked = Instant::now();
    service.process.signal(Signal::TERM);
    service.process.wait(SOON).await;
    // A page that is open must not hold up the end of its service.
    assert!(asked.elapsed() < Duration::from_secs(10), "ended after {:?}", asked.elapsed());
    browser.reads("#stale", "This page is stale").await;
    browser.reads("#link", "Connection lost").await;
    browser.picture("stale-light-wide").await;

    let again = Service::start_at(&address.to_string(), &[]).await;
    again.wait_until_it_serves(SOON).await;
    browser.reads("#link", "Live").await;
    browser.reads("#headline", "All is well").await;
    assert_eq!(browser.text("#stale").await, "", "no longer stale");
    browser.close().await;
}

#[tokio::test]
async fn the_page_keeps_its_own_policy() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    let browser = Browser::start().await;
    browser.open(&format!("http://{}/", service.client.address)).await;
    browser.reads("#link", "Live").await;
    browser.reads("#headline", "All is well").await;
    // Several rounds of news.
    let taken = browser.text("#taken").await;
    eventually("news came", SOON, async || browser.text("#taken").await != taken).await;
    assert_eq!(browser.console().await, Vec::<String>::new(), "nothing was refused, nothing failed");

    // What somebody managed to put into the page is not run, and the browser says so.
    let smuggled = "const s = document.createElement('script'); s.textContent = 'window.smuggled = 1'; \
                    document.head.append(s); return window.smuggled === undefined";
    assert_eq!(browser.run(smuggled).await, true);
    eventually("the refusal is told", SOON, async || {
        browser.console().await.iter().any(|line| line.contains("Content Security Policy"))
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_is_complete_without_scripts_and_for_who_does_not_see_it() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    let browser = Browser::start().await;
    browser.run_scripts_of_pages(false).await;
    browser.open(&format!("http://{}/", service.client.address)).await;
    browser.reads("#headline", "All is well").await;
    browser.reads("#link", "Updates by itself every 5 s").await;
    for (section, text) in [
        ("#pool", "nobody waits"),
        ("#charts", "In the last minute"),
        ("#incidents", "None since the service began"),
        ("#workers", "the only one"),
        ("#database", "SQLite"),
        ("#advice", "None"),
    ] {
        assert!(browser.text(section).await.contains(text), "{section}: {}", browser.text(section).await);
    }
    let taken = browser.text("#taken").await;
    eventually("the page loads itself anew", SOON, async || browser.text("#taken").await != taken).await;

    let told = browser.accessible().await;
    let has = |role: &str, name: &str| told.iter().any(|(r, n)| r == role && n.contains(name));
    assert!(
        has("main", "") && has("banner", "") && has("contentinfo", "") && has("navigation", "More"),
        "{told:?}"
    );
    assert!(
        has("heading", "All is well") && has("heading", "Pool") && has("heading", "Incidents"),
        "{told:?}"
    );
    assert!(has("image", "Query time") || has("img", "Query time"), "charts have names: {told:?}");
    assert!(has("list", "Kept under load") && has("columnheader", "In use"), "{told:?}");
    browser.close().await;
}

#[tokio::test]
async fn strangers_see_no_causes_no_advice_and_no_database() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    let stranger = [("Accept", "text/html"), ("Via", "1.1 proxy")];
    let page = service.client.send("GET", "/", &stranger, b"").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text.contains("All is well") && page.text.contains("nobody waits"));
    for hidden in ["SQLite", "id=\"database\"", "id=\"advice\"", "pid"] {
        assert!(!page.text.contains(hidden), "{hidden}");
    }
    let json = service.client.send("GET", "/status.json", &stranger[1..], b"").await.body();
    assert_eq!(
        (&json["details"], &json["workers"][0]["database"]),
        (&false.into(), &serde_json::Value::Null)
    );
    assert_eq!(service.client.send("GET", "/metrics", &stranger[1..], b"").await.status, 401);
    assert_eq!(
        service.client.get("/").await.header("content-type"),
        Some("application/json"),
        "for programs"
    );
}
