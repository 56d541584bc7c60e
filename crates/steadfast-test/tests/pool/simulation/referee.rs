//! The judge. It knows the rules and what can be seen from outside: what callers get and when, what the server sees,
//! what the status says. It knows nothing of how the pool works.
//!
//! Things that happen at the same instant of simulated time have no order that the referee could know; where that
//! matters, it gives the pool the benefit of the doubt.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast::config::{PoolOptions, PrePing};
use steadfast::error::{AcquireError, AcquireFailure, Phase};
use steadfast::event::{Event, Observer};
use steadfast::pool::{Lease, Pool, Status};
use steadfast_test::sim::{Answer, SimServer};
use tokio::time::Instant;

/// How far the pool's own clock may be behind (documented: 50 ms), and simulated timers.
const SLACK: Duration = Duration::from_millis(60);
/// Within this time somebody who waits is served when all is well: a hung connect is bounded by `connect_timeout`
/// (10 s), everything else by less.
const PROGRESS: Duration = Duration::from_secs(15);
/// An opening that hangs may be given up after this time, and not before.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Referee {
    server: SimServer,
    options: PoolOptions,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug)]
struct Book {
    began: Instant,
    capacity: usize,
    /// More than the capacity only while it shrinks.
    allowed: usize,
    next_ticket: u64,
    waiting: BTreeSet<u64>,
    /// Holders who take their time.
    long_holders: usize,
    lost: Option<Instant>,
    doubted: Option<Instant>,
    disposed: Option<Instant>,
    jumped: Option<Instant>,
    connect_bad_since: Option<Instant>,
    permanent: bool,
    closed: bool,
    progress: Instant,
    digest: DefaultHasher,
    /// Whether all that happens is printed.
    tells: bool,
}

impl Referee {
    pub(super) fn new(server: &SimServer, options: &PoolOptions) -> Self {
        let now = Instant::now();
        let book = Book {
            began: now,
            capacity: options.capacity(),
            allowed: options.capacity(),
            next_ticket: 0,
            waiting: BTreeSet::new(),
            long_holders: 0,
            lost: None,
            doubted: None,
            disposed: None,
            jumped: None,
            connect_bad_since: None,
            permanent: false,
            closed: false,
            progress: now,
            digest: DefaultHasher::new(),
            tells: super::is_replay(),
        };
        Self { server: server.clone(), options: options.clone(), book: Arc::new(Mutex::new(book)) }
    }

