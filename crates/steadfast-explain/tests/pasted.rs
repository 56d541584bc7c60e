//! Errors as people paste them, each recognised from its text alone.
#![cfg(test)]

use std::collections::BTreeSet;

use steadfast_explain::{Confidence, recognise};

/// `=== row client -> entry`, then the text. Rows are those of the list of failures in TROUBLESHOOTING.md's
/// history; `-` is none of them. Captured from the real clients.
const CAPTURED: &str = include_str!("pasted/captured.txt");

/// Clients that were not at hand, in the words of their sources and manuals.
const OTHERS: &str = include_str!("pasted/other-clients.txt");

struct Case {
    row: Option<u32>,
    client: &'static str,
    entry: &'static str,
    text: &'static str,
}

fn cases() -> Vec<Case> {
    let sections = [CAPTURED, OTHERS].into_iter().flat_map(|file| file.split("=== ").skip(1));
    sections
        .map(|section| {
            let (head, text) = section.split_once('\n').expect("a head and a text");
            let (what, entry) = head.split_once(" -> ").expect("an entry");
            let (row, client) = what.split_once(' ').expect("row and client");
            Case { row: row.parse().ok(), client, entry, text }
        })
        .collect()
}

#[test]
fn every_pasted_error_is_recognised_as_its_entry() {
    let mut wrong = Vec::new();
    for Case { row, client, entry, text } in cases() {
        assert!(steadfast_explain::entry(entry).is_some(), "{entry} does not exist");
        let found = recognise(text);
        let best = found.best().map(|best| best.entry.id);
        if best != Some(entry) {
            wrong.push(format!("{row:?} {client}: {best:?} instead of {entry}:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn letter_case_line_wraps_and_prefixes_do_not_matter() {
    for Case { client, entry, text, .. } in cases() {
        let is_localised = client.contains(", in ") || client.contains("in German");
        let wrapped = text.replacen(". ", ".\n   ", 2).replace("server ", "server\n    ");
        let prefixed: String =
            text.lines().map(|line| format!("2026-01-01T10:00:00Z web[7]: {line}\n")).collect();
        let mut variants = vec![wrapped];
        // Other languages are told by their code, whose case matters.
        variants.extend((!is_localised).then(|| text.to_uppercase()));
        // Within a broken word or a quotation there is no prefix; two words alone are an error, in a log they are not.
        let is_short = text.split_whitespace().count() < 3;
        variants
            .extend((!is_short && !client.contains("broke lines") && client != "mail").then_some(prefixed));
        for changed in variants {
            let best = recognise(&changed).best().map(|best| best.entry.id);
            assert_eq!(best, Some(entry), "{client}:\n{changed}");
        }
    }
}

#[test]
fn all_seventy_three_rows_have_a_case() {
    let rows: BTreeSet<u32> = cases().iter().filter_map(|case| case.row).collect();
    let missing: Vec<u32> = (1..=73).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn ordinary_lines_are_not_recognised() {
    for line in [
        "2026-01-01 10:00:00.000 UTC [1] LOG:  database system is ready to accept connections",
        "LOG:  checkpoint complete: wrote 55 buffers (0.3%); 0 WAL file(s) added, 0 removed, 1 recycled",
        "DEBUG connection closed cause=Recycled age_ms=1841.0",
        "sshd[7]: Connection closed by 203.0.113.9 port 53300 [preauth]",
        "LOG C-0x55: app/app@127.0.0.1:53300 closing because: client close request (age=0s)",
        "LOG S-0x55: app/app@127.0.0.1:5432 closing because: server lifetime over (age=3600s)",
        "LOG stats: 5 xacts/s, 5 queries/s, in 100 B/s, out 200 B/s, xact 57014 us, wait 40001 us",
        "INFO the database is reachable again lasted_ms=1486.0 attempts=22",
        "INFO  [HikariPool-1] Start completed.",
        "while it was open, the file can only be read; it was there and is gone now",
        "This option is experimental; see the manual",
        "LOG:  connection received: host=127.0.0.1 port=53300",
        "LOG:  connection authorized: user=app database=app application_name=steadfast",
        "LOG:  disconnection: session time: 0:00:00.021 user=app database=app host=[local]",
        "127.0.0.1 - - [01/Jan/2026:10:00:00 +0000] \"GET /api/v1/users/40001 HTTP/1.1\" 200 57014",
        "INFO serving: listening on http://127.0.0.1:8000",
        "[2026-01-01 10:00:00 +0000] [7] [INFO] Booting worker with pid: 42501",
        "the connection pool has 5 connections, 2 in use",
        "Server listening on 0.0.0.0 port 22.",
        "npm warn deprecated inflight@1.0.6: This module is not supported",
        "SELECT * FROM users WHERE code = 'ABCDE'",
        "test result: ok. 14 passed; 0 failed; 0 ignored",
        "commit 8590bc0 (HEAD -> main) CI gives property tests the same inputs each time",
        "it was closed yesterday, unexpectedly; the server is fine",
        "order 28000 (53300) was shipped at 08:00",
        "timeout=30 retries=5 deadline=2026-01-01",
        "",
        "\n\n\t",
    ] {
        let found = recognise(line);
        assert!(found.is_empty(), "{line}: {:?}", found.best().map(|best| (best.entry.id, best.evidence)));
    }
}

#[test]
fn a_code_alone_names_its_entries_and_says_how_sure_it_is() {
    let found = recognise("FEHLER: (40P01)");
    assert_eq!(
        found.best().map(|best| (best.entry.id, best.confidence)),
        Some(("deadlock", Confidence::Likely))
    );
    let found = recognise("SQLSTATE 57P03");
    assert!(
        found.matches.len() == 3
            && found.matches.iter().all(|found| found.confidence == Confidence::Possible)
    );
    let found = recognise("SQLSTATE 23999");
    assert_eq!(found.best().map(|best| best.entry.id), Some("check-violation"), "by its class");
    assert!(recognise("SQLSTATE 99999").is_empty());
}
