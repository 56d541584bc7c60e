//! What was told against what is stored.

use std::collections::HashMap;

use steadfast::{Outcome, Ticket};
use steadfast_test::Postgres;
use tokio::time::Instant;
use uuid::Uuid;

/// One operation, and what its caller was told of it.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) token: Uuid,
    pub(crate) told: Told,
    pub(crate) told_at: Instant,
}

#[derive(Debug, Clone)]
pub(crate) enum Told {
    Committed,
    NotCommitted(String),
    Unknown(Option<Ticket>, String),
}

/// The result of a campaign.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) operations: usize,
    pub(crate) committed: usize,
    pub(crate) not_committed: usize,
    pub(crate) unknown: usize,
    /// Unknown at first, and known when the ticket was used afterwards.
    pub(crate) cleared_up: usize,
    pub(crate) duplicates: Vec<Uuid>,
    /// Told committed, and absent.
    pub(crate) lost: Vec<Operation>,
    /// Told not committed, and present.
    pub(crate) phantoms: Vec<Operation>,
    pub(crate) reasons: HashMap<String, usize>,
}

impl Audit {
    /// Compares. `resolved` says what became known of the unknown ones afterwards.
    pub(crate) fn of(
        operations: &[Operation],
        stored: &HashMap<Uuid, u64>,
        resolved: &HashMap<Uuid, Outcome>,
    ) -> Self {
        let mut audit = Self { operations: operations.len(), ..Self::default() };
        for operation in operations {
            let applied = stored.get(&operation.token).copied().unwrap_or(0);
            if applied > 1 {
                audit.duplicates.push(operation.token);
            }
            let told = match (&operation.told, resolved.get(&operation.token)) {
                (Told::Unknown(_, reason), outcome) => {
                    audit.unknown += 1;
                    *audit.reasons.entry(reason.clone()).or_default() += 1;
                    match outcome {
                        Some(Outcome::Committed { .. }) => Some(true),
                        Some(Outcome::NotCommitted) => Some(false),
                        _ => None,
                    }
                    .inspect(|_| audit.cleared_up += 1)
                }
                (Told::Committed, _) => {
                    audit.committed += 1;
                    Some(true)
                }
                (Told::NotCommitted(reason), _) => {
                    audit.not_committed += 1;
                    *audit.reasons.entry(reason.clone()).or_default() += 1;
                    Some(false)
                }
            };
            match told {
                Some(true) if applied == 0 => audit.lost.push(operation.clone()),
                Some(false) if applied > 0 => audit.phantoms.push(operation.clone()),
                _ => {}
            }
        }
        audit
    }

    /// A row of the table.
    pub(crate) fn print(&self, what: &str) {
        println!(
            "{what}: {} operations, told committed {}, not committed {}, unknown {} ({} cleared up later); \
             applied twice {}, told committed and absent {}, told not committed and present {}",
            self.operations,
            self.committed,
            self.not_committed,
            self.unknown,
            self.cleared_up,
            self.duplicates.len(),
            self.lost.len(),
            self.phantoms.len(),
        );
        for (reason, count) in &self.reasons {
            println!("    {count} x {reason}");
        }
    }

    /// The rule: a told outcome is the truth, and nothing is applied twice.
    pub(crate) fn assert_exact(&self) {
        assert!(self.duplicates.is_empty(), "applied more than once: {:?}", self.duplicates);
        assert!(self.lost.is_empty(), "told committed, and absent: {:?}", self.lost);
        assert!(self.phantoms.is_empty(), "told not committed, and present: {:?}", self.phantoms);
    }
}

/// How often each token is stored.
pub(crate) async fn stored(server: &Postgres) -> HashMap<Uuid, u64> {
    let rows = server.psql("SELECT token, count(*) FROM ledger GROUP BY token").await;
    rows.lines()
        .map(|line| {
            let (token, count) = line.split_once('|').unwrap();
            (token.trim().parse().unwrap(), count.trim().parse().unwrap())
        })
        .collect()
}
