//! Requests that may be repeated: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The first answer to a key is stored in the same transaction as the change that it tells of. So there is either
//! both or none, whatever is killed or cut off in between, and whoever repeats the request, at whichever worker, is
//! given that answer again or does the work for the first time.

mod answer;
mod fingerprint;
mod gate;
mod key;
mod store;

pub(crate) use answer::Answer;
pub(crate) use fingerprint::Fingerprint;
pub(crate) use gate::Gate;
pub(crate) use key::Key;
pub(crate) use store::{Claim, Request, claim, keep, prune};
