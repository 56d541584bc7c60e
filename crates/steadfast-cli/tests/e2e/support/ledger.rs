//! What clients were told, held against what is stored.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_test::Postgres;

use super::load::{Record, SEEDED, Shot, What};

/// Checks the whole record of a load on a database that nobody else has written to: nothing acknowledged is
/// lost, nothing refused is stored, nothing was applied twice, and nothing is there that nobody asked for.
pub async fn check(postgres: &Postgres, record: &Record) {
    let mut rows = BTreeMap::new();
    for line in postgres.psql("SELECT id, username FROM users").await.lines() {
        let (id, name) = line.split_once('|').unwrap();
        rows.insert(id.parse::<usize>().unwrap(), name.to_owned());
    }
    let wrong = compare(&rows, record);
    assert!(wrong.is_empty(), "{} entries are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(rows: &BTreeMap<usize, String>, record: &Record) -> Vec<String> {
    let ids: BTreeMap<&str, usize> = rows.iter().map(|(id, name)| (name.as_str(), *id)).collect();
    let mut wrong = Vec::new();
    let mut asked_for = BTreeSet::new();
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
                asked_for.insert(token.as_str());
                let given = shot.answer.as_ref().ok().filter(|_| shot.is_good());
                let given = given.map(|answer| answer.body()["id"].as_u64());
                match (ids.get(token.as_str()), given) {
                    (Some(id), Some(told)) => told == Some(*id as u64),
                    (found, _) => found.is_some(),
                }
            }
            What::Change(id, token) => {
                asked_for.insert(token.as_str());
                rows.get(id) == Some(token)
            }
            What::Delete(id) => !rows.contains_key(id),
        };
        wrong.extend(verdict(shot, stored));
    }
    let unasked = rows.iter().filter(|(id, name)| {
        let is_seed = **name == format!("seed-{id}") && **id <= SEEDED;
        !is_seed && !asked_for.contains(name.as_str())
    });
    wrong.extend(unasked.map(|(id, name)| format!("nobody asked for: {id} {name}")));
    wrong
}

fn verdict(shot: &Shot, stored: bool) -> Option<String> {
    match (&shot.answer, stored) {
        (Ok(_), false) if shot.is_good() => Some(format!("lost: {shot:?}")),
        (Ok(_), true) if !shot.is_good() && !shot.is_unknown() => Some(format!("phantom: {shot:?}")),
        // Without an answer both may be; with "unknown" as well.
        _ => None,
    }
}

mod tests {
    use std::time::Duration;

    use super::super::client::Answer;
    use super::*;

    fn shot(what: What, status: u16, outcome: Option<&str>) -> Shot {
        let headers = outcome.map(|word| ("x-outcome".to_owned(), word.to_owned())).into_iter().collect();
        let answer = Ok(Answer { status, headers, text: r#"{"id":1000}"#.to_owned() });
        Shot { what, began: Duration::ZERO, ended: Duration::ZERO, answer }
    }

    /// What is found wrong, by its first word.
    fn found(rows: &[(usize, &str)], what: What, status: u16, outcome: Option<&str>) -> Vec<String> {
        let rows = rows.iter().map(|(id, name)| (*id, (*name).to_owned())).collect();
        let wrong = compare(&rows, &Record { shots: vec![shot(what, status, outcome)] });
        wrong.iter().map(|line| line.split([':', ' ']).next().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_ledger_finds_what_is_wrong_and_nothing_else() {
        let token = || What::Create("token".to_owned());
        let row: &[_] = &[(1000, "token")];
        assert!(found(row, token(), 201, None).is_empty());
        assert_eq!(found(&[], token(), 201, None), ["lost"]);
        assert_eq!(found(&[(1001, "token")], token(), 201, None), ["lost"], "another row than was told");
        assert!(found(&[], token(), 503, None).is_empty());
        assert_eq!(found(row, token(), 503, None), ["phantom"]);
        assert!(found(row, token(), 503, Some("unknown")).is_empty());
        assert!(found(&[], token(), 503, Some("unknown")).is_empty());
        assert_eq!(found(row, token(), 409, None), ["applied", "phantom"]);
        assert_eq!(found(&[(1000, "token"), (1001, "other")], token(), 201, None), ["nobody"]);
        let delete = || What::Delete(7);
        assert_eq!(found(&[(7, "seed-7")], delete(), 204, None), ["lost"]);
        assert_eq!(found(&[], delete(), 404, None), ["applied", "phantom"]);
        let change = || What::Change(7, "token".to_owned());
        assert_eq!(found(&[(7, "seed-7")], change(), 200, None), ["lost"]);
        assert_eq!(found(&[(7, "token")], change(), 504, None), ["phantom"]);
        assert!(found(&[(7, "token")], change(), 200, None).is_empty());
    }
}
