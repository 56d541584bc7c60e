//! What a failure of the database means for this process.

use steadfast::Error;
use steadfast::verdict::Class;

use crate::exit::Exit;

/// PostgreSQL's SQLSTATE; 28 is the class of refused authentications.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Which kind of failure it is. What waiting may help is told from what somebody has to change.
pub(crate) fn exit_of(error: &Error) -> Exit {
    if matches!(error, Error::Config(_)) {
        return Exit::Configuration;
    }
    let Some(fault) = error.fault() else { return Exit::Unavailable };
    let code = fault.code().unwrap_or_default();
    if code.starts_with("28") || code == INSUFFICIENT_PRIVILEGE {
        return Exit::Refused;
    }
    let class = fault.class();
    if class == Class::Permanent {
        Exit::Configuration
    } else if class == Class::Statement {
        Exit::Failed
    } else {
        Exit::Unavailable
    }
}

/// Why connecting failed says more than that no connection could be had.
pub(crate) fn cause_of(error: &Error) -> String {
    error.fault().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use steadfast::Fault;
    use steadfast::verdict::Step;

    use super::*;

    fn exit(class: Class, code: &str) -> Exit {
        exit_of(&Fault::new(class, Step::Authenticate, "x").with_code(code).into())
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        assert_eq!(exit(Class::Permanent, "28P01"), Exit::Refused);
        assert_eq!(exit(Class::Statement, "42501"), Exit::Refused);
        assert_eq!(exit(Class::Permanent, "3D000"), Exit::Configuration);
        assert_eq!(exit(Class::Unreachable, ""), Exit::Unavailable);
        assert_eq!(exit(Class::Unavailable, "57P03"), Exit::Unavailable);
        assert_eq!(exit(Class::Timeout, "57014"), Exit::Unavailable);
        assert_eq!(exit(Class::Statement, "42601"), Exit::Failed);
    }
}
