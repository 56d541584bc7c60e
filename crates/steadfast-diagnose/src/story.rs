//! The entries of the catalogue that findings link to.

use steadfast::Fault;

macro_rules! stories {
    ($($name:ident = $id:literal;)*) => {
        $(pub(crate) const $name: &str = $id;)*

        #[cfg(test)]
        const ALL: &[&str] = &[$($id),*];
    };
}

stories! {
    PLACEHOLDER = "placeholder-not-replaced";
    BLANK_IN_URL = "url-not-understood";
    EMPTY_URL = "database-url-empty";
    SSLMODE = "sslmode-invalid";
    UNKNOWN_PARAMETER = "url-parameter-unknown";
    OTHER_SERVICE = "url-of-another-service";
    UNENCODED_PASSWORD = "url-password-encoding";
    HOST_NOT_FOUND = "host-not-found";
    NO_ROUTE = "no-route";
    CONNECTION_REFUSED = "connection-refused";
    CONNECT_TIMEOUT = "connect-timeout";
    NO_SOCKET = "local-socket-missing";
    SOCKET_FORBIDDEN = "socket-not-permitted";
    CLOSED_AT_ONCE = "closed-while-connecting";
    HTTP_PORT = "http-port";
    MYSQL_PORT = "mysql-port";
    REDIS_PORT = "redis-port";
    SSH_PORT = "ssh-port";
    OTHER_PORT = "not-postgresql";
    CERTIFICATE_EXPIRED = "certificate-expired";
    CERTIFICATE_NAME = "certificate-wrong-name";
    CERTIFICATE_AUTHORITY = "certificate-marked-as-authority";
    CERTIFICATE_UNTRUSTED = "certificate-unknown-issuer";
    PIN = "certificate-pin-mismatch";
    NO_ENTRY = "hba-no-entry";
    NO_TLS = "server-without-tls";
    ROOT_MISSING = "root-certificate-missing";
    TOO_MANY = "too-many-connections";
    TOO_MANY_FOR_ROLE = "too-many-connections-for-role";
    IDLE_SESSION = "idle-session-timeout";
    IDLE_IN_TRANSACTION = "idle-in-transaction-timeout";
    TRANSACTION_TIMEOUT = "transaction-timeout";
    SILENT_PATH = "silent-path";
    RESET = "connection-reset";
    LOST = "closed-unexpectedly";
    READ_ONLY = "read-only-server";
    PREPARED = "prepared-statement-missing";
    POOLER_SETTINGS = "pooler-startup-parameter";
    NO_TABLE = "relation-unknown";
    NO_RIGHT = "permission-denied";
    SLOW = "statement-timeout";
    LOCKED = "lock-timeout";
    SQLITE_CORRUPT = "sqlite-corrupt";
    SQLITE_BUSY = "sqlite-busy";
    SQLITE_CANNOT_OPEN = "sqlite-cannot-open";
    SQLITE_FULL = "sqlite-disk-full";
}

/// The entry that tells of a fault, when its words are known.
pub(crate) fn of_fault(fault: &Fault) -> Option<&'static str> {
    let code = fault.code().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
    of_text(&format!("{}{code}", fault.summary()))
}

/// The entry that tells of an error text.
pub(crate) fn of_text(text: &str) -> Option<&'static str> {
    steadfast_explain::recognise(text).best().map(|best| best.entry.id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_entry_that_is_linked_to_exists() {
        let missing: Vec<_> = super::ALL.iter().filter(|id| steadfast_explain::entry(id).is_none()).collect();
        assert!(missing.is_empty(), "the catalogue does not have {missing:?}");
    }
}
