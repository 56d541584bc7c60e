//! The words for what can be wrong with a path.

use std::time::Duration;

/// What is wrong with the path, until something else is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Nobody listens: connects are refused at once. Open connections go on.
    Refuse,
    /// New connections are accepted and closed at once. Open connections go on.
    AcceptThenClose,
    /// New connections are accepted and reset at once. Open connections go on.
    AcceptThenReset,
    /// New connections are accepted, and nothing is ever heard on them. Open connections go on.
    AcceptThenSilence,
    /// Nothing is forwarded and nothing is read, on open and new connections; sockets stay open. The other
    /// end sees its send buffer fill up. All of it is delivered once the fault is over.
    Stall,
    /// Everything is read, acknowledged and lost, on open and new connections; sockets stay open. A
    /// connection that has lost something stays silent even when the fault is over.
    Swallow,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Both sides are closed in order.
    Fin,
    /// Both sides are reset.
    Rst,
    /// The client is told that nothing more will come, and may go on sending, to nobody. The server's side is
    /// closed.
    HalfClose,
    /// Nothing is forwarded any more, neither data nor an end. Both sides stay open, until they close by
    /// themselves.
    Silence,
    /// The client is reset; the server is told nothing and keeps its session, with all locks.
    Ghost,
    /// The client is reset at once. The message for which an armed cut fired is on its way all the same: it reaches
    /// the server after this time, and then the server's side is closed in order. What a network does that delivers
    /// late. Without such a message, as in [`Relay::cut_all`](super::Relay::cut_all): nothing arrives, but the end does.
    Late(Duration),
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third direction")]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// For arrays of two.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::ToServer => 0,
            Self::ToClient => 1,
        }
    }
}
