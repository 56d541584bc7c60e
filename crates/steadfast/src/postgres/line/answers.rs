//! What is expected of the server, and what came of it.

use std::sync::Arc;

use postgres_types::Oid;
use smallvec::SmallVec;
use steadfast_wire::{Backend, Report};

use super::failure::Failure;
use super::raw::{Field, RawRow};
use crate::error::Fault;
use crate::postgres::prepared::Prepared;
use crate::sql::Row;
use crate::verdict::{Class, Step};

/// The answers to one packet, in the order of its parts.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Answers {
    parts: SmallVec<[Part; 3]>,
    /// The part that is being answered.
    at: usize,
    /// How many parts were given away.
    given: usize,
    /// How many requests have been answered, and how many there are.
    answered: usize,
    requests: usize,
}

/// The answer to one statement, or one text of several.
#[derive(Debug)]
pub(in crate::postgres) struct Given {
    pub(in crate::postgres) taken: Taken,
    /// How many rows the statement affected.
    pub(in crate::postgres) affected: u64,
}

#[derive(Debug)]
struct Part {
    ends: Ends,
    /// Which request of the packet it belongs to.
    request: usize,
    taken: Taken,
    affected: u64,
    reported: Option<Box<Report>>,
    /// What came cannot be taken, though the server is content.
    ours: Option<Fault>,
    progress: Progress,
}

/// By what a part is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Completed,
    Described,
    Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Open,
    /// The server is done with it, and may still fail what it belongs to.
    Done,
    /// So is the server with the request.
    Settled,
}

/// What is kept of an answer.
#[derive(Debug, Default)]
pub(in crate::postgres) enum Taken {
    /// No rows.
    #[default]
    Nothing,
    /// The rows of a prepared statement.
    Rows(Arc<Prepared>, Vec<Row>),
    /// Rows as they come, with their columns where they were asked for.
    Raw(Vec<Field>, Vec<RawRow>),
    /// What a statement was described as: the types of its parameters, and its columns.
    Description(Vec<Oid>, Vec<Field>),
}

/// What the server waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// That COPY is ended; and whether a Sync has to follow.
    EndOfCopy { extended: bool },
}

impl Answers {
    /// The next part is a statement.
    pub(super) fn statement(&mut self, taken: Taken) {
        self.push(Ends::Completed, taken);
    }

    /// The next part is the description of a statement.
    pub(super) fn description(&mut self) {
        self.push(Ends::Described, Taken::Description(Vec::new(), Vec::new()));
    }

    /// The next part is a text, which is a request by itself.
    pub(super) fn text(&mut self, taken: Taken) {
        self.push(Ends::Ready, taken);
        self.requests += 1;
    }

    /// A request ends here.
    pub(super) fn sync(&mut self) {
        self.requests += 1;
    }

    /// True when something was sent, and all of it has been answered.
    pub(super) fn is_complete(&self) -> bool {
        self.requests > 0 && self.answered >= self.requests
    }

    /// Gives the answer to the next part. One that was skipped for the sake of an earlier one says that the connection
    /// is over, so look at that one first.
    pub(in crate::postgres) fn give(&mut self) -> Result<Given, Failure> {
        let part = self.parts.get_mut(self.given).ok_or(Failure::Over)?;
        self.given += 1;
        part.outcome()
    }

    /// The last part is not to be given away. All before it have been, or are not either.
    pub(super) fn skip(&mut self) {
        self.given = self.parts.len();
    }

    fn push(&mut self, ends: Ends, taken: Taken) {
        let request = self.requests;
        self.parts.push(Part {
            ends,
            request,
            taken,
            affected: 0,
            reported: None,
            ours: None,
            progress: Progress::Open,
        });
    }

    /// Takes a message.
    pub(super) fn hear(&mut self, tag: u8, body: &[u8]) -> Wanted {
        match tag {
            b'Z' => self.ready(),
            b'E' => self.failed(body),
            _ => return self.hear_part(tag, body),
        }
        Wanted::Nothing
    }

    fn hear_part(&mut self, tag: u8, body: &[u8]) -> Wanted {
        let alone = self.parts.get(self.at + 1).is_none();
        let Some(part) = self.parts.get_mut(self.at).filter(|part| part.request == self.answered) else {
            return Wanted::Nothing;
        };
        match tag {
            b'D' => part.row(body),
            b'C' => {
                part.affected = affected(Backend::command_tag(body));
                self.done(Ends::Completed);
            }
            b'I' => self.done(Ends::Completed),
            b'T' => {
                part.described(body);
                self.done(Ends::Described);
            }
            b'n' => self.done(Ends::Described),
            b't' => part.parameters(body),
            b'H' => part.ours = Some(copies()),
            // What was sent behind it ends the COPY by itself: it is no COPY data.
            b'G' if alone => return Wanted::EndOfCopy { extended: part.ends != Ends::Ready },
            _ => {}
        }
        Wanted::Nothing
    }

