//! The published OpenAPI document, as the judge of every answer that a test sees.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};
use steadfast_service::openapi;

use super::Answer;

/// Holds an answer against the document: method and status are described for this address, the headers that
/// it promises are there, the media type is one of those described, and the body fits its schema.
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or(path);
    let Some(response) = described(method, path, answer.status) else {
        panic!("{method} {path} may not answer {}, says /openapi.json", answer.status);
    };
    let context = format!("{method} {path} {answer:?}");
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let header = resolve(header);
        if header["required"] == true {
            assert!(answer.header(&name.to_ascii_lowercase()).is_some(), "{name} is missing: {context}");
        }
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{context}");
        return;
    };
    if method == "HEAD" {
        assert_eq!(answer.text, "", "{context}");
        return;
    }
    let media = answer.header("content-type").unwrap_or_else(|| panic!("no Content-Type: {context}"));
    let schema =
        &content.get(media).unwrap_or_else(|| panic!("{media} is not described: {context}"))["schema"];
    let body = if media.starts_with("text/") { Value::from(answer.text.as_str()) } else { answer.body() };
    if let Err(error) = validator(schema).validate(&body) {
        panic!("{error} at {}: {context}", error.instance_path);
    }
    if media == "application/problem+json" {
        assert_eq!(body["status"], answer.status, "{context}");
        assert_eq!(body["instance"].as_str(), answer.header("x-request-id"), "{context}");
    }
}

/// Whatever is not described has the answers that every address has: 404 for none, 405 for another method.
fn described(method: &str, path: &str, status: u16) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (mut parts, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (parts.next(), given.next()) {
                (None, None) => return true,
                (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let exact = paths.get(path);
    let Some(item) =
        exact.or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, item)| item))
    else {
        return (status == 404).then(|| component("NotFound"));
    };
    let described_method = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
    match item.get(described_method) {
        None => (status == 405).then(|| component("WrongMethod")),
        Some(operation) => operation["responses"].get(status.to_string()).map(resolve),
    }
}

pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(openapi::DOCUMENT).unwrap())
}

fn component(name: &str) -> &'static Value {
    &document()["components"]["responses"][name]
}

/// Follows a reference within the document.
pub(crate) fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let found = document().pointer(reference.trim_start_matches('#'));
            resolve(found.unwrap_or_else(|| panic!("{reference} leads nowhere")))
        }
        None => value,
    }
}

/// A validator for a schema of the document; building one is slow, so each is kept.
fn validator(schema: &'static Value) -> &'static jsonschema::Validator {
    static KEPT: OnceLock<parking_lot::Mutex<BTreeMap<String, &'static jsonschema::Validator>>> =
        OnceLock::new();
    let mut kept = KEPT.get_or_init(parking_lot::Mutex::default).lock();
    kept.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": document()["components"],
        });
        let built = jsonschema::options().should_validate_formats(true).build(&whole);
        Box::leak(Box::new(built.unwrap_or_else(|error| panic!("{error}"))))
    })
}
