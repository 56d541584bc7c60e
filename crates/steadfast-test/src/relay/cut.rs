//! Cuts that wait for their moment: how a test describes them.

use super::fault::{Direction, Ending};

/// A cut that is made when a certain byte or message comes by. [`Relay::arm`](super::Relay::arm) arms it for all
/// connections, [`Connection::arm`](super::Connection::arm) for one.
///
/// It fires once, on the first connection where its moment comes, unless [`times`](Self::times) says otherwise.
///
/// ```
/// use std::time::Duration;
/// use steadfast_test::{Cut, Direction, Ending};
///
/// let commit = Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Rst);
/// // The server never sees the COMMIT.
/// let lost_commit = commit.clone();
/// // The server commits, and the client never learns it.
/// let lost_answer = commit.clone().losing_the_answer();
/// // The client is told that the connection is gone, and a moment later the server commits.
/// let late_commit = commit.ending(Ending::Late(Duration::from_millis(200)));
/// // Whatever the client sends as its seventh message does not arrive.
/// let seventh = Cut::on_any_message(Direction::ToServer).nth(7);
/// # let _ = (lost_commit, lost_answer, late_commit, seventh);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a cut does nothing before it is armed"]
pub struct Cut {
    pub(super) direction: Direction,
    pub(super) moment: Moment,
    pub(super) ending: Ending,
    pub(super) times: u64,
    /// The number of the only connection that it is for.
    pub(super) only_on: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum Moment {
    /// So many bytes of this direction of a connection were forwarded.
    Byte(u64),
    /// A message comes by.
    Message(Wanted),
}

/// Which message.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) tag: Option<u8>,
    pub(super) text: Option<Vec<u8>>,
    /// The how many-eth that fits, on one connection, counted from one.
    pub(super) nth: u64,
    pub(super) place: Place,
}

/// Where the cut is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
    /// At the first byte that comes back.
    Answer,
}

impl Cut {
    /// When exactly `bytes` bytes of a connection were forwarded in this direction and the next one, or the
    /// last of them, arrives. Connections that are beyond it are left alone.
    pub fn at_byte(direction: Direction, bytes: u64) -> Self {
        Self { direction, moment: Moment::Byte(bytes), ending: Ending::Fin, times: 1, only_on: None }
    }

    /// Before a PostgreSQL message with this tag is forwarded, such as `b'Q'` or `b'P'` from a client, `b'C'`
    /// or `b'Z'` from a server. Under TLS messages cannot be seen.
    pub fn on_message(direction: Direction, tag: u8) -> Self {
        Self::on(direction, Some(tag))
    }

    /// Before any PostgreSQL message is forwarded, those of start-up included; with [`nth`](Self::nth) at every place
    /// of a conversation in turn.
    pub fn on_any_message(direction: Direction) -> Self {
        Self::on(direction, None)
    }

    /// Only messages whose content holds this text, in capital letters or small ones.
    pub fn with_text(self, wanted: &str) -> Self {
        self.message(|message| message.text = Some(wanted.to_ascii_lowercase().into_bytes()))
    }

    /// Not the first message that fits, but this one, counted from one on each connection from when the cut was armed.
    pub fn nth(self, nth: u64) -> Self {
        self.message(|message| message.nth = nth.max(1))
    }

    /// Just after the message was forwarded, instead of before.
    pub fn after(self) -> Self {
        self.message(|message| message.place = Place::After)
    }

    /// The message is forwarded; the cut is made when the first byte comes back, which is lost. Answers to earlier
    /// messages that were still under way are lost with it.
    pub fn losing_the_answer(self) -> Self {
        self.message(|message| message.place = Place::Answer)
    }

    /// How the connection ends. Default [`Ending::Fin`].
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// How often it fires before it is used up. Default 1; `u64::MAX` for always.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    pub(super) fn only_on(mut self, connection: u64) -> Self {
        self.only_on = Some(connection);
        self
    }

    fn on(direction: Direction, tag: Option<u8>) -> Self {
        let moment = Moment::Message(Wanted { tag, text: None, nth: 1, place: Place::Before });
        Self { direction, moment, ending: Ending::Fin, times: 1, only_on: None }
    }

    fn message(mut self, change: impl FnOnce(&mut Wanted)) -> Self {
        if let Moment::Message(message) = &mut self.moment {
            change(message);
        }
        self
    }
}
