//! One reading statement, in a transaction of its own that the server keeps read-only: one that lasts as long as its packet
//! where that is known to do ([`Latch`]), else a block.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::sql::{TransactionOptions, Value};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::execution::{Answer, Before, Behind, Rows, Text, misused};
use super::latch::Latch;
use super::prepared::Prepared;
use super::script::Script;
use super::standing;
use super::transaction::Progress;

impl PostgresConnection {
    /// Reads in a transaction of its own, which the server keeps read-only: all of it in one packet, and one answer.
    pub(super) async fn run_read(&mut self, sql: &str, params: &[Value]) -> Result<Answer, Fault> {
        self.settle(Step::Statement).await?;
        self.enter()?;
        if self.transaction != Progress::None || self.observed.status() != TransactionStatus::Idle {
            self.in_call = false;
            return Err(misused(
                "read() was called inside a transaction",
                "use query(), or end the transaction first",
            ));
        }
        self.transaction = Progress::Open { read_only: true };
        let known = self.cache.get(sql);
        let script = known.as_ref().map_or_else(|| Script::of(sql), |known| known.script);
        let text = Text { sql, params, rows: Rows::Kept, script, reads: true };
        let known = self.still_known(known);
        let mut outcome = self.read_once(&text, known).await;
        if self.is_stale(&outcome) {
            self.forget(sql);
            self.latch = Latch::Untried;
            outcome = self.read_once(&text, None).await;
        }
        self.leave().await;
        self.transaction = Progress::None;
        outcome
    }

    async fn read_once(&mut self, text: &Text<'_>, known: Option<Arc<Prepared>>) -> Result<Answer, Fault> {
        let block = TransactionOptions::read_only();
        let (before, behind) = match self.latch {
            Latch::Proven { direct } if text.script.queries => (Before::Latch { direct }, Behind::Nothing),
            // What must be prepared first has BEGIN in that packet; and where nothing is prepared, nothing is proven.
            Latch::Untried if text.script.queries && known.is_some() => {
                (Before::ProofAndBegin(block), Behind::Commit)
            }
            Latch::Untried | Latch::Proven { .. } | Latch::Unfit => (Before::Begin(block), Behind::Commit),
        };
        let read = self.prepare_and_send(text, known, before, behind).await;
        if read.is_err() && self.observed.status() != TransactionStatus::Idle && !self.observed.is_over() {
            // The statement's own failure says more than what this one might.
            self.command("ROLLBACK", Step::Statement).await?;
        }
        read.map(|(answer, _)| answer)
    }

    /// What a query needs in front of it in this moment, where one setting is enough.
    pub(super) fn latched(&self, direct: bool) -> Before {
        let standing = self.observed.standing();
        if standing.is_relied_upon() {
            Before::Nothing
        } else if standing.count_read() && direct && self.may_stand() {
            Before::StandingAndLatch
        } else {
            Before::Latch { direct }
        }
    }

    /// Whether the session's default may be changed: as long as nothing else of the session is, and the server reports what
    /// becomes of it.
    fn may_stand(&self) -> bool {
        !self.observed.traces().are_there()
            && !self.lent.load(Ordering::Acquire)
            && self.observed.parameter(standing::SETTING).as_deref() == Some("off")
    }
}