    /// To be told of the pool's events.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Listener(Arc::clone(&self.book)))
    }

    /// Somebody is about to ask for a connection.
    pub(super) fn turn(&self) -> Turn {
        Turn { book: Arc::clone(&self.book), ticket: None }
    }

    /// Somebody holds a connection for long, until this is dropped.
    pub(super) fn holding_long(&self) -> Holding {
        self.book.lock().long_holders += 1;
        Holding(Arc::clone(&self.book))
    }

    /// The owner of the pool or the network does something.
    pub(super) fn note(&self, what: &str) {
        self.book.lock().note(Instant::now(), format_args!("{what}"));
    }

    pub(super) fn note_loss(&self) {
        self.book.lock().lost = Some(Instant::now());
    }

    pub(super) fn note_dispose(&self) {
        self.book.lock().disposed = Some(Instant::now());
    }

    /// The clock is about to jump this far.
    pub(super) fn note_jump(&self, by: Duration) {
        self.book.lock().jumped = Some(Instant::now() + by);
    }

    pub(super) fn note_close(&self) {
        self.check_patience();
        self.book.lock().closed = true;
    }

    pub(super) fn note_connect(&self, answer: &Answer) {
        let mut book = self.book.lock();
        match answer {
            Answer::Fail(..) | Answer::Never | Answer::Panic => {
                book.connect_bad_since.get_or_insert_with(Instant::now);
            }
            Answer::After(_) | Answer::Lie(_) | _ => book.connect_bad_since = None,
        }
        book.permanent |= matches!(answer, Answer::Fail(steadfast::verdict::Class::Permanent, _));
    }

    pub(super) fn note_resize(&self, capacity: usize, before: &Status) {
        let mut book = self.book.lock();
        book.capacity = capacity;
        book.allowed = capacity.max(before.total());
    }

    /// From now on nothing goes wrong.
    pub(super) fn all_is_well(&self) {
        let mut book = self.book.lock();
        book.connect_bad_since = None;
        book.progress = Instant::now();
    }

    pub(super) fn digest(&self) -> u64 {
        self.book.lock().digest.finish()
    }

    /// Rule 1: connections of all generations and stages never exceed the capacity; after a shrink they only become
    /// fewer. Rule 4: a connect is not given up because a caller is.
    pub(super) fn check_capacity(&self, status: &Status) {
        let mut book = self.book.lock();
        let (total, seen) = (status.total(), self.server.open() + self.server.connecting());
        assert!(total <= book.allowed, "rule 1: {total} of {}: {status:?}", book.allowed);
        assert!(seen <= total, "rule 1: the server sees {seen} connections of {total}: {status:?}");
        book.allowed = book.capacity.max(book.allowed.min(total));
        // A pool that closes has no use for what is being opened.
        if !book.closed {
            self.check_patience();
        }
    }

    fn check_patience(&self) {
        if let Some(patience) = self.server.least_patience() {
            assert!(patience + SLACK >= PATIENCE, "rule 4: a connect was given up after {patience:?}");
        }
    }

    /// Somebody was given a connection. `absent`: it may have been granted some time ago.
    pub(super) fn leased(
        &self,
        pool: &Pool<SimServer>,
        lease: &Lease<SimServer>,
        turn: Option<&Turn>,
        absent: bool,
    ) {
        let status = pool.status();
        self.check_capacity(&status);
        let now = Instant::now();
        let mut book = self.book.lock();
        book.note(now, format_args!("leased connection {}, {} wait", lease.id(), status.waiting));
        book.progress = now;
        assert!(!lease.is_dirty(), "rule 8: a dirty connection was leased");
        assert!(!book.closed || absent || status.leased > 0, "leased by a closed pool");
        // Who is not yet served has come later, unless somebody had to be served again.
        if book.lost != Some(now) {
            let mine = turn.and_then(|turn| turn.ticket);
            let later = mine.map_or(0, |mine| book.waiting.range(mine + 1..).count());
            assert!(status.waiting <= later, "rule 2: {} wait, but only {later} came later", status.waiting);
        }
        if !absent {
            self.check_freshness(&book, lease, now);
        }
    }

    /// Rule 6, and the limits on age and idleness.
    fn check_freshness(&self, book: &Book, lease: &Lease<SimServer>, now: Instant) {
        if book.jumped == Some(now) {
            return;
        }
        if let Some(disposed) = book.disposed.filter(|disposed| *disposed < now) {
            assert!(lease.opened_at() >= disposed, "rule 6: leased although disposed of");
        }
        if let Some(doubted) = book.doubted.filter(|doubted| *doubted < now) {
            let proved = lease.proved_at();
            assert!(proved >= doubted, "rule 6: suspect for {:?}, proved before", now - doubted);
        }
        let age = now - lease.opened_at();
        if let Some(recycle) = self.options.recycle {
            assert!(age <= recycle + SLACK, "leased at an age of {age:?}");
        }
        let handed_over = lease.returned_at() == Some(now);
        let idle = now - lease.worked_at();
        match self.options.pre_ping {
            PrePing::AfterIdle(limit) if !handed_over => {
                assert!(idle <= limit + SLACK, "leased without a ping after {idle:?}, limit {limit:?}");
            }
            PrePing::Always if !handed_over => assert!(idle <= SLACK, "leased without a ping after {idle:?}"),
            PrePing::AfterIdle(_) | PrePing::Always | PrePing::Never | _ => {}
        }
    }

    /// Somebody was refused.
    pub(super) fn refused(
        &self,
        pool: &Pool<SimServer>,
        error: &AcquireError,
        waited: Duration,
        patience: Duration,
        slack: Duration,
    ) {
        let status = pool.status();
        self.check_capacity(&status);
        self.check_refusal(error, waited, slack);
        let now = Instant::now();
        let mut book = self.book.lock();
        // Not its whole text: the tasks it names are counted over all schedules.
        book.note(
            now,
            format_args!("refused: {:?} while {:?} after {:?}", error.failure, error.phase, error.waited),
        );
        book.progress = now;
        match error.failure {
            AcquireFailure::TimedOut => {
                assert!(waited >= patience, "rule 9: gave up after {waited:?} of {patience:?}")
            }
            AcquireFailure::QueueFull => {
                assert!(error.waiting >= self.options.max_waiters, "rule 9: {error}")
            }
            AcquireFailure::Closed => assert!(book.closed, "rule 9: {error}"),
            AcquireFailure::Permanent => {
                assert!(book.permanent && error.last_connect().is_some(), "rule 9: {error}");
            }
            _ => panic!("an unknown failure: {error}"),
        }
        if error.failure == AcquireFailure::TimedOut && slack.is_zero() && book.jumped != Some(now) {
            assert!(waited <= patience + SLACK, "waited {waited:?} of {patience:?}");
            assert!(
                self.server.connecting() == 0 || error.phase != Phase::Waiting,
                "rule 9: said to wait while connecting"
            );
            let bad = book.connect_bad_since.is_some_and(|since| now - since > Duration::from_secs(6));
            if bad && error.phase == Phase::Opening && waited > Duration::from_secs(6) {
                assert!(error.last_connect().is_some(), "rule 9: no reason given: {error}");
            }
        }
    }

    /// Rule 9: what every error says.
    pub(super) fn check_refusal(&self, error: &AcquireError, waited: Duration, slack: Duration) {
        let difference = waited.abs_diff(error.waited);
        assert!(difference <= SLACK + slack, "rule 9: waited {waited:?}, said {:?}", error.waited);
        let holders = if self.options.leak_tracking { error.leased } else { 0 };
        // Who was granted a connection and has not looked yet is no holder.
        assert!(error.holders.len() <= holders, "rule 9: {} holders of {holders}", error.holders.len());
    }

    /// While somebody waits and nothing is wrong, somebody is served.
    pub(super) fn expect_progress(&self, pool: &Pool<SimServer>) {
        let status = pool.status();
        self.check_capacity(&status);
        let mut book = self.book.lock();
        let now = Instant::now();
        if status.waiting == 0 || book.long_holders > 0 {
            book.progress = now;
        }
        let since = now - book.progress;
        assert!(since <= PROGRESS, "rule 3: nobody was served for {since:?}: {status:?}");
    }
}

