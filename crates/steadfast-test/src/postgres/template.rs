//! A data directory that is made once and copied for each server: a copy takes a tenth of an `initdb`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::account::Account;
use super::binaries::Binaries;
use crate::error::Error;
use crate::workspace;

/// Raise it when what is made here changes.
const FORMAT: u32 = 1;

/// What every server has beside what `initdb` makes: an ordinary role with a database of its own, so that
/// tests do not run as superuser by accident. One statement a line, as single-user mode wants it.
const ROLE_AND_DATABASE: &str = "CREATE ROLE steadfast LOGIN;\nCREATE DATABASE steadfast OWNER steadfast;\n";

/// Copies the template to `target`, making the template first when it is missing.
pub(crate) async fn copy_to(binaries: &Binaries, account: Account, target: &Path) -> Result<(), Error> {
    let template = ready(binaries, account).await?;
    let mut copy = Command::new("cp");
    if cfg!(target_os = "linux") {
        copy.arg("--reflink=auto");
    }
    copy.arg("-a").arg(&template).arg(target);
    run(&mut copy, account, "").await
}

/// Runs a command to its end; what it printed is the error when it fails.
pub(crate) async fn run(command: &mut Command, account: Account, input: &str) -> Result<(), Error> {
    account.prepare(command);
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let failed = |cause| Error::system(format_args!("running {name}"), cause);
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading its input says why on its own.
        let _unread = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Error::new(format!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&said).trim())))
}

/// The template's directory. Tests of many processes come here at once; a lock lets one of them make it.
async fn ready(binaries: &Binaries, account: Account) -> Result<PathBuf, Error> {
    let shared = workspace::shared()?;
    let version: String =
        binaries.version().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let template = shared.join(format!("template-{FORMAT}-{version}"));
    if template.join("data").is_dir() {
        return Ok(template.join("data"));
    }
    let lock = shared.join("template.lock");
    let waiting = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).append(true).open(lock)?;
        file.lock().map(|()| file)
    });
    let failed = |cause: &dyn std::fmt::Display| Error::system("locking the template directory", cause);
    let _locked = waiting.await.map_err(|cause| failed(&cause))?.map_err(|cause| failed(&cause))?;
    if !template.join("data").is_dir() {
        make(binaries, account, &template).await?;
    }
    Ok(template.join("data"))
}

async fn make(binaries: &Binaries, account: Account, template: &Path) -> Result<(), Error> {
    match std::fs::create_dir(template) {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::system(format_args!("creating {}", template.display()), cause));
        }
        Ok(()) | Err(_) => account.own(template)?,
    }
    let unfinished = template.join("unfinished");
    if unfinished.is_dir() {
        std::fs::remove_dir_all(&unfinished)
            .map_err(|cause| Error::system(format_args!("removing {}", unfinished.display()), cause))?;
    }
    let mut initdb = Command::new(binaries.program("initdb"));
    initdb.arg("--pgdata").arg(&unfinished);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
    initdb.args(["--wal-segsize=1", "--no-sync"]);
    run(&mut initdb, account, "").await?;
    let mut single = Command::new(binaries.program("postgres"));
    single.args(["--single", "-F", "-D"]).arg(&unfinished).arg("template1");
    run(&mut single, account, ROLE_AND_DATABASE).await?;
    // The rename is what makes it count: nobody ever sees a half-made template.
    std::fs::rename(&unfinished, template.join("data"))
        .map_err(|cause| Error::system(format_args!("finishing {}", template.display()), cause))
}
