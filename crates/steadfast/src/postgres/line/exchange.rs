//! A call: a packet is sent, and what is expected is waited for.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres_types::{Kind, Oid, Type};
use steadfast_wire::TransactionStatus;
use tokio_postgres::Client;

use super::answers::{Answers, Given, Taken};
use super::failure::Failure;
use super::lent::introduce;
use super::packet::Packet;
use super::raw::{Field, RawRow};
use super::wire::Wire;
use crate::error::Fault;
use crate::postgres::driver::ConnectionEngine;
use crate::postgres::observed::Observed;
use crate::postgres::standing;
use crate::sql::Value;
use crate::sync::Mutex;

/// What is said to the server. One call at a time.
#[derive(Debug)]
pub(in crate::postgres) struct Line {
    engine: Arc<ConnectionEngine>,
    observed: Arc<Observed>,
    /// Types of the database's own, by their number.
    types: Mutex<BTreeMap<Oid, Type>>,
}

impl Line {
    pub(in crate::postgres) fn new(engine: Arc<ConnectionEngine>, observed: Arc<Observed>) -> Self {
        Self { engine, observed, types: Mutex::new(BTreeMap::new()) }
    }

    /// Sends what `compose` writes, takes the answers, and completes when all of it is answered, or cannot be any more: what is missing
    /// says then that the connection is over. What keeps the session [read-only](standing) for its reads is lifted in front of it.
    ///
    /// # Errors
    /// What was to be sent cannot be; nothing was.
    ///
    /// # Cancel safety
    /// Dropped before anything was sent, nothing is; after that the answer is read and thrown away.
    pub(in crate::postgres) fn exchange<'a, F>(
        &'a self,
        answers: &'a mut Answers,
        compose: F,
    ) -> Exchange<'a, F>
    where
        F: FnOnce(&mut Packet<'_>) -> Result<(), Fault>,
    {
        Exchange { line: self, answers, compose: Some(compose), lifts: true, listens: false }
    }

    /// Runs statements as one text and gives their rows, whose values are texts.
    pub(in crate::postgres) async fn text(&self, sql: &str) -> Result<Vec<RawRow>, Failure> {
        let mut answers = Answers::default();
        self.exchange(&mut answers, |packet| packet.query(sql, Taken::raw())).await?;
        answers.give().map(Given::raw)
    }

    /// Runs statements as one text.
    pub(in crate::postgres) async fn run(&self, sql: &str) -> Result<(), Failure> {
        let mut answers = Answers::default();
        self.exchange(&mut answers, |packet| packet.query(sql, Taken::Nothing)).await?;
        answers.give().map(drop)
    }

    /// Asks without a prepared statement, as works through every pooler. Values are in binary form.
    pub(in crate::postgres) async fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<RawRow>, Failure> {
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            packet.untyped(sql, params, Taken::raw())?;
            packet.sync();
            Ok(())
        };
        self.exchange(&mut answers, compose).await?;
        answers.give().map(Given::raw)
    }

    /// One round trip that does nothing.
    pub(in crate::postgres) async fn ping(&self) -> Result<(), Failure> {
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            packet.sync();
            Ok(())
        };
        self.exchange(&mut answers, compose).of_a_read(true).await?;
        if answers.is_complete() { Ok(()) } else { Err(Failure::Over) }
    }

    /// Names and types of columns.
    pub(in crate::postgres) async fn columns(
        &self,
        fields: Vec<Field>,
    ) -> Result<Vec<(String, Type)>, Failure> {
        let mut columns = Vec::with_capacity(fields.len());
        for Field { name, ty } in fields {
            columns.push((name, self.type_of(ty).await?));
        }
        Ok(columns)
    }

    /// A type by its number. The server is asked for those of the database's own, once.
    pub(in crate::postgres) async fn type_of(&self, oid: Oid) -> Result<Type, Failure> {
        let mut domains = Vec::new();
        let mut number = oid;
        let mut ty = loop {
            let known = Type::from_oid(number).or_else(|| self.types.lock().get(&number).cloned());
            if let Some(ty) = known {
                break ty;
            }
            let rows = self.ask(TYPE, &[Value::Int(number.into())]).await?;
            let text = |index| rows.first().and_then(|row| row.text(index));
            let name = text(0).map_or_else(|| format!("number {number}"), str::to_owned);
            let schema = text(2).unwrap_or_default().to_owned();
            match text(1) {
                Some("d") => {
                    domains.push((name, number, schema));
                    number = rows.first().map_or(Ok(0), |row| row.number(3))?;
                }
                Some("e") => break self.learn(Type::new(name, number, Kind::Enum(Vec::new()), schema)),
                _ => break self.learn(Type::new(name, number, Kind::Simple, schema)),
            }
        };
        for (name, number, schema) in domains.into_iter().rev() {
            ty = self.learn(Type::new(name, number, Kind::Domain(ty), schema));
        }
        Ok(ty)
    }

    fn learn(&self, ty: Type) -> Type {
        self.types.lock().insert(ty.oid(), ty.clone());
        ty
    }

    /// A client of the driver's on this connection.
    pub(in crate::postgres) fn lend(&self) -> Client {
        let (process, secret) = self.observed.key();
        let key = (process, secret.as_slice());
        let client = self.engine.with(|wire| match wire {
            Some(wire) => wire.lend(|stream| introduce(Some(stream), key)),
            // Its half is gone at once, so that it knows.
            None => introduce(None, key).0,
        });
        self.engine.ring();
        client
    }

    /// In a transaction there is nothing to be lifted: it began with something that was no read.
    fn lift(&self, packet: &mut Packet<'_>) -> Result<(), Fault> {
        let possible = self.observed.standing().interrupt();
        if possible && self.observed.status() == TransactionStatus::Idle {
            packet.query_aside(standing::LIFT)?;
        }
        Ok(())
    }

    /// How much room its buffers have.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.engine.with(|wire| wire.map_or(0, |wire| wire.room()))
    }

    /// Says goodbye, and closes the socket.
    pub(in crate::postgres) fn terminate(&self) {
        self.engine.with(|wire| wire.map(Wire::terminate));
        self.engine.ring();
    }
}

