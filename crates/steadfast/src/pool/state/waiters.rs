//! The queue of callers: first come, first served, and leaving it from the middle costs nothing.
//!
//! # Implementation details
//! A slab whose entries are linked by index, so that waiting allocates nothing once the slab has grown to the
//! usual number of waiters. An entry that was answered has left the queue but stays in the slab until its
//! owner takes the answer or cancels. One that was given up stays in the queue until it is first, or until there are more of
//! those than of others.
//!
//! Threads that meet here write to the same entries in turn, and each line of the cache that another processor has
//! written to costs some hundred nanoseconds. So an entry has one line, and shares it with no other; and it knows only who
//! comes behind it, so that whoever answers the first need not write to the next.

use std::num::NonZeroU32;

use super::moment::Moment;

/// Names an entry until its owner takes the answer or cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterId(Index);

/// Waiters with answers of type `A`, woken through `W`.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Waiters<A, W> {
    entries: Vec<Entry<A, W>>,
    free: Option<Index>,
    /// The first in the queue, which was not given up.
    head: Option<Index>,
    tail: Option<Index>,
    /// Since whom nobody has been called.
    newcomer: Option<Index>,
    /// How many wait.
    queued: usize,
    /// How many between them were given up.
    gone: usize,
}

/// So many that were given up are never worth a walk through the queue.
const FEW_GONE: usize = if cfg!(test) { 2 } else { 32 };

/// Where an entry lies in the slab. With these in place of two words each an entry is a line long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Index(NonZeroU32);

impl Index {
    fn of(index: usize) -> Self {
        match u32::try_from(index).ok().and_then(|index| NonZeroU32::MIN.checked_add(index)) {
            Some(next) => Self(next),
            None => bug("more waiters than there is memory for"),
        }
    }

