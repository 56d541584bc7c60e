//! Events as lines of JSON.
//!
//! A request's line was more than a third of what a request costs outside of the database: the formatters that there are make
//! values of a span's fields, or text that they read back, and a map of them for each line (`docs/performance.md`). Here a span's
//! fields are written once, as they stand in the line, and an event's go straight into it.

use std::fmt::{self, Debug, Write};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as one line: its own fields, and under `span` those of the innermost span that it happened in.
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
        let mut line = Members::default();
        line.add_shown("timestamp", format_args!("{:.6}", Timestamp::now()));
        line.add("level", metadata.level().as_str());
        event.record(&mut line);
        line.add("target", metadata.target());
        let span = event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current());
        if let Some(span) = span {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonMembers>>();
            line.add_object("span", fields.map_or("", |fields| &fields.fields), span.name());
        }
        if self.names {
            let thread = std::thread::current();
            match thread.name() {
                Some(name) => line.add("threadName", name),
                None => line.add_shown("threadName", format_args!("{:?}", thread.id())),
            }
        }
        writeln!(writer, "{{{}}}", line.0)
    }
}

impl<'writer> FormatFields<'writer> for JsonMembers {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::default();
        fields.record(&mut members);
        writer.write_str(&members.0)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut members = Members(std::mem::take(&mut current.fields));
        fields.record(&mut members);
        current.fields = members.0;
        Ok(())
    }
}

/// The members of a JSON object, one behind the other.
struct Members(String);

/// More than most lines have.
const ROOM: usize = 512;

impl Default for Members {
    fn default() -> Self {
        Self(String::with_capacity(ROOM))
    }
}

impl Members {
    /// A member whose value is this text.
    fn add(&mut self, name: &str, text: &str) {
        self.begin(name);
        self.0.push('"');
        push_escaped(&mut self.0, text);
        self.0.push('"');
    }

    /// A member whose value is how this shows itself.
    fn add_shown(&mut self, name: &str, value: impl fmt::Display) {
        self.begin(name);
        self.0.push('"');
        self.write(value);
        self.0.push('"');
    }

    /// A member whose value is a number or the like, and stands as it is.
    fn add_bare(&mut self, name: &str, value: impl Debug) {
        self.begin(name);
        self.write(format_args!("{value:?}"));
    }

    /// A member whose value is an object with these members, and one more for its name.
    fn add_object(&mut self, member: &str, members: &str, name: &str) {
        self.begin(member);
        self.0.push('{');
        self.0.push_str(members);
        self.add("name", name);
        self.0.push('}');
    }

    fn begin(&mut self, name: &str) {
        if !self.0.is_empty() && !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.0.push('"');
        push_escaped(&mut self.0, name);
        self.0.push_str("\":");
    }

    fn write(&mut self, value: impl fmt::Display) {
        // Memory takes everything. A value that cannot be told is told as far as it went.
        let _told = write!(Escaped(&mut self.0), "{value}");
    }
}

impl Visit for Members {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no others.
        if value.is_finite() {
            self.add_bare(field.name(), value);
        } else {
            self.add_bare(field.name(), format_args!("null"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add_bare(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_bare(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add_bare(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add_shown(field.name(), format_args!("{value:?}"));
    }
}

/// Writes text as it may stand between the quotes of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// RFC 8259, 7: quotation marks, backslashes and control characters are escaped, and nothing else need be.
fn push_escaped(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        return out.push_str(text);
    }
    // Seldom. Of text this cannot fail.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    out.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
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
