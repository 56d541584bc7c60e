//! Rows and their descriptions as they came.

use postgres_types::Oid;

use super::failure::Failure;
use crate::error::Fault;
use crate::postgres::columns::EPOCH;
use crate::verdict::{Class, Step};

/// The body of a DataRow, for the questions that are our own.
#[derive(Debug, Default)]
pub(in crate::postgres) struct RawRow(Vec<u8>);

impl RawRow {
    pub(in crate::postgres) fn new(body: &[u8]) -> Self {
        Self(body.to_vec())
    }

    pub(in crate::postgres) fn body(&self) -> &[u8] {
        &self.0
    }

    /// The bytes of a column; `None` for NULL, and for one that is not there.
    pub(in crate::postgres) fn bytes(&self, index: usize) -> Option<&[u8]> {
        fields(&self.0).nth(index).flatten().flatten()
    }

    /// A text, and whatever has come in text form.
    pub(in crate::postgres) fn text(&self, index: usize) -> Option<&str> {
        self.bytes(index).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// A `bool`.
    pub(in crate::postgres) fn is_true(&self, index: usize) -> Result<bool, Failure> {
        self.fixed(index).map(|[byte]: [u8; 1]| byte != 0)
    }

    /// An `int4` or `oid`.
    pub(in crate::postgres) fn number(&self, index: usize) -> Result<u32, Failure> {
        self.fixed(index).map(u32::from_be_bytes)
    }

    /// An `int8`, `xid8` or `pg_lsn`.
    pub(in crate::postgres) fn large(&self, index: usize) -> Result<u64, Failure> {
        self.fixed(index).map(u64::from_be_bytes)
    }

    /// The same, where it may be NULL.
    pub(in crate::postgres) fn maybe_large(&self, index: usize) -> Result<Option<u64>, Failure> {
        self.bytes(index).map(|_| self.large(index)).transpose()
    }

    /// A `timestamptz`, in microseconds since 1970.
    pub(in crate::postgres) fn moment(&self, index: usize) -> Result<i64, Failure> {
        self.large(index).map(|micros| micros.cast_signed().saturating_add(EPOCH * 1_000_000))
    }

    /// The same, where it may be NULL.
    pub(in crate::postgres) fn maybe_moment(&self, index: usize) -> Result<Option<i64>, Failure> {
        self.bytes(index).map(|_| self.moment(index)).transpose()
    }

    fn fixed<const N: usize>(&self, index: usize) -> Result<[u8; N], Failure> {
        let bytes = self.bytes(index).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| {
            let what = format!(
                "the server answered a question about itself by something else in column {}",
                index + 1
            );
            Fault::new(Class::Statement, Step::Statement, what)
                .with_remedy("what answers there is no full PostgreSQL: connect to the server itself")
                .into()
        })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Field {
    pub(in crate::postgres) name: String,
    pub(in crate::postgres) ty: Oid,
}

impl Field {
    /// Reads the body of a RowDescription. Behind each name stand six numbers, of which the third is the type
    /// (PostgreSQL manual, 55.7).
    pub(super) fn read_all(body: &[u8]) -> Vec<Self> {
        let mut rest = body.get(2..).unwrap_or_default();
        let mut fields = Vec::new();
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            let (name, behind) = rest.split_at(end);
            let numbers = behind.get(1..).and_then(|behind| behind.split_first_chunk::<18>());
            let Some(([_, _, _, _, _, _, a, b, c, d, ..], behind)) = numbers else { break };
            let name = String::from_utf8_lossy(name).into_owned();
            fields.push(Self { name, ty: Oid::from_be_bytes([*a, *b, *c, *d]) });
            rest = behind;
        }
        fields
    }
}

/// The columns of a DataRow's body, `Some(None)` for NULL; a `None` where the body ends too early, and it is the last.
pub(in crate::postgres) fn fields(body: &[u8]) -> impl Iterator<Item = Option<Option<&[u8]>>> {
    let (count, mut rest) =
        body.split_first_chunk::<2>().map_or((0, body), |(count, rest)| (u16::from_be_bytes(*count), rest));
    (0..count).map(move |_| {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        rest = behind;
        match i32::from_be_bytes(*length) {
            -1 => Some(None),
            length => {
                let (field, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
                rest = behind;
                Some(Some(field))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_are_told_apart_from_null_and_from_what_is_missing() {
        let row = RawRow::new(&[0, 3, 0, 0, 0, 1, b't', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4, 0, 0, 1, 0]);
        assert_eq!((row.text(0), row.bytes(1), row.bytes(3)), (Some("t"), None, None));
        assert_eq!(row.number(2).ok(), Some(256));
        assert!(row.large(2).is_err() && row.maybe_large(1).is_ok_and(|value| value.is_none()));
        let cut = [0, 2, 0, 0, 0, 1, b't', 0, 0, 0, 9, b'x'];
        assert_eq!(fields(&cut).collect::<Vec<_>>(), [Some(Some(&b"t"[..])), None]);
    }

    #[test]
    fn moments_count_from_1970() {
        let row = RawRow::new(&[0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(row.moment(0).ok(), Some(EPOCH * 1_000_000 + 1));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(fields(&body).count() <= 65_535);
        }
    }
}
