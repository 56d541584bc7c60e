//! Everything that can happen to a small pool, in every order, up to a depth. Where the random schedules look far, this
//! leaves nothing out nearby: states that are alike are visited once.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use super::*;

/// Something that happens; numbers are places in the lists of the world.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Acquire,
    Cancel(usize),
    CancelGranted(Name),
    /// The same, when the connection has ended meanwhile.
    CancelGrantedLost(Name),
    Look(Name),
    Return(usize, Way),
    Reported(Report),
    Tick,
    /// Long enough for a ping to be needed and an opening to count as hung.
    TimePasses,
    Sweep,
    Dispose,
    Distrust,
    Resize(usize),
    Warm,
    Shut,
}

/// What a task of the pool has to say.
#[derive(Debug, Clone, Copy)]
enum Report {
    Opened(usize),
    OpenFailed(usize, Class),
    Aborted,
    Verified(usize),
    NotVerified(usize),
    Stalled(usize),
    Cleaned(usize),
    NotCleaned(usize),
    Closed(usize),
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Ready,
    Dirty,
    Lost,
    Discarded,
}

/// As many callers as there is any use for: one who holds, one who waits, one behind.
const CALLERS: usize = 3;

#[test]
fn everything_that_can_happen_to_a_pool_of_one() {
    explore(limits(1, 0, 0), 7);
}

#[test]
fn everything_that_can_happen_to_a_pool_of_one_with_overflow() {
    explore(limits(1, 1, 0), 6);
}

#[test]
fn everything_that_can_happen_to_a_pool_of_two_that_is_kept_filled() {
    explore(limits(2, 0, 2), 6);
}

fn limits(size: usize, max_overflow: usize, min_idle: usize) -> Limits {
    Limits {
        size,
        max_overflow,
        min_idle,
        max_waiters: CALLERS,
        // Jitter would make all states different.
        recycle: None,
        idle_timeout: None,
        keepalive_ping: None,
        pre_ping: PrePing::AfterIdle(Duration::from_secs(1)),
    }
}

/// Visits all states that `depth` happenings lead to.
fn explore(limits: Limits, depth: usize) {
    let mut world = World::new(0);
    world.capacity = limits.capacity();
    world.state = State::new(limits, 0);
    let mut seen = HashSet::from([world.fingerprint()]);
    let mut frontier = vec![(world, Vec::new())];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (world, path) in &frontier {
            for happening in world.possible() {
                let mut path: Vec<Happening> = path.clone();
                path.push(happening);
                let visited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let mut world = world.clone();
                    world.happen(happening);
                    world.check_books();
                    let is_new = seen.insert(world.fingerprint());
                    if is_new && !world.state.is_closing() {
                        world.clone().settle();
                    }
                    is_new.then_some(world)
                }));
                match visited {
                    Ok(Some(world)) => next.push((world, path)),
                    Ok(None) => {}
                    Err(_) => panic!("a rule was broken by {path:?}"),
                }
            }
        }
        frontier = next;
    }
    println!("{} states", seen.len());
    assert!(seen.len() > 1000, "there is more to a pool than {} states", seen.len());
}

