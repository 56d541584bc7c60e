//! Certificates for servers under test, made by `openssl`, as an operator would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, must};

/// A directory of certificates and keys: `name.crt` and `name.key` of each.
#[derive(Debug)]
pub struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    /// Those in this directory, which is made and filled when it is not there yet. Several processes may want them
    /// at the same time: each makes its own, and the first to be done puts them in place.
    ///
    /// # Panics
    /// When the directory cannot be written, or `fill` panics.
    pub fn kept(directory: impl Into<PathBuf>, fill: impl FnOnce(&Self)) -> Self {
        let directory = directory.into();
        if !directory.exists() {
            let own = Self { directory: directory.with_extension(std::process::id().to_string()) };
            must(made(&own.directory));
            fill(&own);
            if fs::rename(&own.directory, &directory).is_err() {
                must(removed(&own.directory));
            }
        }
        Self { directory }
    }

    /// Makes an authority that signed itself.
    ///
    /// # Panics
    /// When `openssl` is missing or refuses.
    pub fn authority(&self, name: &str) {
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN={name} -keyout {name}.key -out {name}.crt"
        ));
    }

    /// Makes a certificate for `localhost` that signed itself and is marked as an authority, as many a guide has it.
    ///
    /// # Panics
    /// As [`authority`](Self::authority).
    pub fn marked_as_authority(&self, file: &str) {
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext basicConstraints=critical,CA:TRUE \
             -addext subjectAltName=DNS:localhost -keyout {file}.key -out {file}.crt"
        ));
    }

    /// Makes a certificate signed by `authority`, made out to this common name, valid for so many days (negative:
    /// expired), with extensions as `openssl` writes them (`subjectAltName=DNS:localhost`).
    ///
    /// # Panics
    /// As [`authority`](Self::authority).
    pub fn signed(&self, authority: &str, file: &str, common_name: &str, days: i32, extensions: &str) {
        let path = self.directory.join(format!("{file}.ext"));
        must(
            fs::write(&path, extensions)
                .map_err(|cause| Error::system(format_args!("writing {}", path.display()), cause)),
        );
        self.openssl(&format!(
            "req -newkey rsa:2048 -nodes -subj /CN={common_name} -keyout {file}.key -out {file}.csr"
        ));
        self.openssl(&format!(
            "x509 -req -in {file}.csr -CA {authority}.crt -CAkey {authority}.key -CAcreateserial -days {days} \
             -extfile {file}.ext -out {file}.crt"
        ));
    }

    /// Where a file of them is.
    #[must_use]
    pub fn path(&self, file: &str) -> String {
        self.directory.join(file).display().to_string()
    }

    /// What a file of them holds.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    pub fn text(&self, file: &str) -> String {
        let path = self.directory.join(file);
        must(
            fs::read_to_string(&path)
                .map_err(|cause| Error::system(format_args!("reading {}", path.display()), cause)),
        )
    }

    /// SHA-256 of the public key of a certificate, as an operator would compute it.
    ///
    /// # Panics
    /// When `openssl` is missing, or there is no such certificate.
    #[must_use]
    pub fn pin(&self, file: &str) -> [u8; 32] {
        let script = format!(
            "openssl x509 -in {file} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary"
        );
        let hash = self.run(Command::new("sh").args(["-c", &script]), &script);
        must(hash.try_into().map_err(|_other: Vec<u8>| Error::new(format!("no hash came out of {script}"))))
    }

    fn openssl(&self, arguments: &str) {
        let words = arguments.split_whitespace();
        self.run(Command::new("openssl").args(words), arguments);
    }

    fn run(&self, command: &mut Command, what: &str) -> Vec<u8> {
        let output = command
            .current_dir(&self.directory)
            .output()
            .map_err(|cause| Error::system(format_args!("running openssl {what}"), cause));
        let output = must(output);
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            must(Err(Error::new(format!("openssl {what}: {words}"))))
        }
        output.stdout
    }
}

fn made(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory)
        .map_err(|cause| Error::system(format_args!("creating {}", directory.display()), cause))
}

fn removed(directory: &Path) -> Result<(), Error> {
    fs::remove_dir_all(directory)
        .map_err(|cause| Error::system(format_args!("removing {}", directory.display()), cause))
}
