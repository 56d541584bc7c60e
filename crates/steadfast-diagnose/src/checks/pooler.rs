//! What stands between here and the server: a pooler, a proxy, an address translation. What a pooler forgets is found
//! out by the check of features.

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::hosts::Place;
use crate::session::Row;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::unanswered;

/// What stands between here and the server.
#[derive(Debug)]
pub(crate) struct Pooler;

impl Check for Pooler {
    fn id(&self) -> &'static str {
        "pooler"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "whether a pooler, a proxy or an address translation stands in between"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

const WHO: &str = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.host(pg_catalog.inet_server_addr()), \
    pg_catalog.inet_server_port(), pg_catalog.host(pg_catalog.inet_client_addr()), \
    (SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid())";

async fn look(context: &Context) -> Outcome {
    let asked = match context.opened().await {
        Ok(opened) => opened.session.row(WHO).await.map(|row| (row, opened)),
        Err(fault) => Err(fault),
    };
    let (row, opened) = match asked {
        Ok(asked) => asked,
        Err(fault) => return unanswered(&fault, context),
    };
    let server = opened.session.connection().server();
    let pooled = row.count(0) != u64::from(server.process);
    let translated = translations(&row, context).await;
    let ends_tls = server.tls.is_some() && row.text(4) == "f";
    let mut outcome = Outcome::new(match (pooled, translated.is_empty() && !ends_tls) {
        (true, _) => "a connection pooler stands in between",
        (false, false) => "a proxy or address translation stands in between",
        (false, true) => "connected directly",
    })
    .with("process number told at the start", u64::from(server.process))
    .with("process that answers", row.count(0))
    .with("pooler", pooled)
    .with("TLS ends before the server", ends_tls);
    for (label, value) in translated {
        outcome.add(label, value);
    }
    if let Some(options) = context.postgres().and_then(|options| options.options.as_deref())
        && pooled
        && !options.is_empty()
    {
        let cause = "session options in the URL are one client's wish, and behind a pooler they may be refused or reach others";
        outcome.problems.push(
            Problem::warning(cause, "set them for the role instead: ALTER ROLE .. SET ..")
                .explained(story::POOLER_SETTINGS),
        );
    }
    outcome
}

/// Addresses that the two ends see differently.
async fn translations(row: &Row, context: &Context) -> Vec<(&'static str, Shown)> {
    let hosts = context.hosts().await;
    let Some(door) = hosts.first_open() else { return Vec::new() };
    let Place::Tcp(dialed) = &door.place else { return Vec::new() };
    let mut found = Vec::new();
    let (address, port, client) = (row.text(1), row.text(2), row.text(3));
    // Behind a pooler on the server's own machine they are empty: it comes by Unix socket.
    if !address.is_empty() && address != dialed.ip().to_string() {
        found.push(("server's own address", shown!(context.shown(address), ", dialed ", dialed.ip())));
    }
    if !port.is_empty() && port != dialed.port().to_string() {
        found.push(("server's own port", shown!(context.shown(port), ", dialed ", dialed.port())));
    }
    if let Some(local) = door.local
        && !client.is_empty()
        && client != local.to_string()
    {
        found.push(("our address as the server sees it", shown!(context.shown(client), ", here ", local)));
    }
    found
}
