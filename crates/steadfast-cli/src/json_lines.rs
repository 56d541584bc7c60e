//! Events as lines of JSON.
//!
//! The same lines as those of `tracing-subscriber`'s own formatter, which reads the fields of a span back from their text
//! for every event in it, by way of a map of allocated values: a third of all instructions of a request went there.

use std::fmt::{self, Debug};

use jiff::Timestamp;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as one line: its own fields, and under `span` those of the span that it happened in.
#[derive(Debug)]
pub(crate) struct JsonLines {
    /// Tells which thread it was.
    pub(crate) names: bool,
}

/// Keeps a span's fields as the members of a JSON object, without its braces.
#[derive(Debug)]
pub(crate) struct JsonMembers;

impl<S> FormatEvent<S, JsonMembers> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonMembers>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut line = Members::new();
        line.add("timestamp", &format_args!("{:.6}", Timestamp::now()));
        line.add("level", metadata.level().as_str());
        event.record(&mut line);
        line.add("target", metadata.target());
        let span = event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current());
        if let Some(span) = span {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonMembers>>();
            let mut members = Members::of(fields.map_or("", |fields| fields.fields.as_str()));
            members.add("name", span.name());
            line.add_object("span", &members);
        }
        if self.names {
            let thread = std::thread::current();
            match thread.name() {
                Some(name) => line.add("threadName", name),
                None => line.add("threadName", &format_args!("{:?}", thread.id())),
            }
        }
        writer.write_char('{')?;
        writer.write_str(line.text()?)?;
        writer.write_str("}\n")
    }
}

impl<'writer> FormatFields<'writer> for JsonMembers {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::new();
        fields.record(&mut members);
        writer.write_str(members.text()?)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut members = Members::of(&current.fields);
        fields.record(&mut members);
        members.text()?.clone_into(&mut current.fields);
        Ok(())
    }
}

/// The members of a JSON object.
struct Members(Vec<u8>);

/// More than most lines have.
const ROOM: usize = 512;

impl Members {
    fn new() -> Self {
        Self::of("")
    }

    fn of(members: &str) -> Self {
        let mut text = Vec::with_capacity(ROOM);
        text.extend_from_slice(members.as_bytes());
        Self(text)
    }

    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.begin(name);
        let before = self.0.len();
        // Memory takes everything, and all that is logged are numbers and text.
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
            self.0.extend_from_slice(b"null");
        }
    }

    fn add_object(&mut self, name: &str, members: &Self) {
        self.begin(name);
        self.0.push(b'{');
        self.0.extend_from_slice(&members.0);
        self.0.push(b'}');
    }

    /// A member's name, which is one of the program's own and needs no escapes but in theory.
    fn begin(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        drop(serde_json::to_writer(&mut self.0, name));
        self.0.push(b':');
    }

    fn text(&self) -> Result<&str, fmt::Error> {
        str::from_utf8(&self.0).map_err(|_not_text| fmt::Error)
    }
}

impl Visit for Members {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), &format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::*;

    /// What is logged by this, as parsed lines.
    fn logged(names: bool, work: impl FnOnce()) -> Vec<Value> {
        let (read, write) = io::pipe().unwrap();
        let log = tracing_subscriber::fmt()
            .fmt_fields(JsonMembers)
            .event_format(JsonLines { names })
            .with_writer(Mutex::new(write))
            .finish();
        tracing::subscriber::with_default(log, work);
        let text = io::read_to_string(read).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_line_with_its_fields_beside_the_rest() {
        let odd = "a \"quote\", a \\, a\nline and ü";
        let lines = logged(false, || {
            tracing::warn!(odd, debug = ?odd, whole = -3_i64, part = 0.25, yes = true, none = f64::NAN, "it is {}", odd);
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let mut line = line.as_object().unwrap().clone();
        let at: Timestamp = line.remove("timestamp").unwrap().as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(at).as_secs() < 3600, "{at}");
        let wanted = json!({
            "level": "WARN", "target": module_path!(), "odd": odd, "debug": format!("{odd:?}"), "whole": -3,
            "part": 0.25, "yes": true, "none": null, "message": format!("it is {odd}"),
        });
        assert_eq!(Value::Object(line), wanted);
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
            let bare = tracing::info_span!("bare");
            tracing::info!(parent: &bare, "elsewhere");
        });
        let spans: Vec<&Value> = lines.iter().map(|line| &line["span"]).collect();
        assert_eq!(*spans[0], json!({ "id": "a\"b", "name": "inner" }));
        assert_eq!(*spans[1], json!({ "id": "a\"b", "late": 7, "name": "inner" }));
        assert_eq!(*spans[2], json!({ "name": "bare" }));
        let name = std::thread::current().name().unwrap().to_owned();
        assert!(lines.iter().all(|line| line["threadName"] == name), "{lines:?}");
    }
}
