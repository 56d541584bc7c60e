//! What the server shows when it is asked for TLS, and what each `sslmode` would make of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steadfast::config::{PostgresOptions, SslMode};

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::certificate::Leaf;
use crate::net::hosts::Door;
use crate::net::tls::{Seen, Up};
use crate::net::trust::{Roots, Trouble};
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::sslmode;

/// What the server shows when it is asked for TLS.
#[derive(Debug)]
pub(crate) struct Tls;

impl Check for Tls {
    fn id(&self) -> &'static str {
        "tls"
    }

    fn layer(&self) -> Layer {
        Layer::Security
    }

    fn about(&self) -> &'static str {
        "certificate chain, names, expiry, authority as leaf, what each sslmode would do, the pin to use"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["tcp", "protocol"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(3)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// Certificates are renewed a month ahead; one that is nearer to its end was forgotten.
const SOON: Duration = Duration::from_secs(21 * 86_400);

async fn look(context: &Context) -> Outcome {
    let hosts = context.hosts().await;
    let (Some(options), Some(door)) = (context.postgres(), hosts.first_open()) else {
        return Outcome::skipped("there is no server to ask");
    };
    let mode = options.tls.mode;
    match context.tls().await {
        None if door.is_local() => {
            Outcome::new("a Unix socket: no TLS needed").with("sslmode", sslmode(mode))
        }
        None => Outcome::new("no answer to the question for TLS").with("sslmode", sslmode(mode)),
        Some(Seen::Declined) => without(mode, door),
        Some(Seen::Broken(why)) => broken(mode, why, context),
        Some(Seen::Up(up)) => judged(up, options, door, context),
    }
}

fn without(mode: SslMode, door: &Door) -> Outcome {
    let outcome = Outcome::new(shown!("the server offers no TLS (sslmode=", sslmode(mode), ")"))
        .with("sslmode", sslmode(mode))
        .with("disable, allow, prefer", "connect without TLS")
        .with("require, verify-ca, verify-full", "are refused");
    if mode.is_required() {
        let cause = shown!("sslmode=", sslmode(mode), " requires TLS, and the server does not offer it");
        let remedy = "switch ssl on in the server; on a network that you trust, sslmode=prefer goes without";
        return outcome.problem(Problem::failure(cause, remedy).explained(story::NO_TLS));
    }
    if door.is_local() {
        return outcome;
    }
    let cause = "passwords and data cross a network without encryption";
    let remedy = "switch ssl on in the server and set sslmode=verify-full, unless the network is private";
    outcome.problem(Problem::warning(cause, remedy).explained(story::NO_TLS))
}

fn broken(mode: SslMode, why: &str, context: &Context) -> Outcome {
    let cause = shown!("the server agrees to TLS, and the handshake fails: ", context.shown(why));
    let remedy = "look at what stands between (a proxy that does not pass TLS on) and at the server's log; it must allow TLS 1.2 or newer";
    let problem =
        if mode.is_required() { Problem::failure(cause, remedy) } else { Problem::warning(cause, remedy) };
    Outcome::new("TLS does not come up")
        .with("sslmode", sslmode(mode))
        .problem(problem.explained(story::of_text(why)))
}

fn judged(up: &Up, options: &PostgresOptions, door: &Door, context: &Context) -> Outcome {
    let mode = options.tls.mode;
    let pinned = options.tls.pin.map(hex);
    let pin_fits = pinned.as_deref() == up.leaf.as_ref().map(|leaf| leaf.pin.as_str());
    let full = up.chain.clone().and_then(|()| up.name.clone());
    let used = if mode == SslMode::Disable { "not used" } else { "in use" };
    let mut outcome = Outcome::new(shown!(up.version, " ", used, " (sslmode=", sslmode(mode), ")"))
        .with("handshake", up.took)
        .with("certificates shown", up.chain_length);
    if let Some(leaf) = &up.leaf {
        describe(&mut outcome, leaf, context);
    }
    let roots = match &up.roots {
        Roots::System => Shown::from("the system's roots"),
        Roots::File(path) => context.shown(path),
    };
    outcome.add("checked against", roots);
    outcome.add("disable", "asks for no TLS");
    outcome.add("prefer, require", "connect with TLS, whoever answers");
    outcome.add("verify-ca", verdict(&up.chain, context));
    outcome.add("verify-full", verdict(&full, context));
    let wanted = if mode == SslMode::VerifyFull {
        full
    } else if mode == SslMode::VerifyCa || (mode == SslMode::Require && options.tls.root_cert.is_some()) {
        up.chain.clone()
    } else {
        Ok(())
    };
    match (&pinned, wanted) {
        (Some(_), _) if pin_fits => outcome.add("pin", "the server shows the pinned key"),
        (Some(_), _) => outcome.problems.push(
            Problem::failure(
                "the server's key is not the pinned one",
                "if the key was renewed, check the new one with whoever runs the server and put it into sslpin",
            )
            .explained(story::PIN),
        ),
        (None, Err(trouble)) => outcome.problems.push(problem(&trouble, up, door, context)),
        (None, Ok(())) => {}
    }
    if outcome.problems.iter().all(|problem| problem.explain != Some(story::CERTIFICATE_EXPIRED)) {
        outcome.problems.extend(expiry(up));
    }
    if mode == SslMode::Disable && !door.is_local() {
        outcome.problems.push(Problem::warning(
            "the server offers TLS and sslmode=disable does not take it: passwords and data cross a network in the clear",
            "set sslmode=require, or verify-full when the certificate allows it",
        ));
    }
    outcome
}

fn describe(outcome: &mut Outcome, leaf: &Leaf, context: &Context) {
    outcome.add("made out to", context.shown(&leaf.subject));
    let names = if leaf.names.is_empty() {
        Shown::from("none (no subjectAltName)")
    } else {
        Shown::join(leaf.names.iter().map(|name| context.shown(name)), ", ")
    };
    outcome.add("names", names);
    let self_signed = leaf.issuer == leaf.subject;
    outcome.add(
        "issued by",
        if self_signed { "itself (self-signed)".into() } else { context.shown(&leaf.issuer) },
    );
    let date = |since_epoch: Duration| {
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).map_or_else(|_| "never".into(), |at| shown!(at))
    };
    outcome.add("valid until", date(leaf.not_after));
    outcome.add("valid from", date(leaf.not_before));
    if leaf.is_authority {
        outcome.add("marked as an authority", true);
    }
    outcome.add("sslpin", context.shown(&leaf.pin));
}

