//! Whether the names of the hosts lead to addresses, and to such as can be reached from here.

use std::time::Duration;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::hosts::{Host, Lookup, Place, Refusal};
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::many;

/// Whether the names lead to addresses.
#[derive(Debug)]
pub(crate) struct Dns;

impl Check for Dns {
    fn id(&self) -> &'static str {
        "dns"
    }

    fn layer(&self) -> Layer {
        Layer::Network
    }

    fn about(&self) -> &'static str {
        "A and AAAA addresses of each host, the time it takes, IPv6 without a route"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(2)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// A lookup that takes longer delays every connection.
const SLOW: Duration = Duration::from_millis(500);

async fn look(context: &Context) -> Outcome {
    let hosts = &context.hosts().await.hosts;
    let (mut families, mut addresses) = ([0_usize; 2], 0_usize);
    let mut outcome = Outcome::new("");
    let mut found = 0_usize;
    for host in hosts {
        let name = context.shown(&host.name);
        let places = Shown::join(host.doors.iter().map(address), ", ");
        match &host.lookup {
            Lookup::Socket => outcome.add(name, "a directory of Unix sockets"),
            Lookup::Given => outcome.add(name, shown!(places, ", no name to look up")),
            Lookup::Found { took } => outcome.add(name, shown!(places, " in ", *took)),
            Lookup::Failed { why, took } => {
                outcome.add(name, shown!("no address after ", *took, ": ", context.shown(why)))
            }
            Lookup::Silent { after } => outcome.add(name, shown!("no answer within ", *after)),
        }
        for door in &host.doors {
            addresses = addresses.saturating_add(1);
            if let Place::Tcp(address) = &door.place
                && let Some(count) = families.get_mut(usize::from(address.is_ipv6()))
            {
                *count = count.saturating_add(1);
            }
        }
        found = found.saturating_add(usize::from(!host.doors.is_empty()));
        outcome.problems.extend(problem(host, context));
    }
    let [v4, v6] = families;
    outcome.summary = match (found, addresses) {
        (0, _) => "no host has an address".into(),
        (_, 1) => Shown::join(hosts.iter().flat_map(|host| &host.doors).map(address), ""),
        _ => shown!(many(addresses, "address", "addresses"), " (", v4, " IPv4, ", v6, " IPv6)"),
    };
    // Some host is enough to go on with.
    if found > 0 {
        for problem in &mut outcome.problems {
            problem.severity = crate::finding::Severity::Warning;
        }
    }
    outcome
}

fn address(door: &crate::net::hosts::Door) -> Shown {
    match &door.place {
        Place::Tcp(address) => shown!(address.ip()),
        Place::Unix(_) => "a Unix socket".into(),
    }
}

fn problem(host: &Host, context: &Context) -> Option<Problem> {
    let name = context.shown(&host.name);
    match &host.lookup {
        Lookup::Failed { why, .. } => {
            let cause = shown!("the name ", name, " has no address (", context.shown(why), ")");
            let remedy = "check its spelling; a platform's private name works only inside its network and not while building: use the public URL there";
            Some(Problem::failure(cause, remedy).explained(story::HOST_NOT_FOUND))
        }
        Lookup::Silent { after } => {
            let cause = shown!("the resolver gave no answer for ", name, " within ", *after);
            let remedy = "look at the nameservers in /etc/resolv.conf and at what stands between them and this machine";
            Some(Problem::failure(cause, remedy).explained(story::HOST_NOT_FOUND))
        }
        Lookup::Found { took } if *took > SLOW => {
            let cause =
                shown!("looking ", name, " up took ", *took, ", which every new connection waits for");
            Some(Problem::warning(
                cause,
                "look at the resolver: a dead nameserver in its list, or a long search list (ndots)",
            ))
        }
        Lookup::Found { .. } => without_route(host, &name),
        Lookup::Socket | Lookup::Given => None,
    }
}

/// IPv6 addresses that cannot be reached from here cost time, or everything when there are no others.
fn without_route(host: &Host, name: &Shown) -> Option<Problem> {
    let is_v6 = |place: &Place| matches!(place, Place::Tcp(address) if address.is_ipv6());
    let lost =
        host.doors.iter().filter(|door| is_v6(&door.place) && door.refusal == Some(Refusal::NoRoute)).count();
    if lost == 0 {
        return None;
    }
    if host.doors.iter().all(|door| is_v6(&door.place)) {
        let cause = shown!(name.clone(), " has only IPv6 addresses, and this machine has no route to them");
        let remedy = "use the provider's IPv4 or pooler host, or give this machine IPv6";
        return Some(Problem::failure(cause, remedy).explained(story::NO_ROUTE));
    }
    // Others answer, and the addresses are raced: nobody notices.
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::hosts::Door;

    fn door(address: &str, refusal: Option<Refusal>) -> Door {
        let place = Place::Tcp(address.parse().unwrap());
        Door { place, host: "db.example".to_owned(), calls: Vec::new(), local: None, refusal }
    }

    fn judged(doors: Vec<Door>) -> Option<Problem> {
        let lookup = Lookup::Found { took: Duration::from_millis(1) };
        without_route(&Host { name: "db.example".to_owned(), lookup, doors }, &"db.example".into())
    }

    #[test]
    fn ipv6_without_a_route_matters_where_there_is_nothing_else() {
        let lost = || door("[2001:db8::1]:5432", Some(Refusal::NoRoute));
        let problem = judged(vec![lost(), lost()]).expect("nothing is left to connect to");
        assert_eq!(problem.explain, Some(story::NO_ROUTE));
        assert!(problem.cause.as_str().contains("only IPv6"), "{problem:?}");
        assert!(judged(vec![lost(), door("192.0.2.1:5432", None)]).is_none());
        assert!(judged(vec![door("[2001:db8::1]:5432", None)]).is_none());
    }
}