    #[inline]
    const fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
#[repr(align(64))]
enum Entry<A, W> {
    Free {
        next: Option<Index>,
    },
    Queued {
        waker: W,
        since: Moment,
        next: Option<Index>,
    },
    /// It was given up, and is still in the queue.
    Gone {
        next: Option<Index>,
    },
    Answered(A),
}

impl<A, W> Waiters<A, W> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), free: None, head: None, tail: None, newcomer: None, queued: 0, gone: 0 }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// How many are queued.
    pub(super) const fn len(&self) -> usize {
        self.queued
    }

    /// Since when the first has been waiting.
    pub(super) fn oldest(&self) -> Option<Moment> {
        match self.entries.get(self.head?.get())? {
            Entry::Queued { since, .. } => Some(*since),
            Entry::Free { .. } | Entry::Gone { .. } | Entry::Answered(_) => None,
        }
    }

    /// Adds one at the end, or at the head when it had been served already with something that turned out bad.
    #[inline]
    pub(super) fn push(&mut self, waker: W, since: Moment, at_head: bool) -> WaiterId {
        let next = if at_head { self.head } else { None };
        let entry = Entry::Queued { waker, since, next };
        let index = match self.free {
            Some(index) => {
                let place = self.entry(index);
                let Entry::Free { next: free } = std::mem::replace(place, entry) else {
                    bug("a used entry on the free list");
                };
                self.free = free;
                index
            }
            None => {
                self.entries.push(entry);
                Index::of(self.entries.len() - 1)
            }
        };
        match self.tail {
            Some(_) if at_head => self.head = Some(index),
            Some(last) => {
                *self.behind(last) = Some(index);
                self.tail = Some(index);
            }
            None => (self.head, self.tail) = (Some(index), Some(index)),
        }
        if !at_head && self.newcomer.is_none() {
            self.newcomer = Some(index);
        }
        self.queued += 1;
        WaiterId(index)
    }

    /// Answers the first in the queue and gives its waker.
    #[inline]
    pub(super) fn answer_first(&mut self, answer: A) -> Result<W, A> {
        let Some(index) = self.head else {
            return Err(answer);
        };
        let Entry::Queued { waker, next, .. } = std::mem::replace(self.entry(index), Entry::Answered(answer))
        else {
            bug("the head of the queue is not queued")
        };
        self.queued -= 1;
        self.advance(index, next);
        Ok(waker)
    }

    /// Calls those who have joined at the end since this was last done; true when there was anybody. Whoever has joined
    /// at the head is taken to have been called before.
    pub(super) fn call_newcomers(&mut self, mut call: impl FnMut(&W)) -> bool {
        let (mut place, mut any) = (self.newcomer.take(), false);
        while let Some(index) = place {
            place = match self.entry(index) {
                Entry::Queued { waker, next, .. } => {
                    any = true;
                    call(waker);
                    *next
                }
                Entry::Gone { next } => *next,
                Entry::Free { .. } | Entry::Answered(_) => bug("a newcomer that is not queued"),
            };
        }
        any
    }

    /// Takes the answer if there is one, which ends the entry; else remembers whom to wake.
    #[inline]
    pub(super) fn take_answer(&mut self, id: WaiterId, waker: impl FnOnce(&mut W)) -> Option<A> {
        match self.entry(id.0) {
            Entry::Queued { waker: place, .. } => {
                waker(place);
                None
            }
            Entry::Answered(_) => self.release(id.0),
            Entry::Free { .. } | Entry::Gone { .. } => bug("a waiter asked after its entry had ended"),
        }
    }

    /// True when there is an answer to be taken.
    pub(super) fn is_answered(&self, id: WaiterId) -> bool {
        matches!(self.entries.get(id.0.get()), Some(Entry::Answered(_)))
    }

    /// Ends the entry; gives the answer that its owner will never see.
    pub(super) fn cancel(&mut self, id: WaiterId) -> Option<A> {
        let index = id.0;
        match self.entry(index) {
            Entry::Queued { next, .. } => {
                let next = *next;
                *self.entry(index) = Entry::Gone { next };
                self.queued -= 1;
                self.gone += 1;
                if self.head == Some(index) {
                    self.free_gone(index);
                    self.advance(index, next);
                } else if self.gone > self.queued + FEW_GONE {
                    self.sweep();
                }
                None
            }
            Entry::Answered(_) => self.release(index),
            Entry::Free { .. } | Entry::Gone { .. } => bug("a waiter cancelled twice"),
        }
    }

    #[inline]
    fn release(&mut self, index: Index) -> Option<A> {
        let free = Entry::Free { next: self.free };
        self.free = Some(index);
        match std::mem::replace(self.entry(index), free) {
            Entry::Answered(answer) => Some(answer),
            Entry::Free { .. } | Entry::Gone { .. } | Entry::Queued { .. } => {
                bug("only an answered entry is released")
            }
        }
    }

    /// The first has left, and this was behind it. What was given up there leaves as well.
    #[inline]
    fn advance(&mut self, first: Index, mut next: Option<Index>) {
        if self.newcomer == Some(first) {
            self.newcomer = next;
        }
        while self.gone > 0
            && let Some(index) = next
            && let Entry::Gone { next: behind } = *self.entry(index)
        {
            if self.newcomer == next {
                self.newcomer = behind;
            }
            self.free_gone(index);
            next = behind;
        }
        self.head = next;
        if next.is_none() {
            self.tail = None;
        }
    }

    /// Takes all out of the queue that were given up. The first was not.
    #[cold]
    fn sweep(&mut self) {
        let (mut kept, mut next) = (None, self.head);
        while let Some(index) = next {
            let (behind, is_gone) = match self.entry(index) {
                Entry::Gone { next } => (*next, true),
                Entry::Queued { next, .. } => (*next, false),
                Entry::Free { .. } | Entry::Answered(_) => bug("a neighbour that is not queued"),
            };
            next = behind;
            if is_gone {
                if self.newcomer == Some(index) {
                    self.newcomer = behind;
                }
                self.free_gone(index);
                if let Some(kept) = kept {
                    *self.behind(kept) = behind;
                }
            } else {
                kept = Some(index);
            }
        }
        self.tail = kept;
    }

    fn free_gone(&mut self, index: Index) {
        self.gone -= 1;
        *self.entry(index) = Entry::Free { next: self.free };
        self.free = Some(index);
    }

    /// Who comes behind one in the queue.
    fn behind(&mut self, index: Index) -> &mut Option<Index> {
        match self.entry(index) {
            Entry::Queued { next, .. } | Entry::Gone { next } => next,
            Entry::Free { .. } | Entry::Answered(_) => bug("a neighbour that is not queued"),
        }
    }

    fn entry(&mut self, index: Index) -> &mut Entry<A, W> {
        match self.entries.get_mut(index.get()) {
            Some(entry) => entry,
            None => bug("a waiter that was never queued"),
        }
    }
}