impl World {
    fn possible(&self) -> Vec<Happening> {
        use Happening::*;
        let mut all = vec![Tick, TimePasses, Sweep, Dispose, Distrust, Warm, Shut];
        if self.queue.len() + self.woken.len() + self.leased.len() < CALLERS {
            all.push(Acquire);
        }
        all.extend((0..self.queue.len()).map(Cancel));
        all.extend(
            self.woken.keys().flat_map(|name| [CancelGranted(*name), CancelGrantedLost(*name), Look(*name)]),
        );
        let ways = [Way::Ready, Way::Dirty, Way::Lost, Way::Discarded];
        all.extend((0..self.leased.len()).flat_map(|at| ways.map(|way| Return(at, way))));
        let mut reports: Vec<Report> = (0..self.opening.len())
            .flat_map(|at| {
                [Report::Opened(at)]
                    .into_iter()
                    .chain([Class::Unreachable, Class::Permanent].map(|class| Report::OpenFailed(at, class)))
            })
            .collect();
        reports.extend((!self.aborting.is_empty()).then_some(Report::Aborted));
        reports.extend(
            (0..self.verifying.len())
                .flat_map(|at| [Report::Verified(at), Report::NotVerified(at), Report::Stalled(at)]),
        );
        reports.extend((0..self.cleaning.len()).flat_map(|at| [Report::Cleaned(at), Report::NotCleaned(at)]));
        reports.extend((0..self.closing.len()).map(Report::Closed));
        all.extend(reports.into_iter().map(Reported));
        all.extend([0, 1].map(Resize));
        all
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Acquire => self.acquire(),
            Happening::Cancel(at) => {
                let (id, _) = self.queue.remove(at).unwrap();
                self.change(|state, now, out| state.cancel(id, |_| Found::Ready, now, out));
            }
            Happening::CancelGranted(name) => {
                let id = self.woken.remove(&name).unwrap();
                self.change(|state, now, out| state.cancel(id, |_| Found::Ready, now, out));
            }
            Happening::CancelGrantedLost(name) => {
                let id = self.woken.remove(&name).unwrap();
                self.change(|state, now, out| state.cancel(id, |_| Found::Lost(lost()), now, out));
            }
            Happening::Look(name) => {
                let id = self.woken.remove(&name).unwrap();
                if let Some(Answer::Granted(id, conn)) = self.state.take_answer(id, |_| ()) {
                    self.lease(id, conn);
                }
            }
            Happening::Return(at, way) => self.bring_back(at, way),
            Happening::Tick => self.tick(),
            Happening::TimePasses => self.now = self.now.after(Duration::from_millis(1001)),
            Happening::Sweep => {
                let look = |_: &Conn| Found::Lost(lost());
                self.change(|state, now, out| state.sweep(look, now, out));
            }
            Happening::Dispose => self.change(|state, now, out| state.dispose(now, out)),
            Happening::Distrust => self.change(|state, now, out| state.distrust(None, now, out)),
            Happening::Resize(max_overflow) => {
                let size = self.state.limits.size;
                let occupied = self.state.occupied();
                self.change(|state, now, out| state.resize(size, max_overflow, now, out));
                self.capacity = occupied.max(size + max_overflow);
            }
            Happening::Warm => self.change(|state, now, out| state.begin_warming(2, now, out)),
            Happening::Shut => self.change(|state, now, out| state.close(now, out)),
            Happening::Reported(report) => self.report(report),
        }
        // After a shrink there may only become fewer.
        self.capacity = self.state.limits.capacity().max(self.capacity.min(self.state.occupied()));
    }

    fn bring_back(&mut self, at: usize, way: Way) {
        let (id, conn) = self.leased.remove(at);
        self.change(|state, now, out| match way {
            Way::Ready => state.give_back(id, conn, Found::Ready, now, out),
            Way::Dirty => state.give_back(id, conn, Found::Dirty, now, out),
            Way::Lost => state.give_back(id, conn, Found::Lost(lost()), now, out),
            Way::Discarded => state.discard(id, conn, now, out),
        });
    }

    /// A task of the pool reports.
    fn report(&mut self, report: Report) {
        let took = Duration::from_millis(3);
        match report {
            Report::Opened(at) => {
                let (id, conn) = (self.opening.remove(at), self.born());
                self.change(|state, now, out| state.opened(id, conn, took, now, out));
            }
            Report::OpenFailed(at, class) => {
                let (id, fault) = (self.opening.remove(at), Fault::new(class, Step::Dial, "test"));
                self.change(|state, now, out| state.open_failed(id, fault, now, out));
            }
            Report::Aborted => {
                let id = self.aborting.pop().unwrap();
                self.change(|state, now, out| state.open_failed(id, lost(), now, out));
            }
            Report::Verified(at) => {
                let (id, mut conn) = self.verifying.remove(at);
                (conn.proved, conn.good_at) = (self.generation, self.now);
                self.change(|state, now, out| state.verified(id, conn, took, now, out));
            }
            Report::NotVerified(at) => {
                let (id, conn) = self.verifying.remove(at);
                let cause = CloseCause::PingTimedOut;
                self.change(|state, now, out| state.lost(id, conn, cause, &lost(), now, out));
            }
            Report::Stalled(at) => {
                let id = self.verifying[at].0;
                self.change(|state, now, out| state.stalled(id, now, out));
            }
            Report::Cleaned(at) => {
                let (id, conn) = self.cleaning.remove(at);
                self.change(|state, now, out| state.cleaned(id, conn, now, out));
            }
            Report::NotCleaned(at) => {
                let (id, conn) = self.cleaning.remove(at);
                let cause = CloseCause::NotCleaned(lost());
                self.change(|state, now, out| state.lost(id, conn, cause, &lost(), now, out));
            }
            Report::Closed(at) => {
                let id = self.closing.remove(at);
                self.change(|state, now, out| state.vacated(id, now, out));
            }
        }
    }

    /// The same for states that are alike: ages count up to the point from which on they make no difference, and
    /// generations as distances.
    fn fingerprint(&self) -> u64 {
        let state = &self.state;
        let mut hasher = DefaultHasher::new();
        let age = |moment: Moment| (self.now.since(moment).as_millis() / 1000).min(3);
        for slot in &state.slots {
            std::mem::discriminant(&slot.stage).hash(&mut hasher);
            (state.generation - slot.generation).min(2).hash(&mut hasher);
            (slot.generation < state.disposed).hash(&mut hasher);
            match &slot.stage {
                Stage::Opening { since, stalled, aborted, .. } => {
                    (age(*since), stalled, aborted).hash(&mut hasher)
                }
                Stage::Idle { since, checked, .. } => (age(*since), age(*checked)).hash(&mut hasher),
                Stage::Verifying { stalled, .. } | Stage::Cleaning { stalled } => stalled.hash(&mut hasher),
                Stage::Leased { checked, .. } => age(*checked).hash(&mut hasher),
                Stage::Vacant | Stage::Closing => {}
            }
        }
        state.idle.hash(&mut hasher);
        state
            .outage()
            .map(|outage| (outage.attempts.min(3), self.now >= outage.next, outage.is_permanent()))
            .hash(&mut hasher);
        state.circuit.at_once(self.now).hash(&mut hasher);
        (state.closing, state.warming.len().min(1), state.last_connect().is_some()).hash(&mut hasher);
        (state.limits.max_overflow, self.capacity).hash(&mut hasher);
        let leased: Vec<_> = self.leased.iter().map(|(id, _)| id).collect();
        (self.queue.len(), self.woken.len(), leased).hash(&mut hasher);
        (self.opening.len(), self.aborting.len(), &self.closing).hash(&mut hasher);
        hasher.finish()
    }
}
