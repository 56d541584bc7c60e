//! Single cases of the rules, each of which was broken once.

use super::*;
use crate::verdict::{Class, Step};

type Machine = State<u32, &'static str>;
type Out = Actions<u32, &'static str>;

fn machine(change: impl FnOnce(&mut PoolOptions)) -> Machine {
    let mut options = PoolOptions::default();
    (options.size, options.max_overflow) = (2, 0);
    change(&mut options);
    State::new(Limits::from(&options), 7)
}

fn at(millis: u64) -> Moment {
    Moment::at(Duration::from_millis(millis))
}

fn fault(class: Class) -> Fault {
    Fault::new(class, Step::Dial, "test")
}

/// Slots that are to be opened.
fn to_open(out: &Out) -> Vec<SlotId> {
    let wanted = |action: &Action<u32, &str>| if let Action::Open(id, _) = action { Some(*id) } else { None };
    out.iter().filter_map(wanted).collect()
}

/// So many connections in somebody's hands.
fn leased(state: &mut Machine, count: u32, now: Moment) -> Vec<(SlotId, u32)> {
    let take = |number| {
        let mut out = Out::new();
        let waiter = state.enqueue("first", false, now, &mut out).unwrap();
        let id = to_open(&out)[0];
        state.opened(id, number, Duration::from_millis(1), now, &mut out);
        match state.take_answer(waiter, |_| ()) {
            Some(Answer::Granted(id, connection)) => (id, connection),
            other => panic!("{other:?}"),
        }
    };
    (1..=count).map(take).collect()
}

fn idle(state: &mut Machine, count: u32, now: Moment) {
    for (id, connection) in leased(state, count, now) {
        state.give_back(id, connection, Found::Ready, now, &mut Out::new());
    }
}

#[test]
fn a_permanent_fault_reaches_waiters_when_the_last_hope_is_gone() {
    let mut state = machine(|_| ());
    let (id, connection) = leased(&mut state, 1, at(0))[0];
    let mut out = Out::new();
    let waiter = state.enqueue("waits", false, at(10), &mut out).unwrap();
    let opening = to_open(&out)[0];
    state.open_failed(opening, fault(Class::Permanent), at(20), &mut out);
    assert!(state.take_answer(waiter, |_| ()).is_none(), "the leased one may come back");
    state.give_back(id, connection, Found::Lost(fault(Class::ConnectionLost)), at(30), &mut out);
    let answer = state.take_answer(waiter, |_| ());
    assert!(
        matches!(&answer, Some(Answer::Refused(refusal)) if refusal.failure == AcquireFailure::Permanent),
        "{answer:?}"
    );
}

#[test]
fn a_full_server_does_not_cost_a_good_connection_for_its_age() {
    let mut state = machine(|options| options.idle_timeout = None);
    idle(&mut state, 1, at(0));
    let held = state.take(at(0)).unwrap();
    let mut out = Out::new();
    let waiter = state.enqueue("waits", false, at(230_000), &mut out).unwrap();
    state.open_failed(to_open(&out)[0], fault(Class::Capacity), at(230_000), &mut out);
    state.cancel(waiter, |_| Found::Ready, at(230_000), &mut out);
    // Beyond its greatest age, and there is no prospect of another.
    let now = at(250_000);
    out.clear();
    state.give_back(held.0, held.1, Found::Ready, now, &mut out);
    let due = state.tick(now, &mut out).expect("its age is not forgotten");
    assert!(out.iter().all(|action| !matches!(action, Action::Close(..))), "{out:?}");
    assert_eq!(state.status(now).idle, 1);
    assert_eq!(due, at(290_000), "a minute after the last try");
    state.tick(due, &mut out);
    assert!(out.iter().any(|action| matches!(action, Action::Close(..))), "then it goes: {out:?}");
}

#[test]
fn no_connection_lives_longer_than_recycle_even_by_a_coarse_clock() {
    let mut state = machine(|options| options.size = 50);
    idle(&mut state, 50, at(0));
    let recycle = state.limits.recycle.unwrap();
    for slot in &state.slots {
        let life = slot.expires.since_start();
        assert!(life <= recycle.mul_f64(0.99) && life >= recycle.mul_f64(0.9), "{life:?}");
    }
}

#[test]
fn what_was_granted_and_lost_before_its_waiter_left_is_not_lent_on() {
    let mut state = machine(|options| (options.size, options.max_overflow) = (1, 0));
    let (id, connection) = leased(&mut state, 1, at(0))[0];
    let mut out = Out::new();
    let waiter = state.enqueue("leaves", false, at(1), &mut out).unwrap();
    state.give_back(id, connection, Found::Ready, at(2), &mut out);
    let lost = |_: &u32| Found::Lost(fault(Class::ConnectionLost));
    state.cancel(waiter, lost, at(3), &mut out);
    assert_eq!(state.status(at(3)).total(), 0);
}

#[test]
fn a_second_path_is_tried_when_the_first_idle_connection_does_not_answer() {
    let mut state = machine(|options| (options.size, options.max_overflow) = (5, 5));
    idle(&mut state, 5, at(0));
    let now = at(5000);
    let mut out = Out::new();
    state.enqueue("waits", false, now, &mut out).unwrap();
    let Some(Action::Verify(id, _)) = out.pop() else { panic!("it is verified first") };
    state.stalled(id, now, &mut out);
    assert_eq!(to_open(&out).len(), 1, "a new one, for the other idle ones may be as silent: {out:?}");
}

#[test]
fn cleaning_that_takes_long_is_not_counted_on() {
    let mut state = machine(|options| (options.size, options.max_overflow) = (1, 1));
    let (id, connection) = leased(&mut state, 1, at(0))[0];
    let mut out = Out::new();
    state.give_back(id, connection, Found::Dirty, at(1), &mut out);
    state.enqueue("waits", false, at(2), &mut out).unwrap();
    assert_eq!(to_open(&out), [], "what is being cleaned is usually ready at once");
    state.stalled(id, at(30), &mut out);
    assert_eq!(to_open(&out).len(), 1);
}

#[test]
fn a_pool_that_was_smaller_for_a_while_keeps_as_many_idle_as_before() {
    let mut state = machine(|options| (options.size, options.min_idle) = (4, 3));
    let mut out = Out::new();
    state.resize(1, 0, at(0), &mut out);
    assert_eq!(to_open(&out).len(), 1);
    state.resize(4, 0, at(10), &mut out);
    assert_eq!(to_open(&out).len(), 3);
}

#[test]
fn closing_gives_up_what_is_being_opened() {
    let mut state = machine(|_| ());
    let mut out = Out::new();
    state.enqueue("waits", false, at(0), &mut out).unwrap();
    let Some(&Action::Open(id, attempt)) = out.iter().find(|action| matches!(action, Action::Open(..)))
    else {
        panic!("{out:?}")
    };
    state.close(at(1), &mut out);
    assert!(
        out.iter().any(|action| matches!(action, Action::Abort(aborted) if *aborted == attempt)),
        "{out:?}"
    );
    state.open_failed(id, fault(Class::Unreachable), at(2), &mut out);
    assert!(state.is_finished());
}