#[expect(clippy::panic, reason = "only a mistake in this file leads here")]
fn bug(what: &str) -> ! {
    panic!("bug: {what}")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push { at_head: bool },
        Answer,
        Cancel(usize),
        Take(usize),
        Call,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => any::<bool>().prop_map(|at_head| Step::Push { at_head }),
            2 => Just(Step::Answer),
            2 => any::<usize>().prop_map(Step::Cancel),
            1 => any::<usize>().prop_map(Step::Take),
            1 => Just(Step::Call),
        ]
    }

    #[test]
    fn an_entry_is_a_line_of_the_cache() {
        type Answer = crate::pool::state::Answer<Box<u8>>;
        assert_eq!(size_of::<Entry<Answer, std::task::Waker>>(), 64);
    }

    proptest! {
        /// The slab behaves as a plain list would.
        #[test]
        fn waiters_are_answered_in_order(steps in proptest::collection::vec(step(), 0..200)) {
            let mut waiters: Waiters<u32, u32> = Waiters::new();
            let mut queue: VecDeque<(WaiterId, u32)> = VecDeque::new();
            let mut newcomers: BTreeSet<u32> = BTreeSet::new();
            let mut answered: Vec<(WaiterId, u32)> = Vec::new();
            let mut most = 0;
            for (name, step) in (0_u32..).zip(steps) {
                match step {
                    Step::Push { at_head } => {
                        let id = waiters.push(name, Moment::START, at_head);
                        if at_head {
                            queue.push_front((id, name));
                        } else {
                            queue.push_back((id, name));
                            newcomers.insert(name);
                        }
                    }
                    Step::Answer => match (waiters.answer_first(name), queue.pop_front()) {
                        (Ok(woken), Some((id, expected))) => {
                            prop_assert_eq!(woken, expected);
                            newcomers.remove(&expected);
                            answered.push((id, name));
                        }
                        (Err(back), None) => prop_assert_eq!(back, name),
                        (result, expected) => prop_assert!(false, "{:?} against {:?}", result, expected),
                    },
                    Step::Cancel(which) if !queue.is_empty() => {
                        let (id, name) = queue.remove(which % queue.len()).unwrap();
                        newcomers.remove(&name);
                        prop_assert_eq!(waiters.cancel(id), None);
                    }
                    Step::Call => {
                        let mut called = BTreeSet::new();
                        let any = waiters.call_newcomers(|name| assert!(called.insert(*name)));
                        prop_assert_eq!(any, !called.is_empty());
                        prop_assert_eq!(&called, &newcomers);
                        newcomers.clear();
                    }
                    Step::Take(which) if !answered.is_empty() => {
                        let (id, answer) = answered.remove(which % answered.len());
                        prop_assert_eq!(waiters.take_answer(id, |_| ()), Some(answer));
                    }
                    Step::Cancel(_) | Step::Take(_) => {}
                }
                prop_assert_eq!(waiters.len(), queue.len());
                prop_assert_eq!(waiters.is_empty(), queue.is_empty());
                // What was given up does not gather.
                most = most.max(queue.len());
                prop_assert!(waiters.gone <= most + FEW_GONE);
            }
        }
    }

    #[test]
    fn newcomers_are_called_once_and_nobody_twice() {
        let mut waiters: Waiters<(), u32> = Waiters::new();
        let call = |waiters: &mut Waiters<(), u32>| {
            let mut called = Vec::new();
            let any = waiters.call_newcomers(|name| called.push(*name));
            assert_eq!(any, !called.is_empty());
            called.sort_unstable();
            called
        };
        assert!(call(&mut waiters).is_empty());
        let _first = waiters.push(1, Moment::START, false);
        let second = waiters.push(2, Moment::START, false);
        assert_eq!(call(&mut waiters), [1, 2]);
        assert!(call(&mut waiters).is_empty());
        let _third = waiters.push(3, Moment::START, false);
        let _served_before = waiters.push(4, Moment::START, true);
        let fifth = waiters.push(5, Moment::START, false);
        assert_eq!(waiters.cancel(fifth), None);
        assert_eq!(waiters.cancel(second), None);
        assert_eq!(call(&mut waiters), [3]);
        // In a place that was used before.
        let _sixth = waiters.push(6, Moment::START, false);
        assert_eq!(call(&mut waiters), [6]);
        for expected in [4, 1, 3, 6] {
            assert_eq!(waiters.answer_first(()), Ok(expected), "the order is as ever");
        }
    }
}
