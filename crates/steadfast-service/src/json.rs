//! The body of a request: one JSON object, read within limits.

use std::fmt;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use steadfast::time::{Duration, Instant, timeout, timeout_at};

use crate::app::App;
use crate::deadline::Deadline;
use crate::problem::{Problem, ProblemKind};

/// The fields of a JSON object in the order in which they came. A name that came twice is here twice, so
/// that it can be refused: picking one of them is how two programs read the same body differently.
#[derive(Debug, PartialEq)]
pub(crate) struct JsonObject(pub(crate) Vec<(String, Value)>);

impl FromRequest<App> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let settings = app.settings();
        check_type(request.headers())?;
        let limit = settings.body_limit_bytes;
        let (parts, body) = request.into_parts();
        if declared_length(&parts.headers).is_some_and(|length| length > limit as u64) {
            if !parts.headers.contains_key(EXPECT) {
                discard(body).await;
            }
            return Err(too_large(limit));
        }
        let until = body_deadline(&parts, settings.body_timeout);
        let bytes = timeout_at(until, read(body, limit)).await.map_err(|_elapsed| {
            Problem::new(
                ProblemKind::RequestIncomplete,
                "Parts of the body were missing when its time was over.",
            )
        })??;
        parse(&bytes)
    }
}

/// The body's own time, and never so long that the request is cut off in the middle of its body: an answer to
/// a body that never came can say for certain that nothing was changed.
fn body_deadline(parts: &Parts, limit: Duration) -> Instant {
    let own = Instant::now() + limit;
    parts.extensions.get::<Deadline>().map_or(own, |deadline| own.min(deadline.database()))
}

/// Accepts `application/json` and what is built on it (`application/merge-patch+json`), in UTF-8.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    let identity = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(|value| !identity(value)) {
        return refuse("The body is compressed.");
    }
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return refuse("The request has no Content-Type.");
    };
    let Ok(text) = value.to_str() else {
        return refuse("The Content-Type is not readable.");
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        return refuse("The Content-Type is another one.");
    }
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return refuse("JSON is always UTF-8, and the Content-Type names another charset.");
        }
    }
    Ok(())
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut read = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        // The client is gone or breaks the protocol; it will hardly read the answer.
        let chunk = chunk.map_err(|error| {
            tracing::debug!(%error, "the body of a request ended early");
            Problem::new(ProblemKind::RequestIncomplete, "The body ended before it was complete.")
        })?;
        if read.len() + chunk.len() > limit {
            drop(read);
            discard(Body::from_stream(chunks)).await;
            return Err(too_large(limit));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(ProblemKind::BodyTooLarge, format!("The body is larger than {limit} bytes."))
}

/// Reads on for a while without keeping anything. A connection that is closed while the client still sends
/// is reset, and the reset can overtake the answer; a client that has sent everything always reads it.
async fn discard(body: Body) {
    let drain = async {
        let mut chunks = body.into_data_stream();
        let mut left = DISCARD_LIMIT;
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Either way there is nothing more to do than to answer.
    drop(timeout(DISCARD_TIMEOUT, drain).await);
}

const DISCARD_LIMIT: usize = 8 * 1024 * 1024;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

fn parse(bytes: &[u8]) -> Result<JsonObject, Problem> {
    let refuse = |detail: String| Problem::new(ProblemKind::MalformedJson, detail);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(refuse("The body is empty.".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => refuse("The body is JSON, but not an object in braces.".to_owned()),
        // The parser's words name what it expected and where, and repeat nothing of the body.
        Category::Syntax | Category::Eof | Category::Io => refuse(format!("The body is not JSON: {error}.")),
    })
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = JsonObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(JsonObject(fields))
    }
}

#[cfg(test)]
mod tests;
