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

/// How the values of a column lie in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The binary form is the text.
    Text,
    Bool,
    Int2,
    Int4,
    Int8,
    Unsigned4,
    Unsigned8,
    Float4,
    Float8,
    Numeric,
    Bytes,
    Uuid,
    Timestamp,
    Date,
    Time,
    Jsonb,
    Position,
    /// What a function without a result gives.
    Void,
}

/// The columns of a statement, and how each is read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    names: Columns,
    columns: Box<[(Form, Type)]>,
}

impl Reading {
    /// Of columns by their names and types.
    ///
    /// # Errors
    /// One is of a type that cannot be read.
    pub(super) fn of(columns: Vec<(String, Type)>) -> Result<Self, Fault> {
        let mut names = Vec::with_capacity(columns.len());
        let mut forms = Vec::with_capacity(columns.len());
        for (name, ty) in columns {
            let form = Form::of(&ty).ok_or_else(|| unreadable(&name, &ty))?;
            names.push(name);
            forms.push((form, ty));
        }
        Ok(Self { names: names.into(), columns: forms.into() })
    }

    /// Reads the body of a DataRow.
    pub(super) fn row(&self, body: &[u8]) -> Result<Row, Fault> {
        let mut values = Vec::with_capacity(self.columns.len());
        let mut fields = fields(body);
        for (form, ty) in &self.columns {
            let value = match fields.next().flatten() {
                Some(None) => Some(Value::Null),
                Some(Some(raw)) => form.decode(raw),
                None => None,
            };
            values.push(value.ok_or_else(|| self.misread(values.len(), ty))?);
        }
        Ok(Row::new(Arc::clone(&self.names), values))
    }

    #[cold]
    fn misread(&self, index: usize, ty: &Type) -> Fault {
        let name = self.names.get(index).map_or("?", String::as_str);
        let what = format!("column {name} cannot be read: its bytes are not a {ty} that fits");
        Fault::new(Class::Statement, Step::Statement, what)
            .with_remedy(format!("select it as text: {name}::text"))
    }
}

fn unreadable(name: &str, ty: &Type) -> Fault {
    Fault::new(
        Class::Statement,
        Step::Statement,
        format!("column {name} is of type {ty}, which has no counterpart among the values here"),
    )
    .with_remedy(format!("select it as text ({name}::text), or use the driver's own client"))
}

impl Form {
    /// `None`: values of this type cannot be read.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds of types are looked up by their name"
    )]
    fn of(ty: &Type) -> Option<Self> {
        match ty.kind() {
            Kind::Domain(base) => return Self::of(base),
            Kind::Enum(_) => return Some(Self::Text),
            _ => {}
        }
        Some(match *ty {
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR => Self::Text,
            Type::JSON | Type::XML | Type::UNKNOWN => Self::Text,
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID | Type::XID => Self::Unsigned4,
            Type::XID8 => Self::Unsigned8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::BYTEA => Self::Bytes,
            Type::UUID => Self::Uuid,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::JSONB => Self::Jsonb,
            Type::PG_LSN => Self::Position,
            Type::VOID => Self::Void,
            _ if ty.name() == "citext" => Self::Text,
            _ => return None,
        })
    }

    fn decode(self, raw: &[u8]) -> Option<Value> {
        Some(match self {
            Self::Text => text(raw)?,
            Self::Bool => Value::Bool(*raw.first()? != 0),
            Self::Int2 => Value::Int(i16::from_be_bytes(raw.try_into().ok()?).into()),
            Self::Int4 => Value::Int(i32::from_be_bytes(raw.try_into().ok()?).into()),
            Self::Int8 => Value::Int(i64::from_be_bytes(raw.try_into().ok()?)),
            Self::Unsigned4 => Value::Int(u32::from_be_bytes(raw.try_into().ok()?).into()),
            Self::Unsigned8 => Value::Int(u64::from_be_bytes(raw.try_into().ok()?).try_into().ok()?),
            Self::Float4 => Value::Float(f32::from_be_bytes(raw.try_into().ok()?).into()),
            Self::Float8 => Value::Float(f64::from_be_bytes(raw.try_into().ok()?)),
            Self::Numeric => Value::Text(numeric::text(raw)?),
            Self::Bytes => Value::Bytes(raw.to_vec()),
            Self::Uuid => Value::Uuid(Uuid::from_bytes(raw.try_into().ok()?)),
            Self::Timestamp => timestamp(i64::from_be_bytes(raw.try_into().ok()?))?,
            Self::Date => date(i32::from_be_bytes(raw.try_into().ok()?))?,
            Self::Time => time(i64::from_be_bytes(raw.try_into().ok()?))?,
            // One byte says which form follows; there is only form 1, text.
            Self::Jsonb => text(raw.strip_prefix(&[1])?)?,
            Self::Position => {
                let position = u64::from_be_bytes(raw.try_into().ok()?);
                Value::Text(format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff))
            }
            Self::Void => Value::Null,
        })
    }
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

    const FORMS: &[Form] = &[
        Form::Text,
        Form::Bool,
        Form::Int2,
        Form::Int4,
        Form::Int8,
        Form::Unsigned4,
        Form::Unsigned8,
        Form::Float4,
        Form::Float8,
        Form::Numeric,
        Form::Bytes,
        Form::Uuid,
        Form::Timestamp,
        Form::Date,
        Form::Time,
        Form::Jsonb,
        Form::Position,
        Form::Void,
    ];

    #[test]
    fn moments_and_days_count_from_2000() {
        let moment: Timestamp = "2000-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(timestamp(1_000_000), Some(Value::Timestamp(moment)));
        assert_eq!(timestamp(i64::MAX), Some(Value::Text("infinity".into())));
        assert_eq!(timestamp(i64::MAX - 1), None, "beyond the calendar");
        assert_eq!(date(-1), Some(Value::Text("1999-12-31".into())));
        assert_eq!(date(i32::MAX - 1), None);
        assert_eq!(time(1_500_000), Some(Value::Text("00:00:01.5".into())));
        assert_eq!(Form::Jsonb.decode(b"\x01{}"), Some(Value::Text("{}".into())));
        assert_eq!(Form::Position.decode(&[0, 0, 0, 1, 0, 0, 0, 0xab]), Some(Value::Text("1/AB".into())));
    }

    #[test]
    fn a_type_that_is_not_known_is_named_with_its_cure() {
        let fault = unreadable("area", &Type::POLYGON);
        assert!(fault.summary().contains("area") && fault.summary().contains("polygon"), "{fault}");
        assert!(fault.remedy().unwrap().contains("area::text"), "{fault}");
        assert_eq!((Form::of(&Type::POLYGON), Form::of(&Type::INT4_ARRAY)), (None, None));
    }

    #[test]
    fn a_domain_is_read_as_what_it_is_made_of_and_citext_as_text() {
        let of = |kind, name: &str| Form::of(&Type::new(name.to_owned(), 20_000, kind, "public".to_owned()));
        assert_eq!(of(Kind::Domain(Type::INT8), "money_in_cents"), Some(Form::Int8));
        assert_eq!(of(Kind::Domain(Type::POLYGON), "area"), None);
        assert_eq!(of(Kind::Enum(Vec::new()), "mood"), Some(Form::Text));
        assert_eq!((of(Kind::Simple, "citext"), of(Kind::Simple, "hstore")), (Some(Form::Text), None));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            form in prop::sample::select(FORMS),
            raw in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            drop(form.decode(&raw));
        }
    }
}