impl Book {
    fn note(&mut self, now: Instant, what: std::fmt::Arguments<'_>) {
        let line = format!("{:?}: {what}", now - self.began);
        line.hash(&mut self.digest);
        if self.tells {
            eprintln!("{line}");
        }
    }
}

/// A caller's place in the order of those who wait.
#[derive(Debug)]
pub(super) struct Turn {
    book: Arc<Mutex<Book>>,
    ticket: Option<u64>,
}

impl Turn {
    /// The caller had to queue.
    pub(super) fn queued(&mut self) {
        if self.ticket.is_none() {
            let mut book = self.book.lock();
            let ticket = book.next_ticket;
            book.next_ticket += 1;
            book.waiting.insert(ticket);
            self.ticket = Some(ticket);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.book.lock().waiting.remove(&ticket);
        }
    }
}

/// Somebody holds a connection as long as this is there.
#[derive(Debug)]
pub(super) struct Holding(Arc<Mutex<Book>>);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.lock().long_holders -= 1;
    }
}

#[derive(Debug)]
struct Listener(Arc<Mutex<Book>>);

impl Observer for Listener {
    fn observe(&self, event: &Event) {
        let mut book = self.0.lock();
        let now = Instant::now();
        if let Event::Suspected { .. } = event {
            book.doubted = Some(now);
        }
        book.note(now, format_args!("{event:?}"));
    }
}
