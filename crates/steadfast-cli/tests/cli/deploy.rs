//! The files in `deploy/` and the guide name only what there is, and their figures fit together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files() -> Vec<(String, String)> {
    let deploy = root().join("deploy");
    let paths = [
        "railway.toml",
        "render.yaml",
        "fly.toml",
        "heroku/Procfile",
        "kubernetes.yaml",
        "steadfast.service",
        "steadfast.socket",
    ];
    let mut files: Vec<_> =
        ["Dockerfile", "README.md"].iter().chain(&paths).map(|name| deploy.join(name)).collect();
    files.push(root().join("docs/workers.md"));
    files
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_variable_that_is_named_exists() {
    let reference = Place::new().run(&["config", "--reference"], &[]).out();
    let known: BTreeSet<_> = names(&reference);
    for (path, text) in files() {
        let unknown: Vec<_> = names(&text).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{path} names {unknown:?}");
    }
}

/// Everything that looks like one of our variables.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.split(|c| !is_name(c)).filter(|word| word.starts_with("STEADFAST_")).map(str::to_owned).collect()
}

#[test]
fn every_platform_waits_longer_than_the_drain_takes() {
    let (drain, margin) = (25, 4);
    let figure = |file: &str, key: &str| -> u64 {
        let text = std::fs::read_to_string(root().join("deploy").join(file)).unwrap();
        let (_, rest) = text.split_once(key).unwrap_or_else(|| panic!("{file} has no {key}"));
        let digits: String =
            rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    assert!(figure("railway.toml", "drainingSeconds") > drain + margin);
    assert!(figure("render.yaml", "maxShutdownDelaySeconds") > drain + margin);
    assert!(figure("fly.toml", "kill_timeout") > drain + margin);
    assert!(figure("steadfast.service", "TimeoutStopSec") > drain + margin);
    let delay = figure("kubernetes.yaml", "STEADFAST_DRAIN_DELAY, value");
    assert_eq!(delay, 5);
    assert!(figure("kubernetes.yaml", "terminationGracePeriodSeconds") > delay + drain + margin);
}
