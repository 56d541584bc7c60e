//! The thread of one connection: it owns the connection, and does what its handle asks, one by one.

use std::sync::Arc;
use std::sync::mpsc;

use rusqlite::ErrorCode;

use crate::error::Fault;
use crate::outcome::MarkerTicket;
use crate::sql::{Access, marker};
use crate::sqlite::cancel::{wait_for_locks, without_patience};
use crate::sqlite::command::{Command, Operation, Reply, Want, Work};
use crate::sqlite::fault::{from_sqlite, rolled_back_instead};
use crate::sqlite::gate::Permit;
use crate::sqlite::notes::{Noted, Notes};
use crate::sqlite::place::{Opened, Place};
use crate::sqlite::statement::{Ran, Rules, is_several, run, run_each};
use crate::sqlite::status::Status;
use crate::verdict::{Class, Step};

/// An open connection on its thread.
#[derive(Debug)]
pub(super) struct Worker {
    opened: Opened,
    place: Place,
    notes: Notes,
    status: Arc<Status>,
    /// Held from the first write, or the beginning of a writing transaction, until SQLite is back in
    /// autocommit mode.
    permit: Option<Permit>,
    transaction: Option<Transaction>,
}

/// A transaction begun through the library.
#[derive(Debug)]
struct Transaction {
    access: Access,
    failed: bool,
    /// There is a savepoint to which a failed transaction can return.
    savepoint: bool,
}

impl Worker {
    /// Opens the database. Blocks; called on the connection's own thread.
    pub(super) fn open(place: Place, status: Arc<Status>) -> Result<Self, Fault> {
        wait_for_locks(Arc::clone(&status.cancel), place.options.busy_timeout);
        let notes = Notes::default();
        let opened = place.open(&status.cancel, &notes)?;
        Ok(Self { opened, place, notes, status, permit: None, transaction: None })
    }

    /// Obeys until the handle is dropped or says goodbye.
    pub(super) fn work(mut self, commands: &mpsc::Receiver<Command>) {
        while let Ok(command) = commands.recv() {
            self.status.cancel.start(command.number);
            if let Operation::Close = command.operation {
                self.say_goodbye();
                drop(self);
                drop(command.reply.send(Ok(Reply::Done)));
                return;
            }
            if command.permit.is_some() {
                self.permit = command.permit;
            }
            let result = self.obey(command.operation);
            let at_rest = self.opened.connection.is_autocommit();
            if at_rest {
                self.permit = None;
            }
            self.status.set_open(!at_rest);
            // Nobody there any more: the handle learns the rest from the status.
            drop(command.reply.send(result));
        }
    }

    fn obey(&mut self, operation: Operation) -> Result<Reply, Fault> {
        match operation {
            Operation::Run { begin, work } => {
                let result = match begin {
                    Some(access) => self.begin(access).and_then(|()| self.run(work)),
                    None => self.run(work),
                };
                if result.is_err() {
                    self.fail();
                }
                result
            }
            Operation::Commit(marker) => self.commit(marker),
            Operation::Rollback => self.rollback().map(|()| Reply::Done),
            Operation::Ping => self.ping(),
            Operation::Clean => self.clean(),
            Operation::Close => Ok(Reply::Done),
        }
    }

    fn begin(&mut self, access: Access) -> Result<(), Fault> {
        self.transaction = Some(Transaction { access, failed: false, savepoint: false });
        self.control(
            Step::Statement,
            match access {
                Access::ReadWrite => "BEGIN IMMEDIATE",
                Access::ReadOnly => "BEGIN DEFERRED",
            },
        )
    }

    fn run(&mut self, work: Work) -> Result<Reply, Fault> {
        let rules = self.rules();
        if work.want == Want::Batch {
            return self.batch(rules, work);
        }
        let (ran, noted) =
            run(&self.opened.connection, &self.notes, rules, (&work.sql, &work.params, work.want));
        self.note(noted, ran.is_ok());
        Ok(match ran? {
            Ran::Count(count) => Reply::Count(count),
            Ran::Rows(rows) => Reply::Rows(rows),
            Ran::NeedsPermit => Reply::NeedsPermit(work),
        })
    }

    /// Several statements outside a transaction get one of their own, as on PostgreSQL. A single one does not:
    /// some (VACUUM) cannot run in one.
    fn batch(&mut self, rules: Rules, work: Work) -> Result<Reply, Fault> {
        if !rules.in_transaction && !rules.permitted {
            return Ok(Reply::NeedsPermit(work));
        }
        let (several, noted) = is_several(&self.opened.connection, &self.notes, &work.sql);
        self.note(noted, false);
        let wrapped = several && self.opened.connection.is_autocommit();
        if wrapped {
            self.control(Step::Statement, "BEGIN IMMEDIATE")?;
        }
        let rules = Rules { in_transaction: rules.in_transaction || wrapped, ..rules };
        let (result, noted) = run_each(&self.opened.connection, &self.notes, rules, &work.sql);
        self.note(noted, result.is_ok());
        if !wrapped {
            return result.map(|()| Reply::Done);
        }
        let result = result.and_then(|()| self.control(Step::Commit, "COMMIT"));
        if result.is_err() {
            self.rollback()?;
        }
        result.map(|()| Reply::Done)
    }

