//! Whether the server lets this role into this database, and how it wants to be convinced.

use std::time::Duration;

use steadfast::Fault;
use steadfast::config::PostgresOptions;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::startup::{Answer, Hello};
use crate::net::tls::Seen;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::problem_of;

/// Whether the server lets this role in.
#[derive(Debug)]
pub(crate) struct Authentication;

impl Check for Authentication {
    fn id(&self) -> &'static str {
        "authentication"
    }

    fn layer(&self) -> Layer {
        Layer::Security
    }

    fn about(&self) -> &'static str {
        "method, channel binding, and whether this role gets into this database"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["tcp", "protocol", "tls"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(2).saturating_add(Duration::from_secs(2))
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

async fn look(context: &Context) -> Outcome {
    let Some(options) = context.postgres() else { return Outcome::skipped("there is no server to ask") };
    let hello = context.hello().await;
    let opened = context.opened().await;
    let role = shown!(context.shown(&options.user), " to database ", context.shown(&options.database));
    let mut outcome = match &opened {
        Ok(_) => Outcome::new(shown!(hello.map_or("logged in", method), ", ", role)),
        Err(_) => Outcome::new(shown!("no log-in of ", role)),
    };
    if let Some(hello) = hello {
        outcome.add("method", method(hello));
        outcome.add("channel binding offered", matches!(hello.answer, Answer::Scram { binding: true }));
    }
    match opened {
        Ok(opened) => {
            outcome.add("connected in", opened.took);
            let server = opened.session.connection().server();
            outcome.add(
                "encryption",
                server.tls.as_deref().map_or_else(|| "none".into(), |tls| context.shown(tls)),
            );
            outcome.problems.extend(hello.and_then(|hello| weakness(hello, server.tls.is_some(), context)));
        }
        Err(fault) => {
            let plain = matches!(context.tls().await, Some(Seen::Declined));
            outcome.problems.push(refused(&fault, hello, options, plain, context));
        }
    }
    outcome
}

fn method(hello: &Hello) -> &'static str {
    match &hello.answer {
        Answer::Nothing => "no password asked for (trust, peer or certificate)",
        Answer::ClearPassword => "password in the clear",
        Answer::Md5 => "md5",
        Answer::Scram { .. } => "scram-sha-256",
        Answer::Other(7..=9) => "GSSAPI or SSPI",
        Answer::Other(_) => "another method",
        Answer::Refused(_) => "refused before the question for a password",
        Answer::Closed => "closed before the question for a password",
        Answer::Silence => "no answer to the log-in",
        Answer::Strange => "an answer that PostgreSQL does not give",
    }
}

fn weakness(hello: &Hello, encrypted: bool, context: &Context) -> Option<Problem> {
    match hello.answer {
        Answer::ClearPassword if !encrypted => Some(Problem::warning(
            "the password crosses the network as it is, without TLS",
            "let the server use scram-sha-256 in pg_hba.conf, and require TLS",
        )),
        Answer::Nothing if context.postgres().is_none_or(|options| options.tls.client_cert.is_none()) => {
            (!context.hosts_are_local()).then(|| {
                Problem::warning(
                    "the server lets this role in without any proof (trust), over a network",
                    "use scram-sha-256 in pg_hba.conf",
                )
            })
        }
        Answer::Nothing
        | Answer::ClearPassword
        | Answer::Md5
        | Answer::Scram { .. }
        | Answer::Other(_)
        | Answer::Refused(_)
        | Answer::Closed
        | Answer::Silence
        | Answer::Strange => None,
    }
}

/// The refusal in the library's words, with what this check knows besides.
fn refused(
    fault: &Fault,
    hello: Option<&Hello>,
    options: &PostgresOptions,
    offers_no_tls: bool,
    context: &Context,
) -> Problem {
    let mut problem = problem_of(fault, context);
    let said = fault.summary();
    let has_password = options.password.is_some();
    let more: Option<Shown> = match fault.code() {
        Some("28P01") if has_password => Some("copy it anew from the provider's page, percent-encoded; if it was rotated, restart what holds the old one".into()),
        Some("28000") if said.contains("no encryption") && !offers_no_tls && !said.contains("rejects") => {
            Some("the server wants TLS: set sslmode=require".into())
        }
        Some("28000") if said.contains("pg_hba.conf rejects") => {
            Some("a line `reject` in pg_hba.conf (or the provider's access list) shuts this address, role or database out: change it there".into())
        }
        Some("28000") if said.contains("no pg_hba.conf entry") => {
            problem.explain = Some(story::NO_ENTRY);
            Some("the server has no line in pg_hba.conf (or the provider's access list) for this address, role and database: add one".into())
        }
        Some("28000") if said.contains("does not exist") => Some("create the role (CREATE ROLE .. LOGIN), or correct its name in the URL".into()),
        Some("28000") if said.contains("not permitted to log in") => Some("ALTER ROLE .. LOGIN, or use a role that may log in".into()),
        Some("55000") => Some("ALTER DATABASE .. ALLOW_CONNECTIONS true, or use another database".into()),
        _ => None,
    };
    if let Some(more) = more {
        problem.remedy = more;
    }
    if let Some(Hello { answer: Answer::Refused(report) }) = hello
        && fault.code().is_none()
    {
        problem.cause = shown!(problem.cause, "; the server said: ", context.shown(&report.message));
    }
    problem
}
