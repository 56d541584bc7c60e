//! Whether anything listens at each address, and how far away it is.

use std::time::Duration;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem, Severity};
use crate::layer::Layer;
use crate::net::hosts::{Door, Place, Refusal};
use crate::shown::{Shown, shown};
use crate::story;

/// Whether anything listens at each address.
#[derive(Debug)]
pub(crate) struct Tcp;

impl Check for Tcp {
    fn id(&self) -> &'static str {
        "tcp"
    }

    fn layer(&self) -> Layer {
        Layer::Network
    }

    fn about(&self) -> &'static str {
        "whether each address answers, with the least and the median time of five connects"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url", "dns"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(3)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

async fn look(context: &Context) -> Outcome {
    let hosts = context.hosts().await;
    let mut outcome = Outcome::new("");
    for door in hosts.doors() {
        let value = match door.refusal {
            None => shown!(
                "answers in ",
                door.fastest(),
                " (median ",
                door.median(),
                " of ",
                door.calls.len(),
                ")"
            ),
            Some(refusal) => Shown::from(word(refusal)),
        };
        outcome.add(place(door, context), value);
    }
    let open = hosts.first_open();
    let is_reachable = open.is_some();
    outcome.summary = match open {
        Some(door) => shown!(place(door, context), " answers in ", door.fastest()),
        None => "nothing answers".into(),
    };
    // Of several addresses of one host one is enough; a host without any is worth a word.
    for host in &hosts.hosts {
        let Some(door) = host.doors.first() else { continue };
        if host.doors.iter().all(|door| door.refusal.is_some())
            && let Some(refusal) = door.refusal
        {
            let mut problem = problem(refusal, door, context);
            if is_reachable {
                problem.severity = Severity::Warning;
            }
            outcome.problems.push(problem);
        }
    }
    outcome
}

/// The address, or the path of the socket.
pub(super) fn place(door: &Door, context: &Context) -> Shown {
    match &door.place {
        Place::Tcp(address) => shown!(*address),
        Place::Unix(path) => context.shown(&path.to_string_lossy()),
    }
}

fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Refused => "refused",
        Refusal::NoRoute => "no route",
        Refusal::Silent(_) => "no answer",
        Refusal::NoSuchSocket => "no such socket",
        Refusal::Forbidden => "not permitted",
        Refusal::Other(_) => "failed",
    }
}

fn problem(refusal: Refusal, door: &Door, context: &Context) -> Problem {
    let at = place(door, context);
    match refusal {
        Refusal::Refused => {
            let cause = shown!("nothing listens at ", at, " (connection refused)");
            let remedy = if door.is_local() {
                "start the server, or correct host and port; inside a container localhost is the container itself: use the service's name"
            } else {
                "check host and port against the provider's page, and that the database is started; PostgreSQL's own port is 5432, poolers often use 6432 or 6543"
            };
            Problem::failure(cause, remedy).explained(story::CONNECTION_REFUSED)
        }
        Refusal::NoRoute => Problem::failure(
            shown!("there is no route to ", at),
            "use an IPv4 or pooler host when this is an IPv6 address; else look at routes, VPN and the network that this program runs in",
        )
        .explained(story::NO_ROUTE),
        Refusal::Silent(after) => Problem::failure(
            shown!(at, " does not answer within ", after),
            "a firewall or security group drops the packets, or the host is down: let this machine's address in, and check host and port",
        )
        .explained(story::CONNECT_TIMEOUT),
        Refusal::NoSuchSocket => Problem::failure(
            shown!("there is no socket ", at),
            "start the server, or name its socket directory (SHOW unix_socket_directories) or a host",
        )
        .explained(story::NO_SOCKET),
        Refusal::Forbidden => Problem::failure(
            shown!("this user may not use ", at),
            "look at the permissions of the socket's directory, or a sandbox that forbids sockets",
        )
        .explained(story::SOCKET_FORBIDDEN),
        Refusal::Other(kind) => Problem::failure(
            shown!("connecting to ", at, " failed: ", context.shown(&kind.to_string())),
            "look at this machine's limits and network",
        ),
    }
}
