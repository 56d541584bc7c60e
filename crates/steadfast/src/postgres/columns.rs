//! Values on their way from the server, in its binary form.

use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};
use postgres_types::{Kind, Type};
use uuid::Uuid;

use crate::error::Fault;
use crate::sql::{Columns, Row, Value};
use crate::verdict::{Class, Step};

use super::line::fields;
use super::numeric;

/// Seconds from the Unix epoch to PostgreSQL's, the first moment of 2000.
pub(super) const EPOCH: i64 = 946_684_800;

/// Checks that every column can be read.
pub(super) fn check(columns: &[(String, Type)]) -> Result<Columns, Fault> {
    for (name, ty) in columns {
        if !is_readable(ty) {
            return Err(unreadable(name, ty));
        }
    }
    Ok(columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().into())
}

/// Reads the body of a DataRow, of columns that [`check`] has accepted.
pub(super) fn read(body: &[u8], types: &[Type], columns: &Columns) -> Result<Row, Fault> {
    let mut values = Vec::with_capacity(types.len());
    let mut fields = fields(body);
    for (index, ty) in types.iter().enumerate() {
        let value = match fields.next().flatten() {
            Some(None) => Some(Value::Null),
            Some(Some(raw)) => decode(ty, raw),
            None => None,
        };
        values.push(value.ok_or_else(|| misread(columns.get(index).map_or("?", String::as_str), ty))?);
    }
    Ok(Row::new(Arc::clone(columns), values))
}

fn misread(name: &str, ty: &Type) -> Fault {
    let what = format!("column {name} cannot be read: its bytes are not a {ty} that fits");
    Fault::new(Class::Statement, Step::Statement, what)
        .with_remedy(format!("select it as text: {name}::text"))
}

fn unreadable(name: &str, ty: &Type) -> Fault {
    Fault::new(
        Class::Statement,
        Step::Statement,
        format!("column {name} is of type {ty}, which has no counterpart among the values here"),
    )
    .with_remedy(format!("select it as text ({name}::text), or use the driver's own client"))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds of types are looked up by their name")]
fn is_readable(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Domain(base) => is_readable(base),
        Kind::Enum(_) => true,
        _ => READABLE.contains(ty) || is_text_like(ty),
    }
}

const READABLE: &[Type] = &[
    Type::BOOL,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::OID,
    Type::XID,
    Type::XID8,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::NUMERIC,
    Type::BYTEA,
    Type::UUID,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::DATE,
    Type::TIME,
    Type::JSONB,
    Type::PG_LSN,
    Type::VOID,
];

/// Types whose binary form is their text.
fn is_text_like(ty: &Type) -> bool {
    const TEXTS: &[Type] = &[
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::JSON,
        Type::XML,
        Type::UNKNOWN,
        Type::CHAR,
    ];
    TEXTS.contains(ty) || ty.name() == "citext"
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds of types are looked up by their name")]
fn decode(ty: &Type, raw: &[u8]) -> Option<Value> {
    match ty.kind() {
        Kind::Domain(base) => return decode(base, raw),
        Kind::Enum(_) => return text(raw),
        _ => {}
    }
    if is_text_like(ty) {
        return text(raw);
    }
    Some(match *ty {
        Type::BOOL => Value::Bool(*raw.first()? != 0),
        Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into().ok()?)),
        Type::OID | Type::XID => Value::Int(u32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::XID8 => Value::Int(u64::from_be_bytes(raw.try_into().ok()?).try_into().ok()?),
        Type::FLOAT4 => Value::Float(f32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::NUMERIC => Value::Text(numeric::text(raw)?),
        Type::BYTEA => Value::Bytes(raw.to_vec()),
        Type::UUID => Value::Uuid(Uuid::from_bytes(raw.try_into().ok()?)),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => timestamp(i64::from_be_bytes(raw.try_into().ok()?))?,
        Type::DATE => date(i32::from_be_bytes(raw.try_into().ok()?))?,
        Type::TIME => time(i64::from_be_bytes(raw.try_into().ok()?))?,
        // One byte says which form follows; there is only form 1, text.
        Type::JSONB => text(raw.strip_prefix(&[1])?)?,
        Type::PG_LSN => {
            let position = u64::from_be_bytes(raw.try_into().ok()?);
            Value::Text(format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff))
        }
        // What a function without a result gives.
        Type::VOID => Value::Null,
        _ => return None,
    })
}

fn text(raw: &[u8]) -> Option<Value> {
    std::str::from_utf8(raw).ok().map(|text| Value::Text(text.to_owned()))
}

/// Microseconds since 2000; the greatest and smallest stand for infinity.
fn timestamp(micros: i64) -> Option<Value> {
    match micros {
        i64::MAX => return Some(Value::Text("infinity".to_owned())),
        i64::MIN => return Some(Value::Text("-infinity".to_owned())),
        _ => {}
    }
    let micros = micros.checked_add(EPOCH * 1_000_000)?;
    Timestamp::from_microsecond(micros).ok().map(Value::Timestamp)
}

/// Days since 2000.
fn date(days: i32) -> Option<Value> {
    match days {
        i32::MAX => return Some(Value::Text("infinity".to_owned())),
        i32::MIN => return Some(Value::Text("-infinity".to_owned())),
        _ => {}
    }
    let span = Span::new().try_days(days).ok()?;
    let date: Date = jiff::civil::date(2000, 1, 1).checked_add(span).ok()?;
    Some(Value::Text(date.to_string()))
}

/// Microseconds since midnight.
fn time(micros: i64) -> Option<Value> {
    let span = Span::new().try_microseconds(micros).ok()?;
    let time: Time = Time::midnight().checked_add(span).ok()?;
    Some(Value::Text(time.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_and_days_count_from_2000() {
        let moment: Timestamp = "2000-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(timestamp(1_000_000), Some(Value::Timestamp(moment)));
        assert_eq!(timestamp(i64::MAX), Some(Value::Text("infinity".into())));
        assert_eq!(timestamp(i64::MAX - 1), None, "beyond the calendar");
        assert_eq!(date(-1), Some(Value::Text("1999-12-31".into())));
        assert_eq!(date(i32::MAX - 1), None);
        assert_eq!(time(1_500_000), Some(Value::Text("00:00:01.5".into())));
        assert_eq!(decode(&Type::JSONB, b"\x01{}"), Some(Value::Text("{}".into())));
        assert_eq!(decode(&Type::PG_LSN, &[0, 0, 0, 1, 0, 0, 0, 0xab]), Some(Value::Text("1/AB".into())));
    }

    #[test]
    fn a_type_that_is_not_known_is_named_with_its_cure() {
        let fault = unreadable("area", &Type::POLYGON);
        assert!(fault.summary().contains("area") && fault.summary().contains("polygon"), "{fault}");
        assert!(fault.remedy().unwrap().contains("area::text"), "{fault}");
        assert!(!is_readable(&Type::POLYGON) && !is_readable(&Type::INT4_ARRAY));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(at in 0..READABLE.len(), raw in prop::collection::vec(any::<u8>(), 0..20)) {
            drop(READABLE.get(at).map(|ty| decode(ty, &raw)));
        }
    }
}
