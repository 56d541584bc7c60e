//! Where a connection that came back waits for the next caller of the same thread, without the pool's lock.
//!
//! Most programs give a connection back and want one again a moment later, in the same task. Both ways through the machine
//! are some hundred instructions under a lock for which all threads meet. So each thread has a *pocket* for one
//! connection, and whoever comes next in that thread finds it there.
//!
//! # What the machine knows
//! For the machine a connection in a pocket is still lent, to whom it lent it last. Nobody sees that:
//! - **Whoever looks at the machine or changes it shuts the pockets first**, under the pool's lock
//!   ([`Shared::look`](super::shared::Shared::look), [`Shared::change`](super::shared::Shared::change), the keeper's
//!   tick). What was in them comes back then, in the usual way. Only lending what is idle, and taking back what came, do
//!   without; when nothing is idle the pockets are shut before anybody waits.
//! - **Only the task that had it gets it** without the machine, so that who holds what is known as ever.
//! - **So whatever is not usual finds them shut**: somebody waits, a fault, a new generation, another size, the end. What is
//!   found in them may itself be one. The keeper opens them again at its next tick, if all is well then.
//! - **A connection is kept only in the round in which the machine lent it**, and each tick begins another one. So the
//!   machine sees every connection at least once in two ticks, however often it goes out and comes back: that is how late it
//!   is noticed that one has become too old. What the machine gave to a waiter was lent in no round: it may have become suspect
//!   before its owner looked. So with `pre_ping` set to `always`, under which every connection is waited for, none is kept.
//!
//! # Why nothing is lost, and nobody is passed by
//! The pockets are shut in two steps: first the round ends, then each pocket is emptied by an exchange. Whoever puts
//! something in or takes something out does so by an exchange too, and looks at the round *afterwards*. The exchanges of one
//! pocket have an order, and each sees what those before it had seen. So either what was put in is found by the emptying, or
//! it came later: then the round has ended for whoever put it in as well, who takes it out again; and for whoever was
//! faster, who finds that it does not belong there, and lets the machine decide.

use std::sync::atomic::Ordering;

use crossbeam_utils::CachePadded;

use super::pooled::{Boxed, Pooled};
use crate::by_thread::ByThread;
use crate::connector::Connector;
use crate::sync::{AtomicU64, Exchange};

/// The time between two ticks of the keeper in which the pockets are open, or between two of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round(u64);

impl Round {
    /// What was lent in this one never goes into a pocket.
    pub(super) const SHUT: Self = Self(0);

    /// The odd ones are.
    const fn is_open(self) -> bool {
        self.0 % 2 == 1
    }
}

/// One pocket for each thread, as far as they go round.
pub(super) struct Pockets<C: Connector> {
    /// Changed only with the pool's lock in hand.
    round: AtomicU64,
    pockets: ByThread<CachePadded<Exchange<Pooled<C>>>>,
}

impl<C: Connector> std::fmt::Debug for Pockets<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pockets").field("round", &self.round()).finish_non_exhaustive()
    }
}

impl<C: Connector> Pockets<C> {
    pub(super) fn new() -> Self {
        Self { round: AtomicU64::new(Round::SHUT.0), pockets: ByThread::new(CachePadded::default) }
    }

    /// The round that it is.
    #[inline]
    pub(super) fn round(&self) -> Round {
        Round(self.round.load(Ordering::Relaxed))
    }

    /// What came back last in this thread, and whether that may be lent as it is.
    #[inline]
    pub(super) fn take(&self) -> Option<(Boxed<C>, bool)> {
        if !self.round().is_open() {
            return None;
        }
        let connection = self.pockets.here().swap(None)?;
        let belongs_here = connection.round == self.round();
        Some((connection, belongs_here))
    }

    /// Keeps what came back ready, if that is usual. Gives what must go to the machine: the same, or what was in here, or both.
    #[inline]
    pub(super) fn keep(
        &self,
        connection: Boxed<C>,
        is_ready: impl FnOnce(&Boxed<C>) -> bool,
    ) -> [Option<Boxed<C>>; 2] {
        let round = connection.round;
        if !round.is_open() || round != self.round() || !is_ready(&connection) {
            return [Some(connection), None];
        }
        let pocket = self.pockets.here();
        let before = pocket.swap(Some(connection));
        if round == self.round() {
            return [before, None];
        }
        [before, pocket.swap(None)]
    }

    /// Begins another round, if none is. With the pool's lock in hand.
    pub(super) fn open(&self) {
        let round = self.round();
        if !round.is_open() {
            self.round.store(round.0 + 1, Ordering::Relaxed);
        }
    }

    /// Ends the round, so that nothing stays in here any more, and takes out what does. With the pool's lock in hand.
    pub(super) fn shut(&self) -> impl Iterator<Item = Boxed<C>> {
        let round = self.round();
        if round.is_open() {
            self.round.store(round.0 + 1, Ordering::Relaxed);
        }
        self.pockets.iter().filter(move |_| round.is_open()).filter_map(|pocket| pocket.swap(None))
    }
}

