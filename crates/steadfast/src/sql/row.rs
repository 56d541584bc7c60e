//! A row of a result.

use std::sync::Arc;

use crate::error::Error;
use crate::sql::{FromValue, Value};

/// The column names of a result, shared by its rows.
pub type Columns = Arc<[String]>;

/// A row, detached from the connection it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Columns,
    values: Vec<Value>,
}

impl Row {
    /// A row of these columns. There are as many values as columns.
    #[must_use]
    pub fn new(columns: Columns, values: Vec<Value>) -> Self {
        debug_assert_eq!(
            columns.len(),
            values.len(),
            "bug: a row with another number of values than columns"
        );
        Self { columns, values }
    }

    /// Reads a column by name.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or its value is not a `T`.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, Error> {
        let index = self.columns.iter().position(|name| name == column).ok_or_else(|| Error::Column {
            column: column.to_owned(),
            problem: format!("not in the result, which has {}", self.columns.join(", ")),
        })?;
        self.at(index)
    }

    /// Reads a column by position, counted from zero.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or its value is not a `T`.
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T, Error> {
        let name = || self.columns.get(index).cloned().unwrap_or_else(|| format!("number {index}"));
        let value = self.values.get(index).ok_or_else(|| Error::Column {
            column: name(),
            problem: format!("the result has {} columns", self.values.len()),
        })?;
        T::from_value(value).ok_or_else(|| Error::Column {
            column: name(),
            problem: format!("expected {}, found {}", T::WANTED, value.kind()),
        })
    }

    /// The column names.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values, in the order of the columns.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
