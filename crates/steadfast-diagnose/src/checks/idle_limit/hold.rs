//! One connection that is left alone for a while.

use std::sync::Arc;
use std::time::Duration;

use steadfast::Fault;
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::time::{Instant, sleep, timeout};
use tokio::sync::Notify;

use crate::context::Context;
use crate::story;

/// What became of a connection that was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// For how long it was meant to be idle.
    pub(super) step: Duration,
    pub(super) keepalives: bool,
    /// After how long it was found ended, and how.
    pub(super) ended: Option<(Duration, Manner)>,
}

/// How a path ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In order.
    Fin,
    /// By a reset.
    Reset,
    /// Without telling anybody.
    Silence,
    /// By the server's own words: `idle_session_timeout`.
    ServerLimit,
    /// By other words of the server or a pooler.
    Words,
}

impl Manner {
    pub(super) const ALL: [Self; 5] = [Self::Fin, Self::Reset, Self::Silence, Self::ServerLimit, Self::Words];

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Fin => "closed in order, FIN",
            Self::Reset => "reset, RST",
            Self::Silence => "forgotten without a word",
            Self::ServerLimit => "the server's idle_session_timeout",
            Self::Words => "by words of the server or a pooler",
        }
    }

    pub(super) const fn story(self) -> &'static str {
        match self {
            Self::Fin | Self::Words => story::LOST,
            Self::Reset => story::RESET,
            Self::Silence => super::SILENT,
            Self::ServerLimit => story::IDLE_SESSION,
        }
    }

    fn of(fault: &Fault) -> Self {
        match fault.code() {
            Some("57P05") => Self::ServerLimit,
            Some(_) => Self::Words,
            None if fault.summary().contains("connection broke") => Self::Reset,
            None => Self::Fin,
        }
    }
}

/// How long the answer to the one question may take: longer than any path that works, shorter than patience.
const ANSWER: Duration = Duration::from_secs(5);

/// Opens a connection, leaves it alone and asks it once. When its end is heard of earlier, that moment counts.
pub(super) async fn hold(context: &Context, step: Duration, keepalives: bool) -> Result<Held, Fault> {
    let connector = context.connector(|options| options.socket.keepalives = keepalives)?;
    let heard = Arc::new(Notify::new());
    let ring = Arc::clone(&heard);
    let mut connection = connector.connect(Alarm::new(move || ring.notify_one())).await?;
    let started = Instant::now();
    let found = |manner, after| Ok(Held { step, keepalives, ended: Some((after, manner)) });
    loop {
        let rest = step.saturating_sub(started.elapsed());
        tokio::select! {
            () = heard.notified() => {}
            () = sleep(rest) => {}
        }
        if let Condition::Lost(fault) = connector.inspect(&connection) {
            return found(Manner::of(&fault), started.elapsed());
        }
        if started.elapsed() >= step {
            break;
        }
    }
    match timeout(ANSWER, connector.ping(&mut connection)).await {
        Ok(Ok(())) => {
            connector.close(connection).await;
            Ok(Held { step, keepalives, ended: None })
        }
        Ok(Err(fault)) => found(Manner::of(&fault), step),
        Err(_) => found(Manner::Silence, step),
    }
}
