//! Which host, with or without TLS, and whether it is the kind of server that was asked for.

use crate::config::{SslMode, TargetSession};
use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::PostgresConnection;
use super::handshake::{Encryption, Opened, Refused};
use super::standing;

/// The kinds of server to look for, one pass over the hosts for each.
pub(super) fn passes(target: TargetSession) -> &'static [TargetSession] {
    match target {
        TargetSession::Any => &[TargetSession::Any],
        TargetSession::ReadWrite => &[TargetSession::ReadWrite],
        TargetSession::ReadOnly => &[TargetSession::ReadOnly],
        TargetSession::Primary => &[TargetSession::Primary],
        TargetSession::Standby => &[TargetSession::Standby],
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
    }
}

/// Opens a connection as the sslmode wants it, with the second try that `allow` and `prefer` provide for.
pub(super) async fn by_mode<F>(
    mode: SslMode,
    pinned: bool,
    open: impl Fn(Encryption) -> F,
) -> Result<Opened, Fault>
where
    F: Future<Output = Result<Opened, Refused>>,
{
    let outcome = match mode {
        SslMode::Disable => open(Encryption::Never).await,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => open(Encryption::Always).await,
        SslMode::Allow => match open(Encryption::Never).await {
            Err(refused) if wants_tls(&refused.fault) => open(Encryption::Always).await,
            outcome => outcome,
        },
        SslMode::Prefer => match open(Encryption::WhenOffered).await {
            // A pinned key is a demand: whoever cannot show it gets no second chance without TLS.
            Err(refused) if refused.under_tls && !pinned && wants_plain(&refused.fault) => {
                open(Encryption::Never).await.map_err(|second| Refused { fault: refused.fault, ..second })
            }
            outcome => outcome,
        },
    };
    outcome.map_err(|refused| refused.fault)
}

/// The server lets this client in only with TLS (28000 by `pg_hba.conf`, or a pooler's own words).
fn wants_tls(fault: &Fault) -> bool {
    fault.code() == Some("28000") || fault.summary().contains("SSL required")
}

/// The handshake failed, or the server lets this client in only without TLS. Not for a wrong password, as
/// libpq does: it would be wrong again, and might now be sent where everybody can read it.
fn wants_plain(fault: &Fault) -> bool {
    fault.step() == Step::Tls || fault.code() == Some("28000")
}

/// Checks that a server is of the kind asked for. Servers from 14 on have told already; older ones, and
/// those behind poolers, are asked.
pub(super) async fn check(connection: &PostgresConnection, target: TargetSession) -> Result<(), Fault> {
    let (suits, found) = match target {
        TargetSession::Any | TargetSession::PreferStandby => return Ok(()),
        TargetSession::ReadWrite => (!is_read_only(connection).await?, "does not accept writes"),
        TargetSession::ReadOnly => (is_read_only(connection).await?, "accepts writes"),
        TargetSession::Primary => (!is_standby(connection).await?, "is a standby"),
        TargetSession::Standby => (is_standby(connection).await?, "is not a standby"),
    };
    if suits {
        return Ok(());
    }
    let wanted = match target {
        TargetSession::ReadWrite => "read-write",
        TargetSession::ReadOnly => "read-only",
        TargetSession::Primary => "primary",
        TargetSession::Standby | TargetSession::Any | TargetSession::PreferStandby => "standby",
    };
    let server = connection.server();
    let summary = format!("{}:{} {found}, and target_session_attrs={wanted}", server.host, server.port);
    Err(Fault::new(Class::Unavailable, Step::Startup, summary).with_remedy(
        "a failover may be under way: wait; else list all servers of the cluster as hosts, or ask for another kind",
    ))
}

async fn is_standby(connection: &PostgresConnection) -> Result<bool, Fault> {
    match connection.observed.parameter("in_hot_standby") {
        Some(reported) => Ok(reported == "on"),
        None => ask(connection, "SELECT pg_catalog.pg_is_in_recovery()").await.map(|answer| answer == "t"),
    }
}

pub(super) async fn is_read_only(connection: &PostgresConnection) -> Result<bool, Fault> {
    let reported = |name| connection.observed.parameter(name);
    match (reported("in_hot_standby"), reported(standing::SETTING)) {
        (Some(standby), Some(read_only)) if !connection.observed.standing().is_possible() => {
            Ok(standby == "on" || read_only == "on")
        }
        _ => ask(connection, "SHOW transaction_read_only").await.map(|answer| answer == "on"),
    }
}

async fn ask(connection: &PostgresConnection, question: &str) -> Result<String, Fault> {
    let rows = connection.line.text(question).await;
    let rows = rows.map_err(|failure| connection.fault(failure, Step::Startup))?;
    rows.last().and_then(|row| row.text(0)).map(str::to_owned).ok_or_else(|| {
        Fault::new(Class::Unavailable, Step::Startup, format!("the server gave no answer to {question}"))
            .with_remedy("what answers there is no full PostgreSQL: use target_session_attrs=any")
    })
}

/// One fault for all hosts. Waiting may help as soon as it may help with one of them, so that one's class
/// and remedy lead.
pub(super) fn all_failed(mut failures: Vec<(String, Fault)>) -> Fault {
    if failures.len() == 1
        && let Some((_, fault)) = failures.pop()
    {
        return fault;
    }
    let leading = failures
        .iter()
        .find(|(_, fault)| fault.class() != Class::Permanent)
        .or_else(|| failures.first())
        .map(|(_, fault)| fault.clone());
    let Some(leading) = leading else {
        return Fault::new(Class::Permanent, Step::Resolve, "no host is configured")
            .with_remedy("name at least one host in the URL");
    };
    let list: Vec<String> = failures
        .iter()
        .map(|(host, fault)| match fault.code() {
            Some(code) => format!("{host}: {}, {} ({code})", fault.step(), fault.summary()),
            None => format!("{host}: {}, {}", fault.step(), fault.summary()),
        })
        .collect();
    let mut fault =
        Fault::new(leading.class(), leading.step(), format!("no host serves; {}", list.join("; ")));
    if let Some(code) = leading.code() {
        fault = fault.with_code(code);
    }
    if let Some(remedy) = leading.remedy() {
        fault = fault.with_remedy(remedy);
    }
    fault.with_source(leading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_that_may_pass_leads_and_every_host_is_listed() {
        let wrong = Fault::new(Class::Permanent, Step::Authenticate, "wrong password").with_code("28P01");
        let down = Fault::new(Class::Unreachable, Step::Dial, "refused").with_remedy("start it");
        let fault = all_failed(vec![("a:1".into(), wrong), ("b:2".into(), down)]);
        assert_eq!((fault.class(), fault.step()), (Class::Unreachable, Step::Dial));
        assert_eq!(fault.remedy(), Some("start it"));
        for part in ["a:1", "wrong password", "28P01", "b:2", "refused"] {
            assert!(fault.summary().contains(part), "{fault}");
        }
    }

    #[test]
    fn one_host_speaks_for_itself() {
        let fault = all_failed(vec![("a:1".into(), Fault::new(Class::Permanent, Step::Dial, "refused"))]);
        assert_eq!(fault.summary(), "refused");
    }
}
