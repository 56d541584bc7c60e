//! What is wrong with a configuration: the field, the problem, and what would be accepted.

/// A configuration that was refused. Names the field; shows a value only when it cannot hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}; {accepted}")]
pub struct ConfigError {
    field: String,
    problem: String,
    accepted: String,
}

impl ConfigError {
    /// An error about this field: what is wrong with it, and what is accepted (`accepted are 1 to 10000`).
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), accepted: accepted.into() }
    }

    /// The option as its user wrote it: `STEADFAST_POOL_SIZE`, `DATABASE_URL: port`, `pool.size`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What would be accepted.
    #[must_use]
    pub fn accepted(&self) -> &str {
        &self.accepted
    }
}
