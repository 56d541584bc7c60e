//! Values on their way to the server.
//!
//! Where value and parameter are of the same kind the binary form is sent. Everything else goes as text, which
//! the server reads as whatever the parameter is: `numeric`, `json`, `date`, an enum, a type of an extension.

use std::error::Error as StdError;
use std::fmt;

use bytes::{BufMut as _, BytesMut};
use postgres_types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::sql::Value;

/// A parameter. Its Debug form never shows the value.
#[derive(Clone, Copy)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind())
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(value) if *ty == Type::INT2 => out.put_i16(narrow(*value, ty)?),
            Value::Int(value) if *ty == Type::INT4 => out.put_i32(narrow(*value, ty)?),
            Value::Int(value) if *ty == Type::INT8 => out.put_i64(*value),
            Value::Float(value) if *ty == Type::FLOAT8 => out.put_f64(*value),
            Value::Bool(value) if *ty == Type::BOOL => out.put_u8((*value).into()),
            Value::Bytes(value) if *ty == Type::BYTEA => out.put_slice(value),
            Value::Uuid(value) if *ty == Type::UUID => out.put_slice(value.as_bytes()),
            Value::Bytes(_) if is_text(ty) => {
                return Err(format!("bytes for a parameter of type {ty}: convert them to text first").into());
            }
            Value::Text(value) if value.contains('\0') => {
                return Err("PostgreSQL cannot store a NUL character in text: remove it, or use bytea".into());
            }
            value @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Uuid(_)) => write_text(value, out),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, ty: &Type) -> Format {
        let binary = match self.0 {
            Value::Int(_) => [Type::INT2, Type::INT4, Type::INT8].contains(ty),
            Value::Float(_) => *ty == Type::FLOAT8,
            Value::Bool(_) => *ty == Type::BOOL,
            Value::Bytes(_) => *ty == Type::BYTEA,
            Value::Uuid(_) => *ty == Type::UUID,
            Value::Null | Value::Text(_) | Value::Timestamp(_) => false,
        };
        if binary { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}

fn narrow<T: TryFrom<i64>>(value: i64, ty: &Type) -> Result<T, Box<dyn StdError + Sync + Send>> {
    T::try_from(value)
        .ok()
        .ok_or_else(|| format!("{value} is out of range for a parameter of type {ty}").into())
}

fn is_text(ty: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME].contains(ty)
}

fn write_text(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.put_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value) => out.put_slice(value.to_string().as_bytes()),
        // The shortest form that reads back as the same number, with an exponent where that is shorter.
        Value::Float(value) => out.put_slice(format!("{value:?}").as_bytes()),
        Value::Text(value) => out.put_slice(value.as_bytes()),
        Value::Bytes(value) => {
            out.put_slice(b"\\x");
            value.iter().for_each(|byte| out.put_slice(format!("{byte:02x}").as_bytes()));
        }
        Value::Timestamp(value) => out.put_slice(value.to_string().as_bytes()),
        Value::Uuid(value) => out.put_slice(value.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: impl Into<Value>, ty: &Type) -> Result<Vec<u8>, String> {
        let mut out = BytesMut::new();
        Parameter(&value.into()).to_sql(ty, &mut out).map(|_| out.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn integers_are_checked_against_the_parameter() {
        assert_eq!(sent(7_i64, &Type::INT2), Ok(vec![0, 7]));
        assert_eq!(sent(-1_i64, &Type::INT4), Ok(vec![255; 4]));
        let refused = sent(40_000_i64, &Type::INT2).unwrap_err();
        assert!(refused.contains("40000") && refused.contains("int2"), "{refused}");
        assert!(sent(i64::MAX, &Type::INT4).is_err());
        assert_eq!(sent(7_i64, &Type::NUMERIC), Ok(b"7".to_vec()), "everything else as text");
    }

    #[test]
    fn form_and_format_agree() {
        let ty = Type::UNKNOWN;
        for value in [
            Value::Int(1),
            Value::Float(0.1),
            Value::Bool(true),
            Value::Bytes(vec![1, 255]),
            Value::Uuid(uuid::Uuid::nil()),
        ] {
            assert!(matches!(Parameter(&value).encode_format(&ty), Format::Text), "{value:?}");
        }
        assert_eq!(sent(vec![1_u8, 255], &ty), Ok(b"\\x01ff".to_vec()));
        assert_eq!(sent(1e300, &ty), Ok(b"1e300".to_vec()));
        assert!(matches!(Parameter(&Value::Int(1)).encode_format(&Type::INT8), Format::Binary));
    }

    #[test]
    fn what_cannot_be_stored_is_refused_before_it_is_sent() {
        assert!(sent("a\0b", &Type::TEXT).unwrap_err().contains("NUL"));
        assert!(sent(vec![1_u8], &Type::TEXT).is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Parameter(&Value::Text("secret".into()))), "text");
    }
}
