//! The shell around the state machine: one short lock, and the obedience to what the machine decides.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use crossbeam_utils::CachePadded;

use super::clock::Clock;
use super::connecting::Connecting;
use super::pockets::Pockets;
use super::pooled::Boxed;
use super::spare::Spare;
use super::state::{Action, Actions, Found, Limits, Moment, State};
use super::status::Status;
use super::upkeep;
use super::watch::Watch;
use crate::config::PoolOptions;
use crate::connector::{Alarm, Condition, Connector};
use crate::event::{Event, Measurement, Observer};
use crate::process::Incarnation;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Handle, Mutex, MutexGuard, Notify, RwLock};

pub(super) type PoolState<C> = State<Boxed<C>, Waker>;
pub(super) type PoolActions<C> = Actions<Boxed<C>, Waker>;

/// What pool, leases and tasks have in common.
#[derive(Debug)]
pub(super) struct Shared<C: Connector> {
    pub(super) connector: C,
    pub(super) options: PoolOptions,
    /// Wakes the keeper. Shared with it, so that it can wait without keeping the pool alive.
    pub(super) keeper: Arc<Notify>,
    /// Wakes the watch over those who wait, likewise.
    pub(super) watch: Arc<Notify>,
    /// Tells whoever waits in `close` or `warm_up` that something has changed.
    pub(super) changed: Notify,
    /// Who may give up a connection for the sake of the others.
    pub(super) spare: Spare,
    observers: Vec<Arc<dyn Observer>>,
    /// Those of the observers who measure.
    meters: Vec<Arc<dyn Observer>>,
    /// It was told that some task waits for a connection while it holds one.
    told_of_waiting: AtomicBool,
    /// Some connection rang its alarm: look at all idle ones.
    alarmed: AtomicBool,
    /// Held for moments only and never across an await; every access goes through [`Shared::update`], [`Shared::look`]
    /// or what is in `lending`. While it is held no foreign code runs but [`Connector::inspect`] and the cloning of a
    /// waker.
    pub(super) core: CachePadded<Mutex<Core<C>>>,
    pub(super) pockets: Pockets<C>,
    pub(super) connecting: Connecting,
    /// Where tasks are started: leases may be dropped outside any runtime.
    pub(super) runtime: RwLock<Handle>,
    /// The process in which the pool was made.
    pub(super) origin: Incarnation,
    /// The fork of it that has made the pool its own, by process id; zero when there is none.
    pub(super) adopter: AtomicU32,
    /// A running mean of ping round trips, in microseconds; zero before the first.
    pub(super) usual_ping: AtomicU64,
}

/// In this order: see [`State`].
#[repr(C)]
pub(super) struct Core<C: Connector> {
    pub(super) state: PoolState<C>,
    pub(super) clock: Clock,
    pub(super) watch: Watch,
}

impl<C: Connector> std::fmt::Debug for Core<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl<C: Connector> Shared<C> {
    pub(super) fn new(connector: C, options: PoolOptions, observers: Vec<Arc<dyn Observer>>) -> Self {
        let state = State::new(Limits::from(&options), fastrand::u64(..));
        let core = Core { state, clock: Clock::new(), watch: Watch::default() };
        Self {
            connector,
            keeper: Arc::new(Notify::new()),
            watch: Arc::new(Notify::new()),
            changed: Notify::new(),
            spare: Spare::default(),
            meters: observers.iter().filter(|observer| observer.is_measuring()).cloned().collect(),
            observers,
            told_of_waiting: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
            core: CachePadded::new(Mutex::new(core)),
            pockets: Pockets::new(),
            connecting: Connecting::new(),
            runtime: RwLock::new(Handle::current()),
            origin: Incarnation::current(),
            adopter: AtomicU32::new(0),
            usual_ping: AtomicU64::new(0),
            options,
        }
    }

