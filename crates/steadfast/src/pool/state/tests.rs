//! The machine alone, driven through random schedules of everything that can happen to it. The checker knows the
//! rules and its own books, and nothing of how the machine works.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::*;
use crate::verdict::{Class, Step};

mod exhaustive;

/// How many schedules a normal run plays, in a second or two.
const SCHEDULES: u64 = 100_000;

/// A connection as the checker knows it.
#[derive(Debug, Clone)]
struct Conn {
    id: u64,
    /// The generation of the last proof that it works: its opening or its last ping.
    proved: u64,
    /// When it was last known to work.
    good_at: Moment,
    expires_at_latest: Moment,
}

/// Who was to be woken: the waiter's number.
type Name = u64;

#[derive(Clone)]
struct World {
    state: State<Conn, Name>,
    random: fastrand::Rng,
    now: Moment,
    capacity: usize,
    next_conn: u64,
    next_name: Name,
    opening: Vec<SlotId>,
    /// The last attempt of each slot.
    attempts: BTreeMap<SlotId, Attempt>,
    aborting: Vec<SlotId>,
    verifying: Vec<(SlotId, Conn)>,
    cleaning: Vec<(SlotId, Conn)>,
    closing: Vec<SlotId>,
    leased: Vec<(SlotId, Conn)>,
    queue: VecDeque<(WaiterId, Name)>,
    /// Answered and not yet looked at.
    woken: BTreeMap<Name, WaiterId>,
    alive: BTreeSet<u64>,
    generation: u64,
}

