//! One statement: sent, and its answer read to the end.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use tokio_postgres::RowStream;
use tokio_postgres::types::Type;

use crate::error::Fault;
use crate::sql::{Columns, Row, Value};
use crate::verdict::{Class, Step};

use super::columns;
use super::connection::PostgresConnection;
use super::parameters::Parameter;
use super::prepared::Prepared;

/// What a statement gave.
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) affected: u64,
}

/// Whether anybody wants the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Kept,
    Dropped,
}

impl PostgresConnection {
    pub(super) async fn prepared(
        &self,
        prepared: &Prepared,
        params: &[Value],
        rows: Rows,
    ) -> Result<Answer, Fault> {
        let statement = &prepared.statement;
        if params.len() != statement.params().len() {
            let summary = format!(
                "the statement has {} parameters, {} were given",
                statement.params().len(),
                params.len()
            );
            return Err(misused(&summary, "give each $n of the statement one value"));
        }
        let columns = match rows {
            Rows::Kept => Some(prepared.columns()?),
            Rows::Dropped => None,
        };
        let stream = self.client.query_raw(statement, params.iter().map(Parameter)).await;
        self.collect(stream, rows, columns).await
    }

    /// Without a prepared statement: parameters go as text, and the server finds out their types.
    pub(super) async fn unprepared(&self, sql: &str, params: &[Value], rows: Rows) -> Result<Answer, Fault> {
        let params = params.iter().map(|value| (Parameter(value), Type::UNKNOWN));
        let stream = Box::pin(self.client.query_typed_raw(sql, params)).await;
        self.collect(stream, rows, None).await
    }

    /// Reads an answer to its end, also when a row cannot be read, so that the connection stays in step. What its
    /// columns are is asked of the first row, where it is not known before.
    async fn collect(
        &self,
        stream: Result<RowStream, tokio_postgres::Error>,
        keep: Rows,
        known: Option<&Columns>,
    ) -> Result<Answer, Fault> {
        let mut stream = pin!(stream.map_err(|error| self.fault(error, Step::Statement))?);
        let mut rows = Vec::new();
        let mut found = None;
        let mut unreadable = None;
        while let Some(row) = stream.try_next().await.map_err(|error| self.fault(error, Step::Statement))? {
            if keep == Rows::Dropped || unreadable.is_some() {
                continue;
            }
            let read = match known.or(found.as_ref()) {
                Some(columns) => columns::read(&row, columns),
                None => columns::check(row.columns())
                    .and_then(|columns| columns::read(&row, found.insert(columns))),
            };
            match read {
                Ok(row) => rows.push(row),
                Err(fault) => unreadable = Some(fault),
            }
        }
        match unreadable {
            Some(fault) => Err(fault),
            None => Ok(Answer { rows, affected: stream.rows_affected().unwrap_or(0) }),
        }
    }
}

/// A fault of the caller's own making.
pub(super) fn misused(summary: &str, remedy: &str) -> Fault {
    Fault::new(Class::Statement, Step::Statement, summary).with_remedy(remedy)
}
