//! What the tap has seen of a connection, readable by anybody without a round trip.
//!
//! # Implementation details
//! Only whoever drives the connection writes here, except for [`Observed::forgive`]. What is read on every
//! checkout is atomic; the lock guards texts only and is never held across anything that waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use steadfast_wire::{Report, TransactionStatus};

use super::catalogue::Catalogue;
use super::meter::Meter;
use super::pending::Pending;
use super::refusals::Refusals;
use super::reported::Usual;
use super::said::Said;
use super::signs::{Command, End, Unfinished};
use super::standing::{self, Standing};
use super::traces::Traces;

/// What is known about one connection.
#[derive(Debug)]
pub(crate) struct Observed {
    status: AtomicU8,
    pending: Pending,
    /// A commit did not wait for its synchronous standby to the end.
    unreplicated: AtomicBool,
    ended: AtomicBool,
    authenticated: AtomicBool,
    command: AtomicU8,
    news: AtomicBool,
    meter: Meter,
    /// What is read only when something went wrong, or at leisure.
    said: Mutex<Said>,
    refusals: Refusals,
    standing: Standing,
    traces: Traces,
}

impl Observed {
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            refusals: Refusals::new(catalogue),
            standing: Standing::default(),
            traces: Traces::default(),
            status: AtomicU8::new(TransactionStatus::Idle.byte()),
            pending: Pending::new(),
            unreplicated: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            authenticated: AtomicBool::new(false),
            command: AtomicU8::new(Command::Other as u8),
            news: AtomicBool::new(false),
            meter: Meter::default(),
            said: Mutex::default(),
        }
    }

    /// Where the session stands after the last answered request.
    pub(crate) fn status(&self) -> TransactionStatus {
        TransactionStatus::from_byte(self.status.load(Ordering::Acquire)).unwrap_or(TransactionStatus::Idle)
    }

    /// True when a request has been sent, wholly or in part, and not been answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.pending.is_there()
    }

    /// Requests sent and not answered.
    pub(crate) fn in_flight(&self) -> u32 {
        self.pending.in_flight()
    }

    /// What was done in the session and outlives its transaction.
    pub(crate) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// The refusal of a write by a server that may be one that takes none at all.
    pub(crate) fn refusal(&self) -> Option<Report> {
        if !self.refusals.is_there() {
            return None;
        }
        self.said.lock().refusal.as_ref().map(|report| (**report).clone())
    }

    /// True when the server itself has reported that it takes no writes (14 and newer): it is a standby, or was told
    /// to refuse them.
    pub(crate) fn takes_no_writes(&self) -> bool {
        let is_on = |name| self.parameter(name).as_deref() == Some("on");
        is_on("in_hot_standby")
            || (is_on(standing::SETTING) && !self.traces.are_of_a_text() && !self.standing.is_possible())
    }

    /// Whether the session's transactions are read-only for our reads' sake.
    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The server takes writes after all.
    pub(crate) fn forget_refusal(&self) {
        self.refusals.forget();
    }

    /// True when a write was refused, over whichever connection, since this one was opened.
    pub(crate) fn is_from_before_a_refusal(&self) -> bool {
        self.refusals.since_opened()
    }

    /// What is known of the functions of the database.
    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        self.refusals.catalogue()
    }

    /// True once after a commit whose wait for a synchronous standby was cancelled: it is committed here only.
    pub(crate) fn take_unreplicated(&self) -> bool {
        self.unreplicated.load(Ordering::Acquire) && self.unreplicated.swap(false, Ordering::AcqRel)
    }

    /// True when nothing can be expected of the connection any more: it ended, or the server has said that
    /// it will.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn is_authenticated(&self) -> bool {
        self.authenticated.load(Ordering::Acquire)
    }

    /// How many requests were sent since the connection was opened.
    pub(crate) fn sent(&self) -> u64 {
        self.meter.requests()
    }

    pub(crate) fn bytes(&self) -> (u64, u64) {
        self.meter.bytes()
    }

    pub(crate) fn command(&self) -> Command {
        match self.command.load(Ordering::Acquire) {
            command if command == Command::Commit as u8 => Command::Commit,
            command if command == Command::Rollback as u8 => Command::Rollback,
            _ => Command::Other,
        }
    }

    pub(crate) fn last_error(&self) -> Option<Report> {
        self.said.lock().error.as_ref().map(|report| (**report).clone())
    }

    /// What the server said last, when the connection is over.
    pub(crate) fn last_fatal(&self) -> Option<Report> {
        self.said.lock().last_fatal()
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.said.lock().end.clone()
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.said.lock().parameters.get(name).map(str::to_owned)
    }

    /// The session has begun: what the server has told of it is kept once for all connections that were told the same.
    pub(super) fn share_parameters(&self, usual: &Usual) {
        self.said.lock().parameters.share(usual);
    }

    /// Process id and secret, as a cancel request presents them.
    pub(crate) fn key(&self) -> (u32, Vec<u8>) {
        self.said.lock().key.clone()
    }

    /// Completes when no request is in flight, or when the connection is over.
    pub(crate) async fn quiet(&self) {
        self.pending.end(|| self.is_over()).await;
    }

    /// The session was reset: what touched it is undone.
    pub(crate) fn forgive(&self) {
        self.said.lock().parameters.settle();
        self.traces.remove();
    }

    /// True once after each change that the owner of an idle connection wants to hear about.
    pub(crate) fn take_news(&self) -> bool {
        self.news.load(Ordering::Acquire) && self.news.swap(false, Ordering::AcqRel)
    }

    pub(super) fn request_sent(&self) {
        self.pending.sent();
        self.meter.requested();
    }

    /// What was begun has become a request.
    pub(super) fn request_synced(&self) {
        self.pending.synced();
        self.meter.requested();
    }

    /// The last Sync was swallowed: the server reads COPY data and ignores it.
    pub(super) fn request_swallowed(&self) {
        self.pending.answered();
    }

    pub(super) fn ready(&self, status: TransactionStatus) {
        // What it has become since the last request it reports behind the refusal.
        self.refusals.settle(|| self.takes_no_writes());
        self.status.store(status.byte(), Ordering::Release);
        self.pending.answered();
    }

    pub(super) fn mark(&self, what: Unfinished, whether: bool) {
        self.pending.mark(what, whether);
    }

    pub(super) fn is_marked(&self, what: Unfinished) -> bool {
        self.pending.is_marked(what)
    }

    pub(super) fn authenticated(&self) {
        self.authenticated.store(true, Ordering::Release);
    }

    pub(super) fn completed(&self, tag: &[u8]) {
        self.traces.completed(tag);
        let command = match tag {
            b"COMMIT" => Command::Commit,
            b"ROLLBACK" => Command::Rollback,
            _ => Command::Other,
        };
        self.command.store(command as u8, Ordering::Release);
    }

    pub(super) fn reported(&self, report: Report) {
        if report.is_fatal() {
            self.said.lock().fatal = Some(Box::new(report));
            self.over();
            return;
        }
        if report.code == REFUSED {
            self.said.lock().refusal = Some(Box::new(report.clone()));
            self.refusals.add();
            self.refusals.judge(|| self.takes_no_writes());
        }
        self.said.lock().failed(report);
    }

    pub(super) fn warned(&self, report: Report) {
        if report.routine.as_deref() == Some(SYNC_WAIT) {
            self.unreplicated.store(true, Ordering::Release);
        }
        if report.code.starts_with("57P0") {
            self.said.lock().farewell = Some(Box::new(report));
        }
    }

    pub(super) fn parameter_changed(&self, name: &str, value: &str) {
        let ours = self.standing.is_possible().then_some(standing::SETTING);
        if ours == Some(name) && value != "on" {
            self.standing.doubt();
        }
        let drifted = self.said.lock().parameters.change(name, value, ours);
        self.traces.drift(drifted);
    }

    pub(super) fn key_given(&self, process: u32, secret: Vec<u8>) {
        self.said.lock().key = (process, secret);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.meter.received(bytes);
    }

    pub(super) fn written(&self, bytes: usize) {
        self.meter.written(bytes);
    }

    pub(super) fn ended(&self, end: End) {
        self.said.lock().end.get_or_insert(end);
        self.over();
    }

    fn over(&self) {
        self.ended.store(true, Ordering::Release);
        self.news.store(true, Ordering::Release);
        self.pending.tell();
    }
}

/// The function of the server that waits, and warns when it is told to stop waiting (its `syncrep.c`). The warning's
/// text is translated, and its code is that of any warning.
const SYNC_WAIT: &str = "SyncRepWaitForLSN";

/// A write where none is taken.
const REFUSED: &str = "25006";