#[test]
fn the_rules_hold_under_100_000_schedules_of_everything() {
    for seed in 0..SCHEDULES {
        let played = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..world.random.usize(5..60) {
                world.step();
                world.check();
            }
            world.settle();
        });
        assert!(played.is_ok(), "schedule {seed} broke a rule");
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = random.usize(0..3);
        let max_overflow = random.usize(usize::from(size == 0)..3);
        let limits = Limits {
            size,
            max_overflow,
            min_idle: random.usize(0..=size),
            max_waiters: 6,
            recycle: random.bool().then_some(Duration::from_secs(240)),
            idle_timeout: random.bool().then_some(Duration::from_secs(120)),
            keepalive_ping: (random.u8(0..4) == 0).then_some(Duration::from_secs(30)),
            pre_ping: match random.u8(0..4) {
                0 => PrePing::Always,
                1 => PrePing::Never,
                _ => PrePing::AfterIdle(Duration::from_secs(1)),
            },
        };
        Self {
            state: State::new(limits, seed),
            random,
            now: Moment::START,
            capacity: size + max_overflow,
            next_conn: 1,
            next_name: 1,
            opening: Vec::new(),
            attempts: BTreeMap::new(),
            aborting: Vec::new(),
            verifying: Vec::new(),
            cleaning: Vec::new(),
            closing: Vec::new(),
            leased: Vec::new(),
            queue: VecDeque::new(),
            woken: BTreeMap::new(),
            alive: BTreeSet::new(),
            generation: 1,
        }
    }

    fn step(&mut self) {
        let span = if self.random.u8(0..5) == 0 { 300_000 } else { 700 };
        self.now = self.now.after(Duration::from_millis(self.random.u64(0..span)));
        match self.random.u8(0..16) {
            0..=3 => self.acquire(),
            4 => self.cancel(),
            5..=6 => self.look(),
            7..=8 => self.give_back(),
            9..=10 => self.end_opening(),
            11 => self.end_verification(),
            12 => self.end_cleaning(),
            13 => self.end_closing(),
            14 => self.tick(),
            _ => match self.random.u8(0..6) {
                0 if self.random.bool() => self.warm(),
                0 => self.change(|state, now, out| state.dispose(now, out)),
                1 => self.change(|state, now, out| state.distrust(None, now, out)),
                2 => self.sweep(),
                _ => self.stall(),
            },
        }
    }

    fn acquire(&mut self) {
        if let Some((id, conn)) = self.state.take(self.now) {
            self.lease(id, conn);
            return;
        }
        let name = self.next_name;
        self.next_name += 1;
        let mut out = Actions::new();
        if let Ok(id) = self.state.enqueue(name, false, self.now, &mut out) {
            self.queue.push_back((id, name));
        }
        self.obey(out);
    }

    fn cancel(&mut self) {
        let pick = self.random.usize(..);
        if let Some((name, id)) = self.woken.pop_first() {
            // It was granted something and goes away without having looked.
            let _name = name;
            self.change(|state, now, out| state.cancel(id, |_| Found::Ready, now, out));
        } else if !self.queue.is_empty() {
            let (id, _) = self.queue.remove(pick % self.queue.len()).unwrap();
            self.change(|state, now, out| state.cancel(id, |_| Found::Ready, now, out));
        }
    }

    fn look(&mut self) {
        let Some((_, id)) = self.woken.pop_first() else { return };
        match self.state.take_answer(id, |_| ()) {
            Some(Answer::Granted(id, conn)) => self.lease(id, conn),
            Some(Answer::Refused(_)) => {}
            None => panic!("woken for nothing"),
        }
    }

    fn lease(&mut self, id: SlotId, conn: Conn) {
        self.leased.push((id, conn));
    }

    fn give_back(&mut self) {
        let Some((id, conn)) = self.leased.pop() else { return };
        match self.random.u8(0..6) {
            0 => self.change(|state, now, out| state.give_back(id, conn, Found::Lost(lost()), now, out)),
            1 => self.change(|state, now, out| state.give_back(id, conn, Found::Dirty, now, out)),
            2 => self.change(|state, now, out| state.discard(id, conn, now, out)),
            _ => self.change(|state, now, out| state.give_back(id, conn, Found::Ready, now, out)),
        }
    }

    fn end_opening(&mut self) {
        if let Some(id) = self.aborting.pop() {
            self.change(|state, now, out| state.open_failed(id, lost(), now, out));
        } else if !self.opening.is_empty() {
            let id = self.opening.remove(self.random.usize(0..self.opening.len()));
            if self.random.u8(0..3) == 0 {
                let class = [Class::Unreachable, Class::Capacity, Class::Permanent][self.random.usize(0..3)];
                let fault = Fault::new(class, Step::Dial, "test");
                self.change(|state, now, out| state.open_failed(id, fault, now, out));
            } else {
                let conn = self.born();
                let took = Duration::from_millis(3);
                self.change(|state, now, out| state.opened(id, conn, took, now, out));
            }
        }
    }

    fn born(&mut self) -> Conn {
        let id = self.next_conn;
        self.next_conn += 1;
        self.alive.insert(id);
        let latest = self.state.limits.recycle.map_or(Moment::NEVER, |recycle| self.now.after(recycle));
        Conn { id, proved: self.generation, good_at: self.now, expires_at_latest: latest }
    }

    fn end_verification(&mut self) {
        let Some((id, mut conn)) = self.verifying.pop() else { return };
        if self.random.u8(0..3) == 0 {
            let cause = CloseCause::PingTimedOut;
            self.change(|state, now, out| state.lost(id, conn, cause, &lost(), now, out));
        } else {
            (conn.proved, conn.good_at) = (self.generation, self.now);
            let took = Duration::from_millis(1);
            self.change(|state, now, out| state.verified(id, conn, took, now, out));
        }
    }

    fn end_cleaning(&mut self) {
        let Some((id, mut conn)) = self.cleaning.pop() else { return };
        if self.random.bool() {
            let cause = CloseCause::NotCleaned(lost());
            self.change(|state, now, out| state.lost(id, conn, cause, &lost(), now, out));
        } else {
            conn.good_at = self.now;
            self.change(|state, now, out| state.cleaned(id, conn, now, out));
        }
    }

    fn end_closing(&mut self) {
        let Some(id) = self.closing.pop() else { return };
        self.change(|state, now, out| state.vacated(id, now, out));
    }

    fn warm(&mut self) {
        let wanted = self.random.usize(1..4);
        self.change(|state, now, out| state.begin_warming(wanted, now, out));
        if self.random.bool() {
            self.state.end_warming(wanted);
        }
    }

    fn stall(&mut self) {
        if let Some((id, _)) = self.verifying.last() {
            let id = *id;
            self.change(|state, now, out| state.stalled(id, now, out));
        }
    }

    fn sweep(&mut self) {
        let unlucky = self.random.u64(0..4);
        let look = |conn: &Conn| if conn.id % 4 == unlucky { Found::Lost(lost()) } else { Found::Ready };
        self.change(|state, now, out| state.sweep(look, now, out));
    }

    fn tick(&mut self) {
        let mut due = None;
        self.change(|state, now, out| due = state.tick(now, out));
        if let Some(due) = due {
            assert!(due > self.now, "the keeper would spin: due {due:?} at {:?}", self.now);
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut State<Conn, Name>, Moment, &mut Actions<Conn, Name>)) {
        let mut out = Actions::new();
        change(&mut self.state, self.now, &mut out);
        self.obey(out);
    }

    /// Does what a shell does, as far as the books are concerned.
    fn obey(&mut self, out: Actions<Conn, Name>) {
        for action in out {
            match action {
                Action::Wake(name) => {
                    let (id, first) = self.queue.pop_front().expect("somebody is woken who does not wait");
                    assert_eq!(name, first, "not the first in the queue was served");
                    self.woken.insert(name, id);
                }
                Action::Open(id, attempt) => {
                    assert!(!self.attempts.values().any(|other| *other == attempt), "two with one name");
                    self.attempts.insert(id, attempt);
                    self.opening.push(id);
                }
                Action::Abort(attempt) => {
                    let is_meant = |id: &SlotId| self.attempts.get(id) == Some(&attempt);
                    let at =
                        self.opening.iter().position(is_meant).expect("what is given up is being opened");
                    self.aborting.push(self.opening.remove(at));
                }
                Action::Verify(id, conn) => self.verifying.push((id, conn)),
                Action::Clean(id, conn) => self.cleaning.push((id, conn)),
                Action::Close(id, conn) => {
                    assert!(self.alive.remove(&conn.id));
                    self.closing.push(id);
                }
                Action::Drop(conn) | Action::Abandon(conn) => assert!(self.alive.remove(&conn.id)),
                Action::Announce(Event::Suspected { generation, .. }) => self.generation = generation,
                Action::Announce(_) => {}
            }
        }
        // `dispose` raises the generation without an announcement.
        self.generation = self.state.generation;
    }

    fn check(&mut self) {
        self.check_books();
        if self.queue.is_empty()
            && let Some((id, conn)) = self.state.take(self.now)
        {
            self.judge(&conn);
            self.change(|state, now, out| state.give_back(id, conn, Found::Ready, now, out));
        }
    }

    fn check_books(&mut self) {
        let status = self.state.status(self.now);
        assert!(status.total() <= self.capacity, "rule 1: {} of {}", status.total(), self.capacity);
        assert_eq!(status.opening, self.opening.len() + self.aborting.len());
        assert_eq!(status.verifying, self.verifying.len());
        assert_eq!(status.cleaning, self.cleaning.len());
        assert_eq!(status.closing_connections, self.closing.len());
        assert_eq!(status.waiting, self.queue.len(), "a waiter is lost, or served in secret");
        let held = status.idle + self.verifying.len() + self.cleaning.len() + status.leased;
        assert_eq!(held, self.alive.len(), "a connection is lost, or in two places");
        // Nobody waits while a connection is fit for use. Asking is done with a copy of the question, not by taking.
        if !self.queue.is_empty() {
            assert!(
                self.state.take_fit(self.now).is_none(),
                "somebody waits beside a connection that is fit"
            );
        }
    }

    /// What every lease must be.
    fn judge(&self, conn: &Conn) {
        assert!(conn.proved >= self.generation, "rule 6: leased without proof since the last incident");
        let aged = self.now >= conn.expires_at_latest;
        assert!(!aged || self.state.is_full(self.now), "leased beyond its greatest age");
        if let PrePing::Always = self.state.limits.pre_ping {
            panic!("leased without a ping");
        }
    }

    /// Everything that runs ends well, time passes, and nobody may be left waiting.
    fn settle(&mut self) {
        for _ in 0..500 {
            while !self.woken.is_empty() {
                self.look();
            }
            while let Some((id, conn)) = self.leased.pop() {
                self.change(|state, now, out| state.give_back(id, conn, Found::Ready, now, out));
            }
            while let Some(id) = self.aborting.pop() {
                self.change(|state, now, out| state.open_failed(id, lost(), now, out));
            }
            if let Some(id) = self.opening.pop() {
                let conn = self.born();
                self.change(|state, now, out| state.opened(id, conn, Duration::from_millis(3), now, out));
            }
            if let Some((id, mut conn)) = self.verifying.pop() {
                (conn.proved, conn.good_at) = (self.generation, self.now);
                self.change(|state, now, out| state.verified(id, conn, Duration::from_millis(1), now, out));
            }
            if let Some((id, conn)) = self.cleaning.pop() {
                self.change(|state, now, out| state.cleaned(id, conn, now, out));
            }
            self.end_closing();
            self.now = self.now.after(Duration::from_millis(200));
            self.tick();
            let busy = self.opening.len() + self.verifying.len() + self.cleaning.len() + self.closing.len();
            if self.queue.is_empty() && busy + self.woken.len() == 0 {
                return;
            }
        }
        panic!("somebody is left waiting: {:?}", self.state.status(self.now));
    }
}

