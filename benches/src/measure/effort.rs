//! How much time the whole may take.

use std::time::Duration;

/// Rounds and their length. A figure is the median over rounds, so many short ones beat few long ones: how far two rounds
/// are apart on a shared machine depends little on their length (SELECT at 8 tasks, rounds of 20, 100 and 300 ms: quartiles
/// of the ratio of 18 to 20 % each).
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    quick: bool,
}

impl Effort {
    pub const fn new(quick: bool) -> Self {
        Self { quick }
    }

    pub const fn is_quick(self) -> bool {
        self.quick
    }

    /// Rounds of work in memory.
    pub const fn memory_rounds(self) -> usize {
        if self.quick { 5 } else { 61 }
    }

    /// Length of one of them.
    pub const fn memory_window(self) -> Duration {
        Duration::from_millis(if self.quick { 15 } else { 20 })
    }

    /// Rounds against a server.
    pub const fn server_rounds(self) -> usize {
        if self.quick { 15 } else { 151 }
    }

    /// Length of one of them: a thousand operations.
    pub const fn server_window(self) -> Duration {
        Duration::from_millis(30)
    }

    /// Rounds against a server that is far away.
    pub const fn distant_rounds(self) -> usize {
        if self.quick { 3 } else { 15 }
    }

    /// Length of one of them: twenty operations at the least.
    pub const fn distant_window(self) -> Duration {
        Duration::from_millis(if self.quick { 300 } else { 600 })
    }

    /// Rounds over HTTP.
    pub const fn http_rounds(self) -> usize {
        if self.quick { 9 } else { 81 }
    }

    /// Length of one of them.
    pub const fn http_window(self) -> Duration {
        Duration::from_millis(150)
    }

    /// Starts of the program.
    pub const fn starts(self) -> usize {
        if self.quick { 5 } else { 25 }
    }
}