    /// A statement or a description is complete: the next part's turn.
    fn done(&mut self, by: Ends) {
        if let Some(part) = self.parts.get_mut(self.at).filter(|part| part.ends == by) {
            part.progress = Progress::Done;
            self.at += 1;
        }
    }

    /// An error. When all of a request is complete it is about the request as a whole, and so about its last part.
    fn failed(&mut self, body: &[u8]) {
        let of_request = |part: &Part| part.request == self.answered;
        let now = self.parts.get(self.at).filter(|part| of_request(part)).map(|_| self.at);
        let about = now.or_else(|| self.parts.iter().rposition(of_request));
        if let Some(part) = about.and_then(|at| self.parts.get_mut(at)) {
            part.reported.get_or_insert_with(|| Box::new(Report::read(body)));
        }
    }

    /// A request is answered. What failed has skipped the rest of it.
    fn ready(&mut self) {
        for part in self.parts.iter_mut().filter(|part| part.request == self.answered) {
            if part.progress == Progress::Done || part.ends == Ends::Ready {
                part.progress = Progress::Settled;
            }
        }
        self.answered += 1;
        let next = self.parts.iter().position(|part| part.request >= self.answered);
        self.at = next.unwrap_or(self.parts.len());
    }
}

impl Taken {
    /// Rows as they come.
    pub(in crate::postgres) const fn raw() -> Self {
        Self::Raw(Vec::new(), Vec::new())
    }
}

impl Given {
    /// The rows as they came.
    pub(in crate::postgres) fn raw(self) -> Vec<RawRow> {
        match self.taken {
            Taken::Raw(_, rows) => rows,
            Taken::Nothing | Taken::Rows(..) | Taken::Description(..) => Vec::new(),
        }
    }
}

impl Part {
    fn outcome(&mut self) -> Result<Given, Failure> {
        match (self.reported.take(), self.ours.take()) {
            (Some(report), _) => Err(Failure::Reported(report)),
            // Skipped for the sake of another part, or never answered.
            (None, _) if self.progress != Progress::Settled => Err(Failure::Over),
            (None, Some(fault)) => Err(Failure::Ours(fault)),
            (None, None) => Ok(Given { taken: std::mem::take(&mut self.taken), affected: self.affected }),
        }
    }

    /// Takes a row. All of them are heard, also when one cannot be read, so that the connection stays in step.
    fn row(&mut self, body: &[u8]) {
        match &mut self.taken {
            Taken::Raw(_, rows) => rows.push(RawRow::new(body)),
            Taken::Rows(prepared, rows) if self.ours.is_none() => {
                match prepared.columns().and_then(|columns| columns.row(body)) {
                    Ok(row) => rows.push(row),
                    Err(fault) => self.ours = Some(fault),
                }
            }
            Taken::Nothing | Taken::Rows(..) | Taken::Description(..) => {}
        }
    }

    fn described(&mut self, body: &[u8]) {
        if let Taken::Raw(fields, _) | Taken::Description(_, fields) = &mut self.taken {
            *fields = Field::read_all(body);
        }
    }

    fn parameters(&mut self, body: &[u8]) {
        if let Taken::Description(types, _) = &mut self.taken {
            let oids = body.get(2..).unwrap_or_default().as_chunks::<4>().0;
            *types = oids.iter().map(|oid| Oid::from_be_bytes(*oid)).collect();
        }
    }
}

/// The number at the end of a command's tag.
fn affected(tag: &[u8]) -> u64 {
    let digits = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let number = digits.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    });
    number.unwrap_or(0)
}

