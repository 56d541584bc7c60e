//! What became of a transaction whose COMMIT was sent and never answered: the words for it, and the ticket with
//! which it can be asked again.

mod kinds;
mod ticket;
mod wire;

pub use kinds::{Doubt, Outcome};
pub use ticket::{MarkerTicket, Ticket, TicketError, XidTicket};
