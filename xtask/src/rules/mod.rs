//! The rules, a file each.

mod forgotten;
mod layers;
mod links;
mod manifests;
mod markers;
mod sizes;
mod words;

use crate::finding::Finding;
use crate::project::Project;

/// What every rule has to say.
pub(crate) fn all(project: &Project) -> Vec<Finding> {
    let rules: [fn(&Project) -> Vec<Finding>; 7] = [
        layers::check,
        manifests::check,
        sizes::check,
        forgotten::check,
        markers::check,
        words::check,
        links::check,
    ];
    rules.iter().flat_map(|rule| rule(project)).collect()
}