fn copies() -> Fault {
    Fault::new(
        Class::Statement,
        Step::Statement,
        "the statement is a COPY, whose data has no place among rows",
    )
    .with_remedy("use the client of tokio-postgres for it: PostgresConnection::client")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ERROR: &[u8] = b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0";

    fn hear(answers: &mut Answers, messages: &[(u8, &[u8])]) {
        for (tag, body) in messages {
            assert_eq!(answers.hear(*tag, body), Wanted::Nothing);
        }
    }

    fn given<const N: usize>(answers: &mut Answers) -> [Result<Given, Failure>; N] {
        std::array::from_fn(|_| answers.give())
    }

    fn three() -> Answers {
        let mut answers = Answers::default();
        answers.statement(Taken::Nothing);
        answers.statement(Taken::raw());
        answers.statement(Taken::Nothing);
        answers.sync();
        answers
    }

    #[test]
    fn each_part_has_its_own_answer() {
        let mut answers = three();
        hear(&mut answers, &[(b'1', b""), (b'2', b""), (b'C', b"BEGIN\0"), (b'N', ERROR), (b'2', b"")]);
        hear(&mut answers, &[(b'D', &[0, 1, 0, 0, 0, 1, b'x']), (b'C', b"INSERT 0 12\0")]);
        hear(&mut answers, &[(b'C', b"COMMIT\0")]);
        assert!(!answers.is_complete());
        hear(&mut answers, &[(b'Z', b"I")]);
        assert!(answers.is_complete());
        let [begun, statement, ended] = given(&mut answers);
        assert_eq!((begun.unwrap().affected, ended.unwrap().affected), (0, 0));
        let statement = statement.unwrap();
        assert_eq!(statement.affected, 12);
        assert_eq!(statement.raw()[0].text(0), Some("x"));
    }

    #[test]
    fn what_comes_behind_a_failure_is_skipped() {
        let mut answers = three();
        hear(&mut answers, &[(b'C', b"BEGIN\0"), (b'E', ERROR), (b'Z', b"E")]);
        assert!(answers.is_complete());
        let [begun, statement, ended] = given(&mut answers);
        assert!(begun.is_ok());
        assert!(matches!(statement, Err(Failure::Reported(report)) if report.code == "22012"));
        assert!(matches!(ended, Err(Failure::Over)), "it was never run");
    }

    #[test]
    fn a_statement_that_is_complete_can_still_fail_with_its_request() {
        let mut answers = Answers::default();
        answers.statement(Taken::Nothing);
        answers.sync();
        // A deferred constraint: the implicit COMMIT at the Sync fails, behind the tag.
        hear(&mut answers, &[(b'C', b"INSERT 0 1\0"), (b'E', ERROR), (b'Z', b"I")]);
        let [statement] = given(&mut answers);
        assert!(matches!(statement, Err(Failure::Reported(_))), "{statement:?}");
        let mut lost = Answers::default();
        lost.statement(Taken::Nothing);
        lost.sync();
        hear(&mut lost, &[(b'C', b"INSERT 0 1\0")]);
        let [statement] = given(&mut lost);
        assert!(matches!(statement, Err(Failure::Over)), "nobody knows: {statement:?}");
    }

    #[test]
    fn a_failed_text_does_not_stop_the_next_request() {
        let mut answers = Answers::default();
        answers.text(Taken::Nothing);
        answers.text(Taken::raw());
        hear(&mut answers, &[(b'E', ERROR), (b'Z', b"I"), (b'C', b"SET\0"), (b'T', b"\0\0")]);
        hear(&mut answers, &[(b'D', &[0, 1, 0, 0, 0, 1, b'2']), (b'C', b"SELECT 1\0"), (b'Z', b"I")]);
        let [first, second] = given(&mut answers);
        assert!(first.is_err());
        assert_eq!(second.unwrap().raw()[0].text(0), Some("2"));
    }

    #[test]
    fn a_description_tells_parameters_and_columns() {
        let mut answers = Answers::default();
        answers.description();
        answers.sync();
        let mut row = b"\0\x01id\0".to_vec();
        row.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        hear(&mut answers, &[(b'1', b""), (b't', &[0, 1, 0, 0, 0, 20]), (b'T', &row), (b'Z', b"I")]);
        let [described] = given(&mut answers);
        let Taken::Description(parameters, columns) = described.unwrap().taken else {
            panic!("not described")
        };
        assert_eq!((parameters, columns), (vec![20], vec![Field { name: "id".into(), ty: 23 }]));
    }

    #[test]
    fn a_copy_is_refused_unless_what_follows_does_so() {
        let mut answers = Answers::default();
        answers.statement(Taken::Nothing);
        answers.sync();
        assert_eq!(answers.hear(b'G', b""), Wanted::EndOfCopy { extended: true });
        let mut answers = three();
        assert_eq!(answers.hear(b'G', b""), Wanted::Nothing);
        assert_eq!(answers.hear(b'H', b""), Wanted::Nothing);
        hear(&mut answers, &[(b'C', b"COPY 3\0"), (b'C', b"SELECT 0\0"), (b'C', b"COMMIT\0"), (b'Z', b"I")]);
        let [copied, _, _] = given(&mut answers);
        assert!(matches!(copied, Err(Failure::Ours(_))), "{copied:?}");
    }

    proptest! {
        #[test]
        fn arbitrary_messages_never_panic(
            messages in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..30)), 0..20)
        ) {
            let mut answers = three();
            for (tag, body) in &messages {
                answers.hear(*tag, body);
            }
            let [_, _, _] = given(&mut answers);
        }
    }
}
