//! Colours of a terminal, where there are any. They only repeat what the words say.

use std::fmt;

/// Whether to use colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    colour: bool,
}

/// What a text means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    Good,
    Doubtful,
    Bad,
    InUse,
    Quiet,
    Title,
}

impl Paint {
    pub(super) const fn new(colour: bool) -> Self {
        Self { colour }
    }

    pub(super) const fn plain() -> Self {
        Self { colour: false }
    }

    pub(super) fn of(self, meaning: Meaning, text: impl fmt::Display) -> String {
        let code = match meaning {
            Meaning::Good => "32",
            Meaning::Doubtful => "33",
            Meaning::Bad => "1;31",
            Meaning::InUse => "34",
            Meaning::Quiet => "2",
            Meaning::Title => "1",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