fn verdict(result: &Result<(), Trouble>, context: &Context) -> Shown {
    match result {
        Ok(()) => "accepts the certificate".into(),
        Err(trouble) => shown!("refuses: ", reason(trouble, context)),
    }
}

fn reason(trouble: &Trouble, context: &Context) -> Shown {
    match trouble {
        Trouble::Expired => "it has expired".into(),
        Trouble::NotYetValid => "it is not valid yet".into(),
        Trouble::WrongName => "it is made out to another name".into(),
        Trouble::UnknownIssuer => "its issuer is not trusted here".into(),
        Trouble::AuthorityAsLeaf => "it is marked as an authority's own (CA:TRUE)".into(),
        Trouble::NoRoots(why) => shown!("no roots to check against: ", context.shown(why)),
        Trouble::Other(why) => context.shown(why),
    }
}

fn problem(trouble: &Trouble, up: &Up, door: &Door, context: &Context) -> Problem {
    let pin = up.leaf.as_ref().map_or_else(Shown::default, |leaf| context.shown(&leaf.pin));
    let to_pin = shown!("if you trust this server, pin its key: sslmode=require&sslpin=", pin);
    let host = context.shown(&door.host);
    let cause = if *trouble == Trouble::WrongName {
        shown!("the server's certificate is not made out to ", host)
    } else {
        shown!("the server's certificate is not accepted: ", reason(trouble, context))
    };
    let (remedy, entry) = match trouble {
        Trouble::Expired => ("renew the certificate on the server".into(), Some(story::CERTIFICATE_EXPIRED)),
        Trouble::NotYetValid => {
            ("check the clocks of this machine and of the issuer".into(), Some(story::CERTIFICATE_EXPIRED))
        }
        Trouble::WrongName => (
            shown!("connect by one of its names, or set sslmode=verify-ca; or ", to_pin),
            Some(story::CERTIFICATE_NAME),
        ),
        Trouble::AuthorityAsLeaf => {
            (shown!("some platforms do so on purpose; ", to_pin), Some(story::CERTIFICATE_AUTHORITY))
        }
        Trouble::UnknownIssuer => (
            shown!("put the issuer's certificate into a file and name it in sslrootcert; or ", to_pin),
            Some(story::CERTIFICATE_UNTRUSTED),
        ),
        Trouble::NoRoots(_) => (
            "name a PEM file with the issuer's certificate in sslrootcert, or install ca-certificates".into(),
            Some(story::ROOT_MISSING),
        ),
        Trouble::Other(_) => (to_pin, None),
    };
    Problem::failure(cause, remedy).explained(entry)
}

/// An end that is near, whatever the mode makes of the certificate.
fn expiry(up: &Up) -> Option<Problem> {
    let leaf = up.leaf.as_ref()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = leaf.not_after.saturating_sub(now);
    if left.is_zero() {
        let cause = shown!(
            "the server's certificate has expired ",
            now.saturating_sub(leaf.not_after),
            " ago; this sslmode does not look at that, others do"
        );
        return Some(Problem::warning(cause, "renew it on the server").explained(story::CERTIFICATE_EXPIRED));
    }
    if left > SOON {
        return None;
    }
    let cause = shown!("the server's certificate expires in ", left);
    Some(Problem::warning(cause, "renew it on the server before that").explained(story::CERTIFICATE_EXPIRED))
}

fn hex(hash: [u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