/// Limits are not whole milliseconds, moments are: the keeper would spin until the next one begins.
#[test]
fn what_is_due_is_done_when_it_is_due() {
    let odd = Duration::from_micros(1_500_700);
    let limits = Limits {
        size: 1,
        max_overflow: 0,
        min_idle: 0,
        max_waiters: 6,
        recycle: None,
        idle_timeout: Some(odd),
        keepalive_ping: None,
        pre_ping: PrePing::Never,
    };
    for (limits, opened) in [
        (limits.clone(), true),
        (Limits { idle_timeout: None, keepalive_ping: Some(odd), ..limits.clone() }, true),
        (limits, false),
    ] {
        let mut state: State<u8, u8> = State::new(limits, 1);
        let mut out = Actions::new();
        let waiter = state.enqueue(1, false, Moment::START, &mut out).unwrap();
        state.opened(SlotId(0), 1, odd / 5, Moment::START, &mut out);
        let Some(Answer::Granted(id, connection)) = state.take_answer(waiter, |_| ()) else { panic!() };
        if opened {
            state.give_back(id, connection, Found::Ready, Moment::START, &mut out);
        } else {
            state.discard(id, connection, Moment::START, &mut out);
            state.vacated(id, Moment::START, &mut out);
            let _waiter = state.enqueue(2, false, Moment::START, &mut out).unwrap();
        }
        let due = state.tick(Moment::START, &mut out).unwrap();
        let next = state.tick(due, &mut out);
        assert!(next.is_none_or(|next| next > due), "due at {due:?}, and then again at {next:?}");
    }
}

fn lost() -> Fault {
    Fault::new(Class::ConnectionLost, Step::Ping, "test")
}
