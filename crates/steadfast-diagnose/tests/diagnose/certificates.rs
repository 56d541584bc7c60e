//! The certificates that servers show to `diagnose`, kept below the target directory.

use std::path::Path;
use std::sync::LazyLock;

use steadfast_test::Certificates;

/// An authority (`ca`), and leaves: proper, expired, about to expire, made out to another name, marked as an authority.
pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    Certificates::kept(Path::new(env!("CARGO_TARGET_TMPDIR")).join("diagnose-certificates-2"), |made| {
        made.authority("ca");
        for (leaf, name, days) in [
            ("proper", "localhost", 3650),
            ("expired", "localhost", -1),
            ("soon", "localhost", 5),
            ("other", "db.example", 3650),
        ] {
            made.signed("ca", leaf, name, days, &format!("subjectAltName=DNS:{name}"));
        }
        made.marked_as_authority("marked");
    })
});

/// A certificate's pin, as it is written in a URL.
pub(crate) fn pin(file: &str) -> String {
    CERTIFICATES.pin(file).iter().map(|byte| format!("{byte:02x}")).collect()
}
