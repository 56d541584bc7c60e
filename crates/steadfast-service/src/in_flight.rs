//! The requests that are being worked on, for whoever must know what a stuck process was doing.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use axum::extract::MatchedPath;
use crossbeam_utils::CachePadded;
use http::Method;
use parking_lot::Mutex;
use slab::Slab;
use steadfast::time::{Duration, Instant};
use thread_local::ThreadLocal;

use crate::request_id::RequestId;

/// The requests that are being worked on. Cheap to clone.
///
/// Each thread has a table of those that it began, so that threads do not meet for it. A table is locked for moments only,
/// never while a handler runs: so it can be read while every thread of the runtime is blocked in a handler.
#[derive(Clone, Default)]
pub struct InFlight(Arc<ThreadLocal<Table>>);

type Table = Arc<CachePadded<Mutex<Slab<Entry>>>>;

/// What is told of a request: never its address as it was sent.
struct Entry {
    id: RequestId,
    method: Method,
    route: Option<MatchedPath>,
    begun: Instant,
}

/// As long as this lives, the request counts as being worked on.
pub(crate) struct Entered {
    table: Table,
    key: usize,
}

/// The lines of a dump; nobody reads more.
const MOST: usize = 200;

/// How long a dump waits for a table.
const PATIENCE: Duration = Duration::from_millis(100);

impl InFlight {
    pub(crate) fn enter(
        &self,
        id: RequestId,
        method: Method,
        route: Option<MatchedPath>,
        begun: Instant,
    ) -> Entered {
        let table = Arc::clone(self.0.get_or_default());
        let key = table.lock().insert(Entry { id, method, route, begun });
        Entered { table, key }
    }

    /// Writes a line for each request, the oldest first.
    ///
    /// # Errors
    /// What `out` says.
    pub fn describe(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = Vec::new();
        for table in self.0.iter() {
            // Whoever asks may have stopped the process at any point.
            let Some(table) = table.try_lock_for(PATIENCE) else {
                writeln!(out, "requests in flight: a table of them is locked")?;
                continue;
            };
            lines.extend(table.iter().map(|(_, entry)| (entry.begun, entry.to_string())));
        }
        lines.sort();
        writeln!(out, "requests in flight: {}", lines.len())?;
        lines.iter().take(MOST).try_for_each(|(_, line)| writeln!(out, "  {line}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, method, route, begun } = self;
        let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        write!(f, "{method} {route}, for {:.3} s, id {}", begun.elapsed().as_secs_f64(), id.as_str())
    }
}

/// In place of a route where none matched.
pub(crate) const NO_ROUTE: &str = "(none)";

impl Drop for Entered {
    fn drop(&mut self) {
        drop(self.table.lock().remove(self.key));
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

    fn enter(in_flight: &InFlight, id: &'static str) -> Entered {
        let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static(id))]);
        in_flight.enter(RequestId::of(&headers), Method::GET, None, Instant::now())
    }

    #[test]
    fn a_request_is_told_of_while_it_lasts() {
        let in_flight = InFlight::default();
        let entered = enter(&in_flight, "abc");
        let text = described(&in_flight);
        assert!(text.contains("in flight: 1") && text.contains("GET (none), for 0."), "{text}");
        assert!(text.contains("id abc"), "{text}");
        drop(entered);
        assert!(described(&in_flight).contains("in flight: 0"));
    }

    #[test]
    fn those_of_all_threads_are_told_the_oldest_first_wherever_they_end() {
        let in_flight = InFlight::default();
        let first = enter(&in_flight, "first");
        let second = std::thread::scope(|scope| scope.spawn(|| enter(&in_flight, "second")).join()).unwrap();
        let third = enter(&in_flight, "third");
        let text = described(&in_flight);
        assert!(text.contains("in flight: 3"), "{text}");
        let place = |id: &str| text.find(&format!("id {id}")).unwrap();
        assert!(place("first") < place("second") && place("second") < place("third"), "{text}");
        std::thread::scope(|scope| scope.spawn(|| drop(first)).join()).unwrap();
        drop((second, third));
        assert!(described(&in_flight).contains("in flight: 0"));
    }

    #[test]
    fn a_locked_table_holds_nobody_up() {
        let in_flight = InFlight::default();
        let _entered = enter(&in_flight, "abc");
        let _locked = in_flight.0.get_or_default().lock();
        assert!(described(&in_flight).contains("locked"));
    }
}
