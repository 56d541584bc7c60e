//! Parameters: what stands behind the question mark.

use crate::config::table;
use crate::config::url::foreign::{self, Translation};
use crate::config::url::percent::decode;
use crate::config::url::{Reader, Refusal};

/// Reads all parameters. `show_names`: whether an unknown name may be shown; a URL without user info may have
/// lost the end of its password here.
pub(super) fn read(reader: &mut Reader<'_>, query: &str, show_names: bool) {
    let mut session = Session { options: None, added: Vec::new() };
    let mut seen: Vec<String> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
        let (Ok(name), Ok(value)) = (decode(name.trim()), value.map(decode).transpose()) else {
            reader.refuse(&Refusal::new(
                "parameters",
                "their percent-encoding gives no UTF-8",
                "accepted: UTF-8",
            ));
            continue;
        };
        let name = name.text;
        let known = is_known(&name);
        let shown = if known || (show_names && is_plain(&name)) { name.as_str() } else { "(not shown)" };
        let part = format!("parameter {shown}");
        let Some(value) = value else {
            reader.refuse(&Refusal::new(
                part,
                "it has no value",
                "accepted: name=value, with & between pairs",
            ));
            continue;
        };
        if value.stray {
            reader.repair(&format!(
                "took a `%` in parameter {shown} literally; %25 is the safe way to write it"
            ));
        }
        if seen.contains(&name) {
            reader.repair(&format!("parameter {shown} stands there twice; the last one counts"));
        }
        seen.push(name.clone());
        if !known {
            let names = table::rows().filter_map(|row| row.parameter);
            let hint = table::suggestion(if show_names { &name } else { "" }, names);
            reader.refuse(&Refusal::new(part, "there is no such parameter", hint));
        } else if let Err(refusal) = one(reader, &mut session, &name, &value.text) {
            reader.refuse(&refusal);
        }
    }
    session.finish(reader);
}

/// Whether a parameter means something to us.
pub(super) fn is_known(name: &str) -> bool {
    table::by_parameter(name).is_some()
        || foreign::by_name(name).is_some()
        || setting_in_brackets(name).is_some()
}

/// The session's start-up options, which several parameters add to.
struct Session {
    options: Option<(String, String)>,
    added: Vec<(String, String)>,
}

impl Session {
    fn finish(self, reader: &mut Reader<'_>) {
        let name = self.options.iter().chain(&self.added).next().map(|(name, _)| name.clone());
        let Some(name) = name else { return };
        let texts: Vec<String> = self.options.into_iter().chain(self.added).map(|(_, text)| text).collect();
        reader.parameter("postgres.options", &name, texts.join(" "));
    }
}

fn one(reader: &mut Reader<'_>, session: &mut Session, name: &str, value: &str) -> Result<(), Refusal> {
    if name == "options" {
        session.options = Some((name.to_owned(), value.to_owned()));
        return Ok(());
    }
    if let Some(setting) = setting_in_brackets(name) {
        session.added.push((name.to_owned(), foreign::session_option(setting, value)));
        return Ok(());
    }
    if name == "sslmode" && value.trim() == "no-verify" {
        // node-postgres: TLS without a look at the certificate, which is what libpq calls `require`.
        reader.repair("read sslmode=no-verify as sslmode=require");
        reader.parameter("postgres.sslmode", name, "require".to_owned());
        return Ok(());
    }
    if let Some(row) = table::by_parameter(name) {
        reader.parameter(row.name, name, value.to_owned());
        return Ok(());
    }
    let Some(foreign) = foreign::by_name(name) else {
        return Ok(());
    };
    let translation = (foreign.read)(value.trim()).map_err(|problem| {
        Refusal::new(format!("parameter {name}"), problem, format!("accepted: {}", foreign.accepted))
    })?;
    match translation {
        Translation::Set(pairs) => {
            let mut words = Vec::new();
            for (option, text) in pairs {
                words.push(option);
                reader.parameter(option, name, text);
            }
            reader.repair(&format!("translated parameter {name} ({}) to {}", foreign.from, words.join(", ")));
        }
        Translation::Session(option) => {
            session.added.push((name.to_owned(), option));
            reader.repair(&format!("translated parameter {name} ({}) to postgres.options", foreign.from));
        }
        Translation::Nothing => {
            reader.repair(&format!("left out parameter {name} ({}): {}", foreign.from, foreign.meaning));
        }
    }
    Ok(())
}

/// `options[name]=value`, sqlx's way to give one setting of the session.
fn setting_in_brackets(name: &str) -> Option<&str> {
    let setting = name.strip_prefix("options[")?.strip_suffix(']')?;
    is_plain(setting).then_some(setting)
}

/// Whether a text is made like a parameter's name.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']'))
}
