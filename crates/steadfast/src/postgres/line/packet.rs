//! What is sent, and with it what is expected.

use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend::{self, BindError};
use postgres_types::{Format, ToSql as _, Type};

use super::answers::{Answers, Taken};
use crate::error::Fault;
use crate::postgres::parameters::Parameter;
use crate::postgres::prepared::Prepared;
use crate::sql::Value;
use crate::verdict::{Class, Step};

/// Messages, one behind the other, and the answers to them.
#[derive(Debug)]
pub(in crate::postgres) struct Packet<'a> {
    bytes: &'a mut BytesMut,
    answers: &'a mut Answers,
}

/// Rows come in the server's binary form.
const BINARY: [i16; 1] = [1];

impl<'a> Packet<'a> {
    pub(super) fn new(bytes: &'a mut BytesMut, answers: &'a mut Answers) -> Self {
        Self { bytes, answers }
    }

    /// Runs a statement without parameters that gives no rows.
    pub(in crate::postgres) fn command(&mut self, text: &str) -> Result<(), Fault> {
        frontend::parse("", text, [], self.bytes).map_err(unsendable)?;
        self.bind("", &[], &[])?;
        self.execute(Taken::Nothing)
    }

    /// Runs a prepared statement. Parameters beyond the known types are sent as text.
    pub(in crate::postgres) fn prepared(
        &mut self,
        name: &str,
        types: &[Type],
        params: &[Value],
        taken: Taken,
    ) -> Result<(), Fault> {
        self.bind(name, types, params)?;
        self.execute(taken)
    }

    /// The same for one whose rows are wanted.
    pub(in crate::postgres) fn rows_of(
        &mut self,
        prepared: Arc<Prepared>,
        params: &[Value],
    ) -> Result<(), Fault> {
        self.bind(&prepared.name, &prepared.parameters, params)?;
        self.execute(Taken::Rows(prepared, Vec::new()))
    }

    /// Runs a statement that is not prepared: parameters go as text, and the server finds out their types.
    pub(in crate::postgres) fn untyped(
        &mut self,
        text: &str,
        params: &[Value],
        taken: Taken,
    ) -> Result<(), Fault> {
        frontend::parse("", text, [], self.bytes).map_err(unsendable)?;
        self.bind("", &[], params)?;
        frontend::describe(b'P', "", self.bytes).map_err(unsendable)?;
        self.execute(taken)
    }

    /// Prepares a statement, with the types of its parameters where they are given.
    pub(in crate::postgres) fn prepare(
        &mut self,
        name: &str,
        text: &str,
        types: &[Type],
    ) -> Result<(), Fault> {
        frontend::parse(name, text, types.iter().map(Type::oid), self.bytes).map_err(unsendable)
    }

    /// The same for one that may be there already, because its answer was not waited for.
    pub(in crate::postgres) fn prepare_anew(
        &mut self,
        name: &str,
        text: &str,
        types: &[Type],
    ) -> Result<(), Fault> {
        self.close(name)?;
        self.prepare(name, text, types)
    }

    /// Asks for the types of a prepared statement's parameters and columns.
    pub(in crate::postgres) fn describe(&mut self, name: &str) -> Result<(), Fault> {
        frontend::describe(b'S', name, self.bytes).map_err(unsendable)?;
        self.answers.description();
        Ok(())
    }

    /// Gives a prepared statement up. It need not be there.
    pub(in crate::postgres) fn close(&mut self, name: &str) -> Result<(), Fault> {
        frontend::close(b'S', name, self.bytes).map_err(unsendable)
    }

    /// Ends a request of the messages so far.
    pub(in crate::postgres) fn sync(&mut self) {
        frontend::sync(self.bytes);
        self.answers.sync();
    }

    /// A request by itself: statements as one text.
    pub(in crate::postgres) fn query(&mut self, text: &str, taken: Taken) -> Result<(), Fault> {
        frontend::query(text, self.bytes).map_err(unsendable)?;
        self.answers.text(taken);
        Ok(())
    }

    /// The same, and nobody will ask for the answer.
    pub(in crate::postgres) fn query_aside(&mut self, text: &str) -> Result<(), Fault> {
        self.query(text, Taken::Nothing)?;
        self.answers.skip();
        Ok(())
    }

    fn execute(&mut self, taken: Taken) -> Result<(), Fault> {
        frontend::execute("", 0, self.bytes).map_err(unsendable)?;
        self.answers.statement(taken);
        Ok(())
    }

    fn bind(&mut self, name: &str, types: &[Type], params: &[Value]) -> Result<(), Fault> {
        let ty = |index: usize| types.get(index).unwrap_or(&Type::UNKNOWN);
        let formats =
            params.iter().enumerate().map(|(index, value)| match Parameter(value).encode_format(ty(index)) {
                Format::Binary => 1,
                Format::Text => 0,
            });
        let mut number = 0;
        let bound = frontend::bind(
            "",
            name,
            formats,
            params.iter().enumerate(),
            |(index, value), out| {
                number = index + 1;
                Parameter(value).to_sql(ty(index), out).map(|null| match null {
                    postgres_types::IsNull::Yes => IsNull::Yes,
                    postgres_types::IsNull::No => IsNull::No,
                })
            },
            BINARY,
            self.bytes,
        );
        bound.map_err(|error| match error {
            BindError::Conversion(error) => {
                Fault::new(Class::Statement, Step::Statement, format!("parameter ${number}: {error}"))
                    .with_remedy("give each $n of the statement one value of its type")
            }
            BindError::Serialization(error) => unsendable(error),
        })
    }
}

/// Ends the COPY that the server waits for.
pub(super) fn refuse_copy(extended: bool, out: &mut BytesMut) {
    const REASON: &str = "COPY FROM STDIN needs the client of tokio-postgres: PostgresConnection::client";
    // It cannot fail: the text is short and without NUL.
    if frontend::copy_fail(REASON, out).is_ok() && extended {
        // The one that was sent with the statement was swallowed.
        frontend::sync(out);
    }
}

fn unsendable(error: std::io::Error) -> Fault {
    Fault::new(Class::Statement, Step::Statement, format!("a message for the server cannot be written: {error}"))
        .with_remedy(
            "the statement or a value cannot be sent (a NUL character in text, more than 65535 parameters, or more than \
             two gigabytes)",
        )
        .with_source(error)
}
