//! Whether what answers is PostgreSQL.

use std::time::Duration;

use super::tcp::place;
use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::foreign::{Speaker, who};
use crate::shown::shown;
use crate::story;

/// Whether what answers is PostgreSQL.
#[derive(Debug)]
pub(crate) struct Protocol;

impl Check for Protocol {
    fn id(&self) -> &'static str {
        "protocol"
    }

    fn layer(&self) -> Layer {
        Layer::Network
    }

    fn about(&self) -> &'static str {
        "whether what answers is PostgreSQL, or HTTP, MySQL, Redis, SSH"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["tcp"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        patience(context).saturating_mul(2).saturating_add(Duration::from_secs(1))
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// The first answer comes from the postmaster at once; a proxy that has to wake a database may take its time.
fn patience(context: &Context) -> Duration {
    context.connect_timeout().min(Duration::from_secs(5))
}

async fn look(context: &Context) -> Outcome {
    let Some(door) = context.hosts().await.first_open() else {
        return Outcome::skipped("nothing answers");
    };
    // Another program that wants TLS from the first byte is asked for it by sslnegotiation=direct.
    if context.postgres().is_some_and(|options| options.tls.direct) {
        return Outcome::new("TLS from the first byte, as configured");
    }
    let speaker = who(door, patience(context)).await;
    let at = place(door, context);
    let other = |what: &'static str| {
        let remedy = "correct host and port: PostgreSQL's own port is 5432, poolers often use 6432 or 6543";
        Outcome::of(Problem::failure(
            shown!("what answers at ", at.clone(), " is ", what, ", not PostgreSQL"),
            remedy,
        ))
        .with("answers", what)
    };
    let explained = |mut outcome: Outcome, entry: &'static str| {
        outcome.problems.iter_mut().for_each(|problem| problem.explain = Some(entry));
        outcome
    };
    match speaker {
        Speaker::Postgres => Outcome::new("PostgreSQL answers"),
        Speaker::Http => explained(other("an HTTP server"), story::HTTP_PORT),
        Speaker::Mysql => explained(other("a MySQL server"), story::MYSQL_PORT),
        Speaker::Redis => explained(other("a Redis server"), story::REDIS_PORT),
        Speaker::Ssh => explained(other("an SSH server"), story::SSH_PORT),
        Speaker::Mail => explained(other("a mail or file server"), story::OTHER_PORT),
        Speaker::TlsOnly => {
            let cause = shown!(at, " wants TLS from the first byte");
            let remedy = "if it is PostgreSQL 17 behind a proxy, add sslnegotiation=direct with sslmode=require; if it is an HTTPS port, correct it";
            Outcome::of(Problem::failure(cause, remedy).explained(story::HTTP_PORT))
        }
        Speaker::Closes | Speaker::Breaks => {
            let cause = shown!(at, " accepts the connection and closes it without a word");
            let remedy = "a proxy without a working database behind it, a sleeping database that is being woken, or an address that is not let in: look at the database's state, then try again";
            Outcome::of(Problem::failure(cause, remedy).explained(story::CLOSED_AT_ONCE))
        }
        Speaker::Silent => {
            let cause = shown!(at, " accepts the connection and says nothing within ", patience(context));
            let remedy = "a stuck proxy, a paused server or a load balancer whose target is gone: restart it, or go around it to see which one it is";
            Outcome::of(Problem::failure(cause, remedy).explained(story::CONNECT_TIMEOUT))
        }
        Speaker::Unknown(first) => Outcome::of(
            Problem::failure(
                shown!("what answers at ", at, " is not PostgreSQL; its first byte is ", first),
                "correct host and port",
            )
            .explained(story::OTHER_PORT),
        ),
    }
}
