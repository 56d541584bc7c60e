//! What clients were told, held against what is stored.

use std::collections::BTreeMap;

use steadfast_test::Postgres;

use super::load::{Record, Shot, What};

/// Checks the whole record of a load on a database that nobody else has written to: nothing acknowledged is
/// lost, nothing refused is stored, nothing was applied twice, and nothing is there that nobody asked for.
pub async fn check(postgres: &Postgres, record: &Record) {
    let mut rows = BTreeMap::new();
    for line in postgres.psql("SELECT id, username FROM users").await.lines() {
        let (id, name) = line.split_once('|').unwrap();
        rows.insert(id.parse::<usize>().unwrap(), name.to_owned());
    }
    let ids: BTreeMap<&str, usize> = rows.iter().map(|(id, name)| (name.as_str(), *id)).collect();
    let mut wrong = Vec::new();
    let mut asked_for = 0;
    for shot in &record.shots {
        let status = shot.answer.as_ref().map_or(0, |answer| answer.status);
        // Each name is used once and each user deleted once: only a change that was applied before can
        // be in the way.
        if status == 409 || status == 404 {
            wrong.push(format!("applied twice: {shot:?}"));
        }
        let stored = match &shot.what {
            What::Read(_) | What::List => continue,
            What::Create(token) => {
                asked_for += usize::from(ids.contains_key(token.as_str()));
                let given =
                    shot.answer.as_ref().ok().filter(|_| shot.is_good()).map(|a| a.body()["id"].as_u64());
                match (ids.get(token.as_str()), given) {
                    (Some(id), Some(told)) => told == Some(*id as u64),
                    (found, _) => found.is_some(),
                }
            }
            What::Change(id, token) => rows.get(id) == Some(token),
            What::Delete(id) => !rows.contains_key(id),
        };
        wrong.extend(verdict(shot, stored));
    }
    let foreign =
        rows.values().filter(|name| !name.starts_with("seed-") && !name.starts_with("token-")).count();
    let created = rows.keys().filter(|id| **id > super::load::SEEDED).count();
    assert_eq!((foreign, created), (0, asked_for), "rows that nobody asked for");
    assert!(wrong.is_empty(), "{} entries are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn verdict(shot: &Shot, stored: bool) -> Option<String> {
    match (&shot.answer, stored) {
        (Ok(_), false) if shot.is_good() => Some(format!("lost: {shot:?}")),
        (Ok(_), true) if !shot.is_good() && !shot.is_unknown() => Some(format!("phantom: {shot:?}")),
        // Without an answer both may be; with "unknown" as well.
        _ => None,
    }
}
