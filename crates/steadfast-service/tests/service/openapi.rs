//! The document itself; that answers fit it is checked with every answer that any test sees.

use std::collections::BTreeSet;

use crate::support::Service;
use crate::support::document::{document, resolve};
use serde_json::Value;
use steadfast_service::ProblemKind;

#[tokio::test]
async fn it_is_served_as_it_was_written() {
    let service = Service::start(|_| ()).await;
    let answer = service.client().get("/openapi.json").await;
    assert_eq!(answer.body(), *document());
    service.end().await;
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &'static Value) {
        if value.get("$ref").is_some() {
            resolve(value);
        }
        value.as_object().into_iter().flat_map(|object| object.values()).for_each(walk);
        value.as_array().into_iter().flatten().for_each(walk);
    }
    walk(document());
}

#[test]
fn every_kind_of_problem_is_explained_in_it() {
    let text = document()["components"]["responses"].to_string();
    for kind in ProblemKind::ALL {
        assert!(text.contains(&format!("/problems/{}", kind.name())), "{}", kind.name());
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_expects_the_worst() {
    let mut names = BTreeSet::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("500"), "{method} {path}");
            if path.starts_with("/api/v1/users") {
                assert!(responses.contains_key("503") && responses.contains_key("504"), "{method} {path}");
            }
        }
    }
    assert!(names.len() >= 9, "{names:?}");
}

#[tokio::test]
async fn the_type_of_every_problem_can_be_opened() {
    let service = Service::start(|_| ()).await;
    for kind in ProblemKind::ALL {
        let answer = service.client().get(&format!("/problems/{}", kind.name())).await;
        assert_eq!(answer.body()["status"], kind.status().as_u16());
    }
    service.end().await;
}
