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
        self.at(self.index_of(column)?)
    }

    /// Takes a column out of the row by name, without a copy of what it holds. NULL is left in its place.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or its value is not a `T`; then it is gone as well.
    pub fn take<T: FromValue>(&mut self, column: &str) -> Result<T, Error> {
        let index = self.index_of(column)?;
        let value =
            self.values.get_mut(index).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
        let kind = value.kind();
        T::from_owned(value).ok_or_else(|| self.is_not::<T>(index, kind))
    }

    /// Reads a column by position, counted from zero.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or its value is not a `T`.
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T, Error> {
        let value = self.values.get(index).ok_or_else(|| Error::Column {
            column: self.name_of(index),
            problem: format!("the result has {} columns", self.values.len()),
        })?;
        T::from_value(value).ok_or_else(|| self.is_not::<T>(index, value.kind()))
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

    fn index_of(&self, column: &str) -> Result<usize, Error> {
        self.columns.iter().position(|name| name == column).ok_or_else(|| Error::Column {
            column: column.to_owned(),
            problem: format!("not in the result, which has {}", self.columns.join(", ")),
        })
    }

    fn name_of(&self, index: usize) -> String {
        self.columns.get(index).cloned().unwrap_or_else(|| format!("number {index}"))
    }

    fn is_not<T: FromValue>(&self, index: usize, kind: &str) -> Error {
        Error::Column {
            column: self.name_of(index),
            problem: format!("expected {}, found {kind}", T::WANTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_taken_out_once() {
        let columns: Columns = vec!["name".to_owned(), "id".to_owned(), "nick".to_owned()].into();
        let mut row = Row::new(columns, vec![Value::Text("a".into()), Value::Int(7), Value::Null]);
        assert_eq!(row.take::<String>("name").unwrap(), "a");
        assert_eq!(row.values(), [Value::Null, Value::Int(7), Value::Null]);
        let gone = row.take::<String>("name").unwrap_err().to_string();
        assert!(gone.contains("name") && gone.contains("expected text"), "{gone}");
        assert_eq!(row.take::<Option<String>>("nick").unwrap(), None);
        assert_eq!(row.take::<i64>("id").unwrap(), 7);
        assert!(row.take::<i64>("age").unwrap_err().to_string().contains("name, id, nick"));
    }
}
