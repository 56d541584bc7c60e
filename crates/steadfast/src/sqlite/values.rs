//! Values on their way into and out of SQLite.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, TimestampRound, Unit};
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::error::Fault;
use crate::sql::{Columns, Row, Value};
use crate::sqlite::fault::{from_sqlite, refused};
use crate::verdict::{Class, Step};

/// Binds `$1`, `$2`, ... by their names: SQLite numbers them in the order in which they are met.
pub(super) fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<(), Fault> {
    let mut used = vec![false; params.len()];
    for index in 1..=statement.parameter_count() {
        let number = number_of(statement.parameter_name(index))?;
        let (Some(value), Some(used)) = (params.get(number - 1), used.get_mut(number - 1)) else {
            return Err(wrong_number(params.len(), &format!("uses ${number}")));
        };
        *used = true;
        let value = to_sqlite(number, value)?;
        statement.raw_bind_parameter(index, value).map_err(|error| from_sqlite(Step::Statement, &error))?;
    }
    match used.iter().position(|used| !used) {
        Some(unused) => Err(wrong_number(params.len(), &format!("does not use ${}", unused + 1))),
        None => Ok(()),
    }
}

/// The declared meaning of a result column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Nothing,
    Bool,
    Timestamp,
    Uuid,
}

/// Reads the rows of one result.
#[derive(Debug)]
pub(super) struct Reader {
    names: Columns,
    declared: Vec<Declared>,
}

impl Reader {
    pub(super) fn new(statement: &Statement<'_>) -> Self {
        let columns = statement.columns();
        Self {
            names: columns.iter().map(|column| column.name().to_owned()).collect::<Vec<_>>().into(),
            declared: columns.iter().map(|column| declared(column.decl_type())).collect(),
        }
    }

    pub(super) fn read(&self, row: &rusqlite::Row<'_>) -> Result<Row, Fault> {
        let mut values = Vec::with_capacity(self.declared.len());
        for (index, declared) in self.declared.iter().enumerate() {
            let stored = row.get_ref(index).map_err(|error| from_sqlite(Step::Statement, &error))?;
            values.push(from_sqlite_value(*declared, stored).ok_or_else(|| self.not_text(index))?);
        }
        Ok(Row::new(Arc::clone(&self.names), values))
    }

    fn not_text(&self, index: usize) -> Fault {
        let name = self.names.get(index).map_or("?", String::as_str);
        Fault::new(Class::Statement, Step::Statement, format!("column {name} holds text that is not UTF-8"))
            .with_code("SQLITE_MISMATCH")
            .with_remedy("read it as bytes with CAST(.. AS BLOB), and mend what wrote it")
    }
}

fn number_of(name: Option<&str>) -> Result<usize, Fault> {
    let number = name.and_then(|name| name.strip_prefix('$')).and_then(|digits| digits.parse::<usize>().ok());
    match (number, name) {
        (Some(number), _) if number > 0 => Ok(number),
        (_, Some(name)) if name.contains("::") => Err(refused(
            format!("SQLite takes {name} for the name of a parameter"),
            "write CAST($1 AS type), which both databases understand",
        )),
        (_, name) => Err(refused(
            format!("the parameter {} is not of the form $1", name.unwrap_or("?")),
            "number the parameters $1, $2, ...",
        )),
    }
}

fn wrong_number(given: usize, but: &str) -> Fault {
    let given = if given == 1 { "1 parameter was".to_owned() } else { format!("{given} parameters were") };
    refused(
        format!("{given} given, but the statement {but}"),
        "give as many parameters as the statement has numbers",
    )
}

fn to_sqlite(number: usize, value: &Value) -> Result<ToSqlOutput<'_>, Fault> {
    Ok(match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Bool(value) => ToSqlOutput::Borrowed(ValueRef::Integer((*value).into())),
        Value::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
        Value::Float(value) if value.is_nan() => {
            return Err(refused(
                format!("parameter ${number} is not a number (NaN), which SQLite would store as NULL"),
                "check the value before it is stored, or store NULL",
            ));
        }
        Value::Float(value) => ToSqlOutput::Borrowed(ValueRef::Real(*value)),
        Value::Text(value) if value.contains('\0') => {
            return Err(refused(
                format!("parameter ${number} is text with a NUL character"),
                "store it as bytes, or remove the character; PostgreSQL cannot store it as text either",
            ));
        }
        Value::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
        Value::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        Value::Timestamp(value) => ToSqlOutput::Owned(rusqlite::types::Value::Text(timestamp_text(*value))),
        Value::Uuid(value) => {
            ToSqlOutput::Owned(rusqlite::types::Value::Text(value.hyphenated().to_string()))
        }
    })
}

/// `2026-01-31T08:15:00.123456Z`: of one width for the years 0 to 9999, so that text order is order in time.
fn timestamp_text(value: Timestamp) -> String {
    // Rounding fails only in the last microsecond that can be told at all.
    let rounded = value.round(TimestampRound::new().smallest(Unit::Microsecond)).unwrap_or(value);
    format!("{rounded:.6}")
}

fn declared(name: Option<&str>) -> Declared {
    let Some(name) = name else {
        return Declared::Nothing;
    };
    let name = name.to_ascii_uppercase();
    if name.starts_with("BOOL") {
        Declared::Bool
    } else if name.starts_with("TIMESTAMP") || name.starts_with("DATETIME") {
        Declared::Timestamp
    } else if name == "UUID" {
        Declared::Uuid
    } else {
        Declared::Nothing
    }
}

/// What is not of the declared kind stays what it is: SQLite does not hold anybody to a declaration.
/// `None` when text is not UTF-8.
fn from_sqlite_value(declared: Declared, stored: ValueRef<'_>) -> Option<Value> {
    Some(match (stored, declared) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(value @ (0 | 1)), Declared::Bool) => Value::Bool(value == 1),
        (ValueRef::Integer(value), _) => Value::Int(value),
        (ValueRef::Real(value), _) => Value::Float(value),
        (ValueRef::Blob(value), _) => Value::Bytes(value.to_vec()),
        (ValueRef::Text(value), declared) => {
            let text = std::str::from_utf8(value).ok()?;
            let meant = match declared {
                Declared::Timestamp => timestamp(text).map(Value::Timestamp),
                Declared::Uuid => text.parse().ok().map(Value::Uuid),
                Declared::Bool | Declared::Nothing => None,
            };
            meant.unwrap_or_else(|| Value::Text(text.to_owned()))
        }
    })
}

/// Our own text, and what SQLite's CURRENT_TIMESTAMP writes, which is UTC without saying so.
fn timestamp(text: &str) -> Option<Timestamp> {
    let without_zone =
        || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(without_zone)
}

#[cfg(test)]
mod tests;