    /// Changes the state under the lock, then does what follows from it, which is mostly nothing.
    pub(super) fn update<R>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut PoolState<C>, Moment, &mut PoolActions<C>) -> R,
    ) -> R {
        let mut core = self.core.lock();
        let (now, was_standing_still) = core.clock.now();
        self.change(core, now, was_standing_still, change)
    }

    /// The same for whoever has the lock already, and knows what the clock said.
    #[inline]
    pub(super) fn change<R>(
        self: &Arc<Self>,
        mut core: MutexGuard<'_, Core<C>>,
        now: Moment,
        was_standing_still: bool,
        change: impl FnOnce(&mut PoolState<C>, Moment, &mut PoolActions<C>) -> R,
    ) -> R {
        let mut actions = PoolActions::<C>::new();
        self.take_in(&mut core, self.pockets.shut(), &mut actions);
        let result = change(&mut core.state, now, &mut actions);
        // What is due next may have changed; lending on what there is changes nothing about it.
        let retries =
            core.state.outage().is_some() && (!actions.is_empty() || core.state.is_anybody_waiting());
        let watched = core.state.is_closing() || core.state.is_warming();
        drop(core);
        if was_standing_still || retries {
            self.keeper.notify_one();
        }
        if actions.is_empty() {
            // Nothing is in there to be dropped; looking for it would cost as much as the lock.
            std::mem::forget(actions);
        } else {
            self.obey(actions);
        }
        if watched {
            self.changed.notify_waiters();
        }
        result
    }

    /// Looks at the state without changing it, at the exact time.
    pub(super) fn look<R>(self: &Arc<Self>, look: impl FnOnce(&PoolState<C>, Moment) -> R) -> R {
        let mut actions = PoolActions::<C>::new();
        let seen = {
            let core = &mut *self.core.lock();
            if self.is_own_process() {
                self.take_in(core, self.pockets.shut(), &mut actions);
            }
            let now = core.clock.read();
            look(&core.state, now)
        };
        self.obey(actions);
        seen
    }

    /// The keeper's turn: gives until when it may sleep.
    pub(super) fn tick(self: &Arc<Self>) -> Option<crate::time::Instant> {
        let mut actions = PoolActions::<C>::new();
        let alarmed = self.alarmed.swap(false, Ordering::AcqRel);
        let due = {
            let core = &mut *self.core.lock();
            self.take_in(core, self.pockets.shut(), &mut actions);
            let goes_on = core.clock.tick();
            let now = core.clock.read();
            if alarmed {
                core.state.sweep(|connection| self.inspect(connection), now, &mut actions);
            }
            let due = core.state.tick(now, &mut actions).map(|moment| core.clock.instant(moment));
            // Also when the clock is going to stand still: who starts it again may leave the keeper no turn for a while.
            if core.state.is_calm() {
                self.pockets.open();
            }
            let tick = goes_on.then(|| core.clock.instant(now.after(super::clock::TICK)));
            due.into_iter().chain(tick).min()
        };
        self.obey(actions);
        due
    }

    /// What was in the pockets comes back.
    #[inline]
    fn take_in(
        &self,
        core: &mut Core<C>,
        pocketed: impl Iterator<Item = Boxed<C>>,
        out: &mut PoolActions<C>,
    ) {
        for connection in pocketed {
            // Since when it was in there is not known; it was no sooner than this.
            let (then, _) = core.clock.now();
            let found = self.inspect(&connection);
            core.state.give_back(connection.id, connection, found, then, out);
        }
    }

    pub(super) fn status(self: &Arc<Self>) -> Status {
        self.look(|state, now| state.status(now))
    }

    /// What a connection looks like to the machine.
    pub(super) fn inspect(&self, connection: &C::Connection) -> Found {
        match self.connector.inspect(connection) {
            Condition::Ready => Found::Ready,
            Condition::Dirty => Found::Dirty,
            Condition::Lost(fault) => Found::Lost(fault),
        }
    }

    /// An alarm for a new connection: it reaches the keeper, and does not keep the pool alive.
    pub(super) fn alarm(self: &Arc<Self>) -> Alarm {
        let shared = Arc::downgrade(self);
        Alarm::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.alarmed.store(true, Ordering::Release);
                shared.keeper.notify_one();
            }
        })
    }

    /// Changes what is known of the watch.
    pub(super) fn with_watch(&self, change: impl FnOnce(&mut Watch)) {
        change(&mut self.core.lock().watch);
    }

    /// Wakes everybody in the queue who was not called yet; `note` is told, under the lock, whether there was anybody.
    pub(super) fn call_newcomers(&self, note: impl FnOnce(&mut Watch, bool)) -> bool {
        let mut called = Vec::new();
        let any = {
            let core = &mut *self.core.lock();
            let any = core.state.call_newcomers(|waker| called.push(waker.clone()));
            note(&mut core.watch, any);
            any
        };
        called.into_iter().for_each(Waker::wake);
        any
    }

    /// Tells, once, of a task that waits for a connection while it holds one and all are in use.
    pub(super) fn tell_of_waiting_for_itself(self: &Arc<Self>, location: &'static Location<'static>) {
        let Some(task) = tokio::task::try_id() else { return };
        let held = self.look(|state, now| {
            let held = state.held_by(task);
            (held > 0 && state.status(now).is_exhausted()).then_some(held)
        });
        if let Some(held) = held
            && !self.told_of_waiting.swap(true, Ordering::Relaxed)
        {
            self.announce(&Event::HeldWhileWaiting { location, held });
        }
    }

    pub(super) fn runtime(&self) -> Handle {
        self.runtime.read().clone()
    }

    pub(super) fn announce(&self, event: &Event) {
        for observer in &self.observers {
            observer.observe(event);
        }
    }

    /// Whether anybody measures.
    #[inline]
    pub(super) fn is_measured(&self) -> bool {
        !self.meters.is_empty()
    }

    pub(super) fn measure(&self, measurement: &Measurement) {
        for meter in &self.meters {
            meter.measure(measurement);
        }
    }

    #[inline(never)]
    pub(super) fn obey(self: &Arc<Self>, actions: PoolActions<C>) {
        for action in actions {
            match action {
                Action::Wake(waker) => waker.wake(),
                Action::Open(id, attempt) => {
                    self.connecting.expect(attempt);
                    let task = upkeep::open(self, id, attempt);
                    self.connecting.started(attempt, &task.abort_handle());
                }
                Action::Abort(attempt) => self.connecting.abort(attempt),
                Action::Verify(id, connection) => upkeep::verify(self, id, connection),
                Action::Clean(id, connection) => upkeep::clean(self, id, connection),
                Action::Close(id, connection) => upkeep::close(self, id, connection),
                Action::Drop(connection) => drop(connection),
                Action::Abandon(connection) => self.connector.abandon(connection.connection),
                Action::Announce(event) => self.announce(&event),
            }
        }
    }
}
