//! Events as lines of JSON.
//!
//! A request's line was more than a third of what a request costs outside of the database: the formatters that there are make
//! values of a span's fields, or text that they read back, and a map of them for each line (`docs/performance.md`). Here a span's
//! fields are written once, as they stand in the line, and an event's go straight into it. A line is made in a buffer that its thread
//! keeps, and nothing is allocated for it.

use std::cell::Cell;
use std::fmt::{self, Debug, Write as _};

use jiff::Timestamp;
use serde::Serialize;
use smallvec::SmallVec;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::log_writer::LogWriter;
use crate::timestamp::Clock;

/// Writes an event as one line: its own fields, and under `span` those of the innermost span that it happened in.
#[derive(Debug)]
pub(crate) struct JsonLines {
    pub(crate) out: LogWriter,
    /// Tells which thread it was.
    pub(crate) names: bool,
}

/// A span's fields, as they stand in the lines of its events: one allocation with the box that the registry keeps them in.
struct Fields(SmallVec<[u8; 128]>);

impl<S> Layer<S> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        with_scratch(|_, members| {
            attributes.record(members);
            span.extensions_mut().insert(Fields(SmallVec::from_slice(&members.0)));
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        with_scratch(|_, members| {
            values.record(members);
            if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
                fields.0.extend_from_slice(&members.0);
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        with_scratch(|clock, line| {
            line.push("{\"timestamp\":\"");
            clock.push(Timestamp::now(), &mut line.0);
            line.push("\",\"level\":\"");
            line.push(metadata.level().as_str());
            line.push("\",");
            event.record(line);
            line.push("\"target\":");
            line.push_string(metadata.target());
            let span = event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current());
            if let Some(span) = span {
                line.push(",\"span\":{");
                if let Some(fields) = span.extensions().get::<Fields>() {
                    line.0.extend_from_slice(&fields.0);
                }
                line.push("\"name\":");
                line.push_string(span.name());
                line.push("}");
            }
            if self.names {
                line.push(",\"threadName\":");
                let thread = std::thread::current();
                match thread.name() {
                    Some(name) => line.push_string(name),
                    None => line.push_debug(&thread.id()),
                }
            }
            line.push("}\n");
            self.out.push(&line.0);
        });
    }
}

/// What a thread keeps from line to line.
#[derive(Default)]
struct Scratch {
    clock: Clock,
    members: Members,
}

/// A buffer stays as large as this, which is more than most lines need.
const KEPT: usize = 4096;

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// Lends what the thread keeps, with no members in it. A value that logs while it is told finds nothing, and makes its own; so does a thread
/// that is about to end.
fn with_scratch(work: impl FnOnce(&mut Clock, &mut Members)) {
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
    work(&mut scratch.clock, &mut scratch.members);
    scratch.members.0.clear();
    scratch.members.0.shrink_to(KEPT);
    let _unless_it_ends = SCRATCH.try_with(|kept| kept.set(scratch));
}

/// Members of a JSON object, each with a comma behind it.
#[derive(Default)]
struct Members(Vec<u8>);

impl Members {
    /// JSON as it is.
    fn push(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    fn push_string(&mut self, text: &str) {
        self.push("\"");
        push_escaped(&mut self.0, text);
        self.push("\"");
    }

    /// A string: how this shows itself.
    fn push_debug(&mut self, value: &dyn Debug) {
        self.push("\"");
        // Memory takes everything. A value that cannot be told is told as far as it went.
        let _told = write!(Escaped(&mut self.0), "{value:?}");
        self.push("\"");
    }

    /// A number or the like, as `serde_json` has it; it writes `null` for numbers that JSON does not have.
    fn add(&mut self, field: &Field, value: impl Serialize) {
        self.push_name(field);
        // Memory takes everything.
        let _written = serde_json::to_writer(&mut self.0, &value);
        self.push(",");
    }

    fn push_name(&mut self, field: &Field) {
        self.push_string(field.name());
        self.push(":");
    }
}

impl Visit for Members {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_name(field);
        self.push_string(value);
        self.push(",");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push_name(field);
        self.push_debug(value);
        self.push(",");
    }
}

/// Writes text as it may stand between the quotes of a JSON string.
struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// RFC 8259, 7: quotation marks, backslashes and control characters are escaped, and nothing else need be.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        return out.extend_from_slice(text.as_bytes());
    }
    // Seldom. Of text, and into memory, this cannot fail.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    out.extend_from_slice(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().as_bytes());
}

