//! The requests that are being worked on, for whoever must know what a stuck process was doing.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use parking_lot::Mutex;
use steadfast::time::{Duration, Instant};

use crate::request_id::RequestId;

/// The requests that are being worked on. Cheap to clone.
///
/// The table is locked for moments only, never while a handler runs: so it can be read while every thread of the runtime
/// is blocked in a handler.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Table>);

#[derive(Default)]
struct Table {
    next: AtomicU64,
    requests: Mutex<BTreeMap<u64, Entry>>,
}

/// What is told of a request: never its address as it was sent.
struct Entry {
    id: RequestId,
    method: Method,
    route: String,
    begun: Instant,
}

/// As long as this lives, the request counts as being worked on.
#[derive(Debug)]
pub(crate) struct Entered {
    in_flight: InFlight,
    number: u64,
}

/// The lines of a dump; nobody reads more.
const MOST: usize = 200;

impl InFlight {
    pub(crate) fn enter(&self, id: RequestId, method: Method, route: String) -> Entered {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { id, method, route, begun: Instant::now() };
        self.0.requests.lock().insert(number, entry);
        Entered { in_flight: self.clone(), number }
    }

    /// Writes a line for each request, the oldest first.
    ///
    /// # Errors
    /// What `out` says.
    pub fn describe(&self, out: &mut dyn Write) -> io::Result<()> {
        // Whoever asks may have stopped the process at any point.
        let Some(requests) = self.0.requests.try_lock_for(Duration::from_millis(100)) else {
            return writeln!(out, "requests in flight: their table is locked");
        };
        writeln!(out, "requests in flight: {}", requests.len())?;
        for Entry { id, method, route, begun } in requests.values().take(MOST) {
            writeln!(
                out,
                "  {method} {route}, for {:.3} s, id {}",
                begun.elapsed().as_secs_f64(),
                id.as_str()
            )?;
        }
        Ok(())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.in_flight.0.requests.lock().remove(&self.number);
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::request_id::X_REQUEST_ID;

    fn described(in_flight: &InFlight) -> String {
        let mut text = Vec::new();
        in_flight.describe(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_request_is_told_of_while_it_lasts() {
        let in_flight = InFlight::default();
        let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static("abc"))]);
        let id = RequestId::of(&headers);
        let entered = in_flight.enter(id, Method::GET, "/api/v1/users/{id}".to_owned());
        let text = described(&in_flight);
        assert!(text.contains("in flight: 1") && text.contains("GET /api/v1/users/{id}"), "{text}");
        assert!(text.contains("id abc"), "{text}");
        drop(entered);
        assert!(described(&in_flight).contains("in flight: 0"));
    }

    #[test]
    fn a_locked_table_holds_nobody_up() {
        let in_flight = InFlight::default();
        let _locked = in_flight.0.requests.lock();
        assert!(described(&in_flight).contains("locked"));
    }
}
