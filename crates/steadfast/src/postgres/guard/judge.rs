//! The rules by which the outcome of a transaction is decided. Without I/O.
//!
//! A server that has recovered from a crash, or a standby that was promoted, goes on with the transaction ids behind
//! the last one that it found in the log. An id whose transaction had written nothing that survived is handed out
//! again, and `pg_xact_status` then tells what became of the other transaction. So "committed" is believed only where
//! it is proven that no recovery came in between, or that the recovery had seen the id in the log.

use crate::outcome::{Doubt, Outcome, XidTicket};
use crate::time::Duration;

use super::look::{Look, Sighting, Status};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruling {
    /// The question is settled, for good or for now.
    Settled(Outcome),
    /// Look again; the doubt that is left when there is no time to.
    Wait(Doubt),
    /// End the process that is at it, then look again.
    Terminate,
    /// This server cannot know; another one may.
    AskElsewhere(Doubt),
}

/// What was seen before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    /// The process was absent at an earlier look, while the transaction was in progress.
    pub(super) absent: bool,
    /// How long the question has been asked.
    pub(super) asking_for: Duration,
    /// Whether the transaction may be ended.
    pub(super) may_end: bool,
}

/// Decides.
pub(super) fn judge(ticket: &XidTicket, look: &Look, before: Before) -> Ruling {
    let server = &look.server;
    if server.system != ticket.system {
        return Ruling::Settled(Outcome::Unknown(Doubt::OtherCluster));
    }
    let Some(timeline) = server.timeline.filter(|_| !server.in_recovery) else {
        return Ruling::AskElsewhere(Doubt::NotReached {
            cause: "the server that answers is a standby".to_owned(),
        });
    };
    if timeline < ticket.timeline {
        return Ruling::AskElsewhere(Doubt::OlderTimeline);
    }
    match look.status {
        Status::Aborted | Status::InFuture => Ruling::Settled(Outcome::NotCommitted),
        Status::Forgotten => Ruling::Settled(Outcome::Unknown(Doubt::TooOld)),
        Status::InProgress => in_progress(ticket, look, before),
        Status::Committed => Ruling::Settled(committed(ticket, look, timeline)),
    }
}

fn in_progress(ticket: &XidTicket, look: &Look, before: Before) -> Ruling {
    match &look.sighting {
        Sighting::Prepared(gid) => Ruling::Settled(Outcome::Unknown(Doubt::Prepared { gid: gid.clone() })),
        Sighting::AtIt { awaits_replication: true } => Ruling::Wait(Doubt::AwaitsReplication),
        Sighting::AtIt { awaits_replication: false } if before.may_end && before.asking_for >= LET_IT_END => {
            Ruling::Terminate
        }
        // The process had gone before the status was asked for, so it is not its transaction that is in progress: the
        // id was handed out again. A witness that was reset by hand proves nothing, nor does an absence seen once,
        // for the process may have ended between the two questions.
        Sighting::Absent if before.absent && look.server.witness != ticket.witness => {
            Ruling::Settled(Outcome::NotCommitted)
        }
        Sighting::AtIt { .. } | Sighting::Absent | Sighting::Hidden | Sighting::Past => {
            Ruling::Wait(Doubt::StillRunning)
        }
    }
}

fn committed(ticket: &XidTicket, look: &Look, timeline: u32) -> Outcome {
    let server = &look.server;
    let same_witness = ticket.witness.is_some() && server.witness == ticket.witness;
    if timeline == ticket.timeline && same_witness {
        return Outcome::Committed { durable: false };
    }
    // A recovery has ended since the ticket was written; the one of before says nothing.
    let recovered_to = server.recovered_to.filter(|_| server.recovered_to != ticket.recovered_to);
    let Some(recovered_to) = recovered_to else {
        return Outcome::Unknown(Doubt::Recovered);
    };
    if ticket.lsn > recovered_to {
        // Our commit record lies behind the position, where no recovery has seen it: it is of another transaction.
        return Outcome::NotCommitted;
    }
    // The one promotion that lies between is the last recovery there was, as far as the witness is older than the
    // ticket by more than clocks differ; and it had read our id in the log.
    let last_recovery = server.witness.is_some_and(|witness| witness + CLOCKS_DIFFER < ticket.noted_at)
        && server.now >= ticket.noted_at;
    if timeline == ticket.timeline + 1 && ticket.anchored && last_recovery {
        Outcome::Committed { durable: false }
    } else {
        Outcome::Unknown(Doubt::Recovered)
    }
}

/// A COMMIT that is on its way gets this long to arrive and to be carried out, before the transaction is ended.
const LET_IT_END: Duration = Duration::from_millis(50);

/// By how much the clocks of two servers of one cluster may differ, in microseconds: 30 s. Time services keep them
/// within milliseconds.
const CLOCKS_DIFFER: i64 = 30_000_000;

#[cfg(test)]
mod tests;
