//! Every crate obeys the workspace's lints, and depends only on crates below it.

use crate::finding::Finding;
use crate::project::{File, Project};

/// From the bottom up. A crate of this list depends only on crates before it.
const ORDER: &[&str] = &[
    "steadfast-wire",
    "steadfast-explain",
    "steadfast",
    "steadfast-diagnose",
    "steadfast-supervisor",
    "steadfast-service",
    "steadfast-cli",
];
/// What nothing that is shipped may depend on.
const FOR_TESTS: &[&str] = &["steadfast-test", "xtask"];

pub(crate) fn check(project: &Project) -> Vec<Finding> {
    let manifests = project.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests.flat_map(|manifest| lints(manifest).into_iter().chain(layers(manifest))).collect()
}

/// The lines of one section, with their numbers.
fn section<'a>(manifest: &'a File, name: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let mut inside = false;
    manifest.text.lines().enumerate().filter_map(move |(index, line)| {
        if line.starts_with('[') {
            inside = line.trim() == format!("[{name}]");
            return None;
        }
        inside.then_some((index + 1, line.trim()))
    })
}

fn lints(manifest: &File) -> Option<Finding> {
    let inherits = section(manifest, "lints").any(|(_, line)| line.replace(' ', "") == "workspace=true");
    let is_workspace = manifest.text.lines().any(|line| line.trim() == "[workspace]");
    (!inherits && !is_workspace)
        .then(|| Finding::error(&manifest.path, 1, "lints", "add [lints] with workspace = true"))
}

fn layers(manifest: &File) -> Vec<Finding> {
    let name =
        section(manifest, "package").find_map(|(_, line)| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let place = name.and_then(|name| ORDER.iter().position(|known| *known == name));
    let Some((name, place)) = name.zip(place) else {
        return Vec::new();
    };
    let allowed = ORDER.get(..place).unwrap_or_default();
    let dependencies = section(manifest, "dependencies").filter_map(|(line, text)| {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'))?;
        Some((line, text.get(..end)?))
    });
    dependencies
        .filter(|(_, on)| (ORDER.contains(on) || FOR_TESTS.contains(on)) && !allowed.contains(on))
        .map(|(line, on)| {
            let remedy = format!("{name} stands below {on} and must not depend on it");
            Finding::error(&manifest.path, line, "crate-layers", remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(manifest: &str) -> Vec<&'static str> {
        check(&Project::of(&[("crates/a/Cargo.toml", manifest)])).iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn lints_are_inherited() {
        assert_eq!(rules("[package]\nname = \"a\"\n[lints]\nworkspace = true\n"), [""; 0]);
        assert_eq!(rules("[package]\nname = \"a\"\n"), ["lints"]);
        assert_eq!(rules("[package]\nname = \"a\"\n[lints.rust]\nunsafe_code = \"allow\"\n"), ["lints"]);
        assert_eq!(rules("[package]\nname = \"bench\"\n[workspace]\n"), [""; 0]);
    }

    #[test]
    fn a_crate_depends_on_what_is_below_it() {
        let manifest = |name: &str, section: &str, on: &str| {
            format!(
                "[package]\nname = \"{name}\"\n[{section}]\n{on}.workspace = true\n[lints]\nworkspace = true\n"
            )
        };
        assert_eq!(rules(&manifest("steadfast", "dependencies", "steadfast-wire")), [""; 0]);
        assert_eq!(rules(&manifest("steadfast-wire", "dependencies", "steadfast")), ["crate-layers"]);
        assert_eq!(rules(&manifest("steadfast", "dependencies", "steadfast-test")), ["crate-layers"]);
        assert_eq!(rules(&manifest("steadfast", "dev-dependencies", "steadfast-test")), [""; 0]);
    }
}