#[cfg(test)]
#[cfg(not(steadfast_model))]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::config::PoolOptions;
    use crate::connector::{Alarm, Condition};
    use crate::error::Fault;
    use crate::pool::acquire::{Patience, acquire};
    use crate::pool::keeper;
    use crate::pool::lanes::lanes;
    use crate::pool::shared::Shared;
    use crate::pool::state::Borrower;
    use crate::verdict::{Class, Step};

    /// Connections that are well as long as they are not zero.
    #[derive(Debug)]
    struct Numbers;

    impl Connector for Numbers {
        type Connection = u64;

        async fn connect(&self, _alarm: Alarm) -> Result<u64, Fault> {
            Ok(1)
        }

        async fn ping(&self, _connection: &mut u64) -> Result<(), Fault> {
            Ok(())
        }

        fn inspect(&self, connection: &u64) -> Condition {
            match connection {
                0 => Condition::Lost(Fault::new(Class::ConnectionLost, Step::Statement, "ended")),
                _ => Condition::Ready,
            }
        }

        async fn clean(&self, _connection: &mut u64) -> Result<(), Fault> {
            Ok(())
        }

        async fn close(&self, _connection: u64) {}
    }

    /// A pool whose pockets are open, with this many connections from the machine.
    async fn open(number: usize) -> (Arc<Shared<Numbers>>, Vec<Boxed<Numbers>>) {
        let shared = Arc::new(Shared::new(Numbers, PoolOptions::default(), Vec::new()));
        keeper::start(&shared);
        let (lanes, patience) = (lanes(&shared), Patience::For(Duration::from_secs(1)));
        let mut leases = Vec::new();
        for _ in 0..number {
            leases.push(acquire(&shared, &lanes, patience, Location::caller()).await.unwrap());
        }
        drop(leases);
        tokio::time::sleep(2 * crate::pool::clock::TICK).await;
        let lent = (0..number).map(|_| shared.take(Location::caller()).unwrap()).collect();
        (shared, lent)
    }

    fn ready(_connection: &Boxed<Numbers>) -> bool {
        true
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_in_the_usual_way_stays_in_its_thread_and_goes_out_again() {
        let (shared, mut lent) = open(1).await;
        let connection = lent.pop().unwrap();
        let round = connection.round;
        assert!(round.is_open());
        shared.give_back(connection);
        let (connection, belongs_here) = shared.pockets.take().unwrap();
        assert!(belongs_here && connection.round == round);
        assert!(shared.pockets.take().is_none());
        shared.give_back(connection);
        // Whoever looks finds it, and it is not there any more.
        assert_eq!(shared.status().idle, 1);
        assert!(shared.pockets.take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_lost_in_a_pocket_makes_the_others_suspect_whoever_finds_it() {
        let (shared, mut lent) = open(2).await;
        let (mut lost, other) = (lent.pop().unwrap(), lent.pop().unwrap());
        lost.connection = 0;
        assert!(shared.pockets.pockets.here().swap(Some(lost)).is_none());
        assert_eq!(shared.status().suspect, 1);
        shared.give_back(other);
        assert!(shared.pockets.take().is_none(), "rule 6");
        assert_eq!(shared.status().verifying, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_the_one_used_last_stays() {
        let (shared, mut lent) = open(2).await;
        let (first, last) = (lent.pop().unwrap(), lent.pop().unwrap());
        let id = last.id;
        shared.give_back(first);
        shared.give_back(last);
        assert_eq!(shared.pockets.take().unwrap().0.id, id);
        assert_eq!(shared.status().idle, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_while_the_pockets_are_shut_does_not_stay() {
        let (shared, mut lent) = open(3).await;
        let pockets = &shared.pockets;
        let shut_meanwhile = |_: &Boxed<Numbers>| {
            assert_eq!(pockets.shut().count(), 0);
            true
        };
        let id = lent[2].id;
        let [None, Some(back)] = pockets.keep(lent.pop().unwrap(), shut_meanwhile) else {
            panic!("it stayed")
        };
        assert_eq!(back.id, id);
        assert!(pockets.keep(back, ready).iter().flatten().count() == 1, "shut");
        pockets.open();
        let [Some(_), None] = pockets.keep(lent.pop().unwrap(), ready) else { panic!("another round") };
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_put_in_too_late_is_not_lent_as_it_is() {
        let (shared, mut lent) = open(1).await;
        let pockets = &shared.pockets;
        assert_eq!(pockets.shut().count(), 0);
        assert!(pockets.pockets.here().swap(lent.pop()).is_none());
        assert!(pockets.take().is_none(), "shut");
        pockets.open();
        let (_, belongs_here) = pockets.take().unwrap();
        assert!(!belongs_here);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_ready_or_was_lent_without_a_round_does_not_stay() {
        let (shared, mut lent) = open(2).await;
        let [Some(_), None] = shared.pockets.keep(lent.pop().unwrap(), |_| false) else {
            panic!("it stayed")
        };
        let connection = lent.pop().unwrap().to(Borrower::default(), Round::SHUT);
        let [Some(_), None] = shared.pockets.keep(connection, ready) else { panic!("it stayed") };
    }
}