const TYPE: &str = "SELECT t.typname, t.typtype::text, n.nspname, t.typbasetype FROM pg_catalog.pg_type t \
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = $1::oid";

/// See [`Line::exchange`].
#[derive(Debug)]
#[must_use]
pub(in crate::postgres) struct Exchange<'a, F> {
    line: &'a Line,
    answers: &'a mut Answers,
    /// `None` as soon as it was used.
    compose: Option<F>,
    /// It may be more than a read.
    lifts: bool,
    /// The wire knows of us.
    listens: bool,
}

// Nothing in it is pinned: what composes is moved out when it is called.
impl<F> Unpin for Exchange<'_, F> {}

impl<F> Future for Exchange<'_, F>
where
    F: FnOnce(&mut Packet<'_>) -> Result<(), Fault>,
{
    type Output = Result<(), Fault>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let engine = &this.line.engine;
        let (outcome, rings) = engine.with(|wire| match wire {
            Some(wire) => (this.step(wire, cx), wire.is_due()),
            None => (this.give_up(), false),
        });
        if rings {
            this.line.engine.ring();
        }
        outcome
    }
}

impl<F> Exchange<'_, F>
where
    F: FnOnce(&mut Packet<'_>) -> Result<(), Fault>,
{
    /// Whether a read-only session does for it as well.
    pub(in crate::postgres) fn of_a_read(mut self, whether: bool) -> Self {
        self.lifts = !whether;
        self
    }

    fn step(&mut self, wire: &mut Wire, cx: &Context<'_>) -> Poll<Result<(), Fault>> {
        if self.listens && wire.deliver(self.answers) {
            self.listens = false;
            return Poll::Ready(Ok(()));
        }
        if wire.is_over() {
            if self.listens {
                wire.abandon();
            }
            return self.give_up();
        }
        if wire.is_free()
            && let Some(compose) = self.compose.take()
        {
            let mut packet = Packet::new(wire.compose(), self.answers);
            let lifted = if self.lifts { self.line.lift(&mut packet) } else { Ok(()) };
            if let Err(fault) = lifted.and_then(|()| compose(&mut packet)) {
                wire.abandon();
                return Poll::Ready(Err(fault));
            }
            wire.listen();
            self.listens = true;
        }
        wire.wait(cx.waker());
        Poll::Pending
    }

    /// Nothing more will come.
    fn give_up(&mut self) -> Poll<Result<(), Fault>> {
        self.listens = false;
        Poll::Ready(Ok(()))
    }
}

impl<F> Drop for Exchange<'_, F> {
    fn drop(&mut self) {
        if self.listens {
            self.line.engine.with(|wire| wire.map(Wire::abandon));
            self.line.engine.ring();
        }
    }
}