/// Looks at sixteen bytes at once: without an end in between the compiler makes a few vector instructions of them.
fn is_plain(text: &[u8]) -> bool {
    let plain = |bytes: &[u8; 16]| {
        bytes.iter().fold(true, |plain, &byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\'))
    };
    let (chunks, rest) = text.as_chunks();
    let mut last = [b' '; 16];
    if let Some(place) = last.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    chunks.iter().all(plain) && plain(&last)
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::log_writer::log_writer;

    /// What is logged by this, as parsed lines.
    fn logged(names: bool, work: impl FnOnce()) -> Vec<Value> {
        let (read, write) = io::pipe().unwrap();
        let (out, flush) = log_writer(write).unwrap();
        let log = tracing_subscriber::registry().with(JsonLines { out, names });
        tracing::subscriber::with_default(log, work);
        drop(flush);
        let text = io::read_to_string(read).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_line_with_its_fields_beside_the_rest() {
        let odd = "a \"quote\", a \\, a\nline, a \0, a \u{1f}, ü and \u{2028}";
        let lines = logged(false, || {
            tracing::warn!(odd, debug = ?odd, whole = -3_i64, most = u64::MAX, part = 0.25, tiny = 1e-9, yes = true,
                none = f64::NAN, absent = None::<u64>, "it is {odd}");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let mut line = line.as_object().unwrap().clone();
        let at: Timestamp = line.remove("timestamp").unwrap().as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(at).as_secs() < 3600, "{at}");
        let wanted = json!({
            "level": "WARN", "target": module_path!(), "odd": odd, "debug": format!("{odd:?}"), "whole": -3,
            "most": u64::MAX, "part": 0.25, "tiny": 1e-9, "yes": true, "none": null, "message": format!("it is {odd}"),
        });
        assert_eq!(Value::Object(line), wanted);
    }

    #[test]
    fn every_sign_arrives_as_it_was() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        let lines = logged(false, || tracing::info!(all));
        assert_eq!(lines[0]["all"], all.as_str());
    }

    #[test]
    fn each_sign_is_escaped_wherever_it_stands_or_not_at_all() {
        for sign in ('\0'..='\u{80}').chain(['ü', '\u{2028}', '🐢']) {
            for before in 0..34 {
                for after in [0, 1, 16] {
                    let text = format!("{}{sign}{}", "x".repeat(before), "y".repeat(after));
                    let mut json = Members::default();
                    json.push_string(&text);
                    assert_eq!(json.0, serde_json::to_vec(&text).unwrap(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn an_event_tells_of_the_innermost_span_with_what_was_recorded_later() {
        let lines = logged(true, || {
            let outer = tracing::info_span!("outer", hidden = 1);
            let _outer = outer.enter();
            let span = tracing::info_span!("inner", id = "a\"b", late = tracing::field::Empty);
            let _inner = span.enter();
            tracing::info!("before");
            span.record("late", 7);
            tracing::info!("after");
            let bare = tracing::info_span!("bare", late = tracing::field::Empty);
            tracing::info!(parent: &bare, "elsewhere");
            bare.record("late", true);
            tracing::info!(parent: &bare, "elsewhere");
        });
        let spans: Vec<&Value> = lines.iter().map(|line| &line["span"]).collect();
        let wanted = [
            json!({ "id": "a\"b", "name": "inner" }),
            json!({ "id": "a\"b", "late": 7, "name": "inner" }),
            json!({ "name": "bare" }),
            json!({ "late": true, "name": "bare" }),
        ];
        assert!(spans.iter().zip(&wanted).all(|(span, wanted)| *span == wanted), "{spans:?}");
        let name = std::thread::current().name().unwrap().to_owned();
        assert!(lines.iter().all(|line| line["threadName"] == name), "{lines:?}");
    }

    #[test]
    fn outside_of_a_span_there_is_none() {
        let lines = logged(false, || tracing::info!("alone"));
        assert_eq!(lines[0].get("span"), None);
        assert_eq!(lines[0]["message"], "alone");
    }
}
