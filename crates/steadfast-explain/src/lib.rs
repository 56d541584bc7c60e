//! What goes wrong between an application and its database: a catalogue, and recognition by error text.
//!
//! An [`Entry`] tells of one failure: what happened, what causes it, what to do, whether retrying helps, and what
//! steadfast does about it by itself. [`recognise`] finds the entries that a pasted text tells of: a whole
//! traceback, a line of a log, an error of any client, steadfast's own included. It reads the text and nothing
//! else, and no piece of the text is in its answer, so that whatever secret was pasted is never printed back.
//!
//! ```
//! let found = steadfast_explain::recognise("psycopg2.OperationalError: FATAL:  sorry, too many clients already");
//! assert_eq!(found.best().map(|best| best.entry.id), Some("too-many-connections"));
//! ```

mod client;
mod layer;
mod entry;
mod catalogue;
mod pattern;
mod text;
mod sqlstate;
mod index;
mod recognise;
mod nearest;
mod markdown;

pub use catalogue::{entries, entry};
pub use client::Client;
pub use entry::{Entry, Retry, Role, Wording};
pub use layer::Layer;
pub use markdown::markdown;
pub use nearest::{nearest, nearest_to_text};
pub use recognise::{Confidence, Evidence, Match, Recognition, TEXT_LIMIT, recognise};
