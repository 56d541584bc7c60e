//! How far a connect has come, for the day on which it stops coming further.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::Fault;
use crate::time::Duration;
use crate::verdict::{Class, Step};

use super::observed::Observed;

/// The step that runs at present. The lock is held for an assignment only.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Stage>);

#[derive(Debug, Clone)]
struct Stage {
    step: Step,
    doing: String,
    observed: Option<Arc<Observed>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Stage { step: Step::Resolve, doing: "beginning".to_owned(), observed: None }))
    }

    /// A step begins.
    pub(super) fn at(&self, step: Step, doing: impl Into<String>) {
        *self.0.lock() = Stage { step, doing: doing.into(), observed: None };
    }

    /// The driver takes over: what it does is read off the tap.
    pub(super) fn handed_to_driver(&self, doing: impl Into<String>, observed: Arc<Observed>) {
        *self.0.lock() = Stage { step: Step::Authenticate, doing: doing.into(), observed: Some(observed) };
    }

    /// The fault of a connect that was given up after this time.
    pub(super) fn timed_out(&self, after: Duration) -> Fault {
        let Stage { step, doing, observed } = self.0.lock().clone();
        let silent = observed.as_ref().is_some_and(|observed| observed.bytes().0 == 0);
        let step =
            if observed.is_some_and(|observed| observed.is_authenticated()) { Step::Startup } else { step };
        let remedy = match step {
            Step::Resolve => "the name server does not answer: check the network's DNS",
            Step::Dial => {
                "nobody answers: a firewall drops the packets, the address is wrong, or the host is down"
            }
            Step::Tls => {
                "something accepts connections there and does not speak TLS in time: a stuck proxy, or another service"
            }
            Step::Authenticate if silent => {
                "something accepts connections there and says nothing: a stuck proxy, a frozen server, or another service"
            }
            Step::Authenticate | Step::Startup => {
                "the server is overloaded, or a pooler waits for the database behind it"
            }
            Step::Ping | Step::Statement | Step::Commit | Step::Settle | Step::Clean | Step::Close => {
                "the server does not answer in time"
            }
        };
        Fault::new(
            Class::Unreachable,
            step,
            format!("no answer within {:.1} s while {doing}", after.as_secs_f64()),
        )
        .with_remedy(remedy)
    }
}
