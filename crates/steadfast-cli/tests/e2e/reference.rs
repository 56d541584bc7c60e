//! The documented options are the ones there are.

use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

#[test]
fn the_reference_in_the_documentation_is_the_one_that_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_steadfast"))
        .args(["config", "--reference"])
        .env_clear()
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("text");
    let documented = std::fs::read_to_string(FILE).expect("docs/configuration.md");
    assert!(
        printed == documented,
        "docs/configuration.md is out of date; write it anew: \
         scripts/render-docs"
    );
}
