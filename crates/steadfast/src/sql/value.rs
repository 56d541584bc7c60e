//! A value on its way to or from a database.

use jiff::Timestamp;
use uuid::Uuid;

/// A value that both databases can hold.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A truth value; 0 or 1 on SQLite.
    Bool(bool),
    /// Any integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text. PostgreSQL's `json`, `jsonb` and `numeric` arrive as text too.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A moment; RFC 3339 text in UTC on SQLite.
    Timestamp(Timestamp),
    /// A UUID; hyphenated text on SQLite.
    Uuid(Uuid),
}

impl Value {
    /// The kind of value, in words, for error texts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "a timestamp",
            Self::Uuid(_) => "a UUID",
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $result:expr),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $result
            }
        })*
    };
}

from! {
    bool => |value| Self::Bool(value),
    i32 => |value| Self::Int(value.into()),
    i64 => |value| Self::Int(value),
    u32 => |value| Self::Int(value.into()),
    f64 => |value| Self::Float(value),
    &str => |value| Self::Text(value.to_owned()),
    String => |value| Self::Text(value),
    &String => |value| Self::Text(value.clone()),
    &[u8] => |value| Self::Bytes(value.to_vec()),
    Vec<u8> => |value| Self::Bytes(value),
    Timestamp => |value| Self::Timestamp(value),
    Uuid => |value| Self::Uuid(value),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A Rust type that can be read from a [`Value`].
pub trait FromValue: Sized {
    /// What is wanted, in words, for error texts.
    const WANTED: &'static str;

    /// Reads the value; `None` when it is of another kind or out of range.
    fn from_value(value: &Value) -> Option<Self>;

    /// The same, and keeps what the value holds where that saves a copy.
    #[must_use]
    fn from_owned(value: Value) -> Option<Self> {
        Self::from_value(&value)
    }
}

macro_rules! from_value {
    ($($type:ty, $wanted:literal, $($pattern:pat => $result:expr),+;)*) => {
        $(impl FromValue for $type {
            const WANTED: &'static str = $wanted;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $($pattern => $result,)+
                    _ => None,
                }
            }
        })*
    };
}

from_value! {
    bool, "a truth value",
        Value::Bool(value) => Some(*value),
        Value::Int(value @ (0 | 1)) => Some(*value == 1);
    i64, "an integer", Value::Int(value) => Some(*value);
    i32, "an integer of 32 bits", Value::Int(value) => Self::try_from(*value).ok();
    f64, "a floating-point number",
        Value::Float(value) => Some(*value);
    Timestamp, "a timestamp",
        Value::Timestamp(value) => Some(*value),
        Value::Text(value) => value.parse().ok();
    Uuid, "a UUID",
        Value::Uuid(value) => Some(*value),
        Value::Text(value) => value.parse().ok();
}

impl FromValue for String {
    const WANTED: &'static str = "text";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }

    fn from_owned(value: Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl FromValue for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }

    fn from_owned(value: Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }

    fn from_owned(value: Value) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_owned(value).map(Some) }
    }
}
