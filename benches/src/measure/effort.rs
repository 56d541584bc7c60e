//! How much time the whole may take.

use std::time::Duration;

/// Rounds and their length. A figure is the median over rounds, so many short ones beat few long ones.
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
        if self.quick { 5 } else { 31 }
    }

    /// Length of one of them.
    pub const fn memory_window(self) -> Duration {
        Duration::from_millis(if self.quick { 15 } else { 40 })
    }

    /// Rounds against a server.
    pub const fn server_rounds(self) -> usize {
        if self.quick { 3 } else { 15 }
    }

    /// Length of one of them.
    pub const fn server_window(self) -> Duration {
        Duration::from_millis(if self.quick { 150 } else { 300 })
    }

    /// Length of a round over HTTP: processor time of other processes is counted in steps of 10 ms.
    pub const fn http_window(self) -> Duration {
        Duration::from_millis(if self.quick { 800 } else { 2000 })
    }

    /// Starts of the program.
    pub const fn starts(self) -> usize {
        if self.quick { 5 } else { 25 }
    }
}
