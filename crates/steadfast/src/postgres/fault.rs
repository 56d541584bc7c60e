//! From what the server, the socket and the driver that opens connections say to a [`Fault`].

use std::error::Error as StdError;
use std::io;

use steadfast_wire::Report;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::line::Failure;
use super::observed::Observed;
use super::signs::End;
use super::sqlstate::{Circumstances, Moment, rule};

/// A fault from what the server reported.
pub(crate) fn from_report(report: &Report, step: Step, circumstances: Circumstances) -> Fault {
    let circumstances = Circumstances { fatal: circumstances.fatal || report.is_fatal(), ..circumstances };
    let ruling = rule(&report.code, &report.message, circumstances);
    let remedy = match report.hint.as_deref().filter(|hint| !hint.is_empty()) {
        Some(hint) => format!("{} (the server's hint: {})", ruling.remedy, hint.trim_end_matches('.')),
        None => ruling.remedy.to_owned(),
    };
    let mut fault = Fault::new(ruling.class, step, report.message.trim_end_matches('.'))
        .with_code(report.code.as_str())
        .with_remedy(remedy);
    if let Some(constraint) = report.constraint.as_deref().or(report.column.as_deref()) {
        fault = fault.with_constraint(constraint);
    }
    if circumstances.fatal && circumstances.moment == Moment::Established {
        fault = fault.with_last_words(words(report));
    }
    if ruling.outcome_unknown { fault.with_unknown_outcome() } else { fault }
}

/// A fault from an error of the driver that opens connections.
pub(crate) fn from_driver(
    error: tokio_postgres::Error,
    step: Step,
    observed: &Observed,
    circumstances: Circumstances,
) -> Fault {
    if let Some(db) = error.as_db_error() {
        let report = report_of(db);
        return from_report(&report, step, circumstances).with_source(error);
    }
    if error.is_closed() || observed.is_over() {
        return lost(step, observed, circumstances);
    }
    let said = format!("{error}{}", error.source().map(|cause| format!(": {cause}")).unwrap_or_default());
    let (class, remedy) = if said.contains("password missing") {
        (
            Class::Permanent,
            "the server asks for a password and none is configured: put it into the URL or PGPASSWORD",
        )
    } else if said.contains("did not use channel binding") {
        (
            Class::Permanent,
            "channel_binding=require needs TLS and SCRAM on the server: use prefer, or mend the server",
        )
    } else if said.starts_with("authentication error") || said.starts_with("invalid configuration") {
        (
            Class::Permanent,
            "the server wants a way of authenticating that is not supported here: use scram-sha-256",
        )
    } else {
        (Class::Permanent, "what answers there does not speak PostgreSQL's protocol: check host and port")
    };
    Fault::new(class, step, said).with_remedy(remedy).with_source(error)
}

/// A fault from what a call came to.
pub(crate) fn from_failure(
    failure: Failure,
    step: Step,
    observed: &Observed,
    circumstances: Circumstances,
) -> Fault {
    match failure {
        Failure::Reported(report) => from_report(&report, step, circumstances),
        Failure::Over => lost(step, observed, circumstances),
        Failure::Ours(fault) => fault.in_step(step),
    }
}

/// The fault of a connection that is over, with whatever the server said last.
pub(crate) fn lost(step: Step, observed: &Observed, circumstances: Circumstances) -> Fault {
    if let Some(fatal) = observed.last_fatal() {
        return from_report(&fatal, step, Circumstances { fatal: true, ..circumstances });
    }
    let class = match circumstances.moment {
        Moment::Connecting => Class::Unavailable,
        Moment::Established => Class::ConnectionLost,
    };
    match observed.end() {
        Some(End::Io(kind, text)) => Fault::new(class, step, format!("the connection broke: {text}"))
            .with_remedy(remedy_for(kind)),
        Some(End::Nonsense(error)) if circumstances.moment == Moment::Connecting => {
            Fault::new(Class::Permanent, step, format!("the answer is not PostgreSQL's protocol: {error}"))
                .with_remedy("check host and port: something else listens there")
        }
        Some(End::Nonsense(error)) => Fault::new(class, step, format!("the stream is damaged: {error}"))
            .with_remedy("something between here and the server changes bytes, or the connection is used twice"),
        Some(End::Eof) | None if circumstances.moment == Moment::Connecting => {
            Fault::new(class, step, "the server accepted the connection and closed it without a word").with_remedy(
                "a proxy without a working database behind it, or a database that is just being started: \
                 try again, and look at the server",
            )
        }
        Some(End::Eof) | None => Fault::new(class, step, "the connection was closed without a word from the server")
            .with_remedy(
                "usual causes: a proxy or NAT that closes idle connections, a crash of the server or of its host; \
                 its log tells which",
            ),
    }
}

/// The fault of a socket operation while connecting.
pub(crate) fn from_io(error: io::Error, step: Step, what: &str) -> Fault {
    let remedy = remedy_for(error.kind());
    Fault::new(Class::Unreachable, step, format!("{what}: {}", plain(&error)))
        .with_remedy(remedy)
        .with_source(error)
}

/// The text of an I/O error without the operating system's number.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The text of a report with its code, as last words.
fn words(report: &Report) -> String {
    format!("{}: {} ({})", report.severity, report.message, report.code)
}

fn report_of(error: &tokio_postgres::error::DbError) -> Report {
    use tokio_postgres::error::Severity;
    let mut report = Report::default();
    report.severity = error
        .parsed_severity()
        .map_or_else(|| error.severity().to_owned(), |severity: Severity| severity.to_string());
    report.code = error.code().code().to_owned();
    report.message = error.message().to_owned();
    report.hint = error.hint().map(str::to_owned);
    report.constraint = error.constraint().map(str::to_owned);
    report.column = error.column().map(str::to_owned);
    report
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of some forty kinds a few have a remedy of their own")]
fn remedy_for(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: check host and port, and that the server is started"
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "a proxy, firewall or the server's host cut the connection: look at the server's log for a restart"
        }
        io::ErrorKind::TimedOut => {
            "the path went silent: a firewall or NAT drops packets, or the host is gone; \
             keepalives and tcp_user_timeout decide how soon that is noticed"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no route: the name may have only IPv6 addresses here; use an IPv4 or pooler host"
        }
        io::ErrorKind::NotFound => {
            "no server has its socket there: check the directory and the port, or that the server is started"
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not use the socket: check the permissions of its directory"
        }
        _ => "check host, port and network",
    }
}