    fn rules(&self) -> Rules {
        let transaction = self.transaction.as_ref();
        Rules {
            in_transaction: transaction.is_some(),
            failed: transaction.is_some_and(|transaction| transaction.failed),
            read_only: transaction.is_some_and(|transaction| transaction.access == Access::ReadOnly),
            permitted: self.permit.is_some(),
        }
    }

    fn note(&mut self, noted: Noted, succeeded: bool) {
        if noted.changes_settings() {
            // Also when the statement failed: SQLite obeys some pragmas while it prepares them.
            self.status.set_changed(true);
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.savepoint |= noted.sets_savepoint();
            transaction.failed &= !(succeeded && noted.returns_to_savepoint());
        }
    }

    /// A statement of a transaction failed, and so has the transaction: its locks are given up at once, unless
    /// there is a savepoint to return to.
    fn fail(&mut self) {
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        transaction.failed = true;
        if !transaction.savepoint && !self.opened.connection.is_autocommit() {
            // When even that fails, COMMIT is never sent, and the rollback before reuse reports the fault.
            drop(self.control(Step::Statement, "ROLLBACK"));
        }
    }

    fn commit(&mut self, ticket: Option<MarkerTicket>) -> Result<Reply, Fault> {
        let transaction = self.transaction.take();
        if transaction.as_ref().is_some_and(|transaction| transaction.failed) {
            self.rollback()?;
            return Err(rolled_back_instead("one of its statements had failed"));
        }
        if self.opened.connection.is_autocommit() {
            return match transaction {
                None => Ok(Reply::Done),
                Some(_) => Err(rolled_back_instead("SQLite had ended it before")),
            };
        }
        if let Some(ticket) = ticket
            && let Err(fault) = self.control(Step::Commit, &marker::insert_statement(ticket))
        {
            self.rollback()?;
            let about_marker = |text: Option<&str>| text.is_some_and(|text| text.contains(marker::TABLE));
            return Err(if about_marker(fault.constraint()) {
                marker::fenced()
            } else if about_marker(Some(fault.summary())) {
                marker::no_table(fault)
            } else {
                fault
            });
        }
        let committed = self.opened.connection.execute_batch("COMMIT");
        // Noted about our own COMMIT; the next statement must not be taken for it.
        self.notes.take();
        match committed {
            Ok(()) => Ok(Reply::Done),
            Err(error) => {
                let fault = from_sqlite(Step::Commit, &error);
                let reached_disk = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
                self.rollback()?;
                // What was written before the disk failed may be found complete after a crash.
                Err(if reached_disk { fault.with_unknown_outcome() } else { fault })
            }
        }
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.transaction = None;
        if self.opened.connection.is_autocommit() {
            return Ok(());
        }
        self.control(Step::Clean, "ROLLBACK")
    }

    /// A statement of our own; what the authorizer notes about it is not the caller's doing.
    fn control(&self, step: Step, sql: &str) -> Result<(), Fault> {
        let result = self.opened.connection.execute_batch(sql);
        self.notes.take();
        result.map_err(|error| from_sqlite(step, &error))
    }

    /// Reads the first page and looks whether the file is still the same. That somebody holds a lock is an
    /// answer too.
    fn ping(&self) -> Result<Reply, Fault> {
        let now = self.place.identity();
        if now != self.opened.identity {
            return Err(self.place.replaced(now));
        }
        let version = without_patience(|| {
            self.opened.connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0))
        });
        match version {
            Ok(_) => Ok(Reply::Done),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(Reply::Done),
                _ => {
                    let fault = from_sqlite(Step::Ping, &error);
                    // A ping decides about this connection, and this one cannot read the database.
                    let class = if fault.class().condemns_connection() {
                        fault.class()
                    } else {
                        Class::ConnectionLost
                    };
                    let text = fault.summary().to_owned();
                    let ping = Fault::new(class, Step::Ping, text).with_source(error);
                    Err(fault.code().map_or_else(|| ping.clone(), |code| ping.clone().with_code(code)))
                }
            },
        }
    }

    /// Settings are restored by opening the database again: there is no list of them that could be complete.
    fn clean(&mut self) -> Result<Reply, Fault> {
        self.rollback().map_err(|fault| fault.in_step(Step::Clean))?;
        if self.status.is_changed() {
            self.opened = self
                .place
                .open(&self.status.cancel, &self.notes)
                .map_err(|fault| fault.in_step(Step::Clean))?;
            self.status.set_changed(false);
        }
        Ok(Reply::Done)
    }

    /// Lets SQLite note what it has learnt about the tables, when nobody else is writing.
    fn say_goodbye(&mut self) {
        let result =
            self.rollback().and_then(|()| without_patience(|| self.control(Step::Close, "PRAGMA optimize")));
        if let Err(fault) = result {
            tracing::debug!(%fault, "a SQLite connection is closed without optimizing");
        }
    }
}
