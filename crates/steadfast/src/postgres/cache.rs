//! Prepared statements of one connection, the least recently used given up first.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

use super::prepared::Prepared;

/// Statements by their text.
#[derive(Debug)]
pub(super) struct StatementCache<T = Arc<Prepared>> {
    capacity: usize,
    clock: u64,
    statements: HashMap<Box<str>, (T, u64), RandomState>,
}

impl<T: Clone> StatementCache<T> {
    /// Room for this many; 0 switches preparing off.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, clock: 0, statements: HashMap::default() }
    }

    pub(super) fn is_off(&self) -> bool {
        self.capacity == 0
    }

    pub(super) fn get(&mut self, text: &str) -> Option<T> {
        self.clock += 1;
        let (statement, used) = self.statements.get_mut(text)?;
        *used = self.clock;
        Some(statement.clone())
    }

    /// Makes room for one more, and gives the one that had to go.
    pub(super) fn make_room(&mut self) -> Option<T> {
        if self.statements.len() < self.capacity {
            return None;
        }
        let oldest = self.statements.iter().min_by_key(|(_, (_, used))| *used).map(|(text, _)| text.clone());
        oldest.and_then(|text| self.remove(&text))
    }

    pub(super) fn insert(&mut self, text: &str, statement: T) {
        self.clock += 1;
        self.statements.insert(text.into(), (statement, self.clock));
    }

    pub(super) fn remove(&mut self, text: &str) -> Option<T> {
        self.statements.remove(text).map(|(statement, _)| statement)
    }

    pub(super) fn clear(&mut self) {
        self.statements.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_is_given_up() {
        let mut cache = StatementCache::new(2);
        for text in ["a", "b"] {
            assert_eq!(cache.make_room(), None);
            cache.insert(text, text.to_owned());
        }
        assert!(cache.get("a").is_some());
        assert_eq!(cache.make_room().as_deref(), Some("b"));
        cache.insert("c", "c".to_owned());
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
        assert_eq!(cache.statements.len(), 2);
    }
}
