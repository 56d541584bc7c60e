//! Certificates, made by `openssl` once and kept below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Where they are.
pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::make);

/// An authority, and leaves: proper, expired, about to expire, made out to another name, marked as an authority.
#[derive(Debug)]
pub(crate) struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    fn make() -> Self {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diagnose-certificates-1");
        if !kept.exists() {
            let own = kept.with_extension(std::process::id().to_string());
            fs::create_dir_all(&own).unwrap();
            Self { directory: own.clone() }.fill();
            // Several processes may want them at the same time: the first to be done puts them in place.
            if fs::rename(&own, &kept).is_err() {
                fs::remove_dir_all(&own).unwrap();
            }
        }
        Self { directory: kept }
    }

    fn fill(&self) {
        self.openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=authority -keyout ca.key -out ca.crt",
        );
        for (leaf, name, days) in [
            ("proper", "localhost", 3650),
            ("expired", "localhost", -1),
            ("soon", "localhost", 5),
            ("other", "db.example", 3650),
        ] {
            fs::write(self.directory.join(format!("{leaf}.ext")), format!("subjectAltName=DNS:{name}"))
                .unwrap();
            self.openssl(&format!(
                "req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {leaf}.key -out {leaf}.csr"
            ));
            self.openssl(&format!(
                "x509 -req -in {leaf}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days {days} -extfile {leaf}.ext -out {leaf}.crt"
            ));
        }
        self.openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext basicConstraints=critical,CA:TRUE \
             -addext subjectAltName=DNS:localhost -keyout marked.key -out marked.crt",
        );
    }

    fn openssl(&self, arguments: &str) {
        let arguments = arguments.split(' ').filter(|argument| !argument.is_empty());
        let output = Command::new("openssl").args(arguments).current_dir(&self.directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap()
    }

    /// As an operator would compute it.
    pub(crate) fn pin(&self, name: &str) -> String {
        let script = format!(
            "openssl x509 -in {name} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -r | cut -c1-64"
        );
        let output = Command::new("sh").args(["-c", &script]).current_dir(&self.directory).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
