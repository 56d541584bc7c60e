//! The fields of an ErrorResponse or NoticeResponse.

/// What the server reported, as far as it is of use outside the driver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING`, ...: never translated when the server is 9.6 or newer.
    pub severity: String,
    /// The five characters of the SQLSTATE.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// Its detail.
    pub detail: Option<String>,
    /// The server's advice.
    pub hint: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// The table it belongs to.
    pub table: Option<String>,
    /// The column it belongs to.
    pub column: Option<String>,
    /// The function of the server that reported it: never translated, unlike the message.
    pub routine: Option<String>,
}

impl Report {
    /// Reads the fields of a body. What is cut off or not known is left out.
    #[must_use]
    pub fn read(mut body: &[u8]) -> Self {
        let mut report = Self::default();
        let mut localized = None;
        while let Some((&field, rest)) = body.split_first() {
            if field == 0 {
                break;
            }
            let (value, rest) = text_before_nul(rest);
            body = rest;
            match field {
                b'V' => report.severity = value,
                b'S' => localized = Some(value),
                b'C' => report.code = value,
                b'M' => report.message = value,
                b'D' => report.detail = Some(value),
                b'H' => report.hint = Some(value),
                b'n' => report.constraint = Some(value),
                b't' => report.table = Some(value),
                b'c' => report.column = Some(value),
                b'R' => report.routine = Some(value),
                _ => {}
            }
        }
        if report.severity.is_empty() {
            report.severity = localized.unwrap_or_default();
        }
        report
    }

    /// True when the server closes the connection after it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }
}

/// The text up to the next NUL (or the end of what there is) and what follows.
pub(crate) fn text_before_nul(bytes: &[u8]) -> (String, &[u8]) {
    let (text, rest) = before_nul(bytes);
    (String::from_utf8_lossy(text).into_owned(), rest)
}

/// The bytes up to the next NUL (or the end of what there is) and what follows.
pub(crate) fn before_nul(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_untranslated_severity_wins() {
        let report = Report::read(
            b"SFATAL-xx\0VFATAL\0C57P01\0Mterminating\0Hwait\0nusers_pkey\0tusers\0ccol\0Dmore\0RProc\0\0",
        );
        assert!(report.is_fatal());
        assert_eq!((report.code.as_str(), report.message.as_str()), ("57P01", "terminating"));
        assert_eq!(report.constraint.as_deref(), Some("users_pkey"));
        assert_eq!((report.hint.as_deref(), report.detail.as_deref()), (Some("wait"), Some("more")));
        assert_eq!(report.routine.as_deref(), Some("Proc"));
    }

    #[test]
    fn an_old_server_without_it_is_understood() {
        assert!(Report::read(b"SFATAL\0C28000\0Mno\0\0").is_fatal());
    }

    #[test]
    fn a_cut_off_body_gives_what_is_there() {
        let report = Report::read(b"SERROR\0C23505\0Mduplicate ke");
        assert_eq!((report.code.as_str(), report.message.as_str()), ("23505", "duplicate ke"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Report::read(&body));
        }
    }
}
