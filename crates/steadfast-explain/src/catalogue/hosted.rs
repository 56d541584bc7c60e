//! The proxies of hosted databases: Supavisor, Neon.

use super::says;
use crate::client::Client::{Neon, Steadfast, Supavisor};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const POOLER: Entry = Entry::in_layer(Layer::Pooler);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "tenant-not-found",
        title: "Supabase's pooler does not know the project",
        codes: &["XX000"],
        wordings: &[
            says(Supavisor, "Tenant or user not found"),
            says(Supavisor, "tenant/user * not found"),
            says(Supavisor, "no tenant identifier provided"),
            says(Steadfast, "Supabase's pooler needs the user as `postgres.PROJECT_REF`"),
        ],
        happened: "Supavisor finds the database by the user's name, and this one names no project in its region.",
        causes: &[
            "the user is `postgres` instead of `postgres.PROJECT_REF`",
            "the host is of another region, or of another cluster (`aws-0`, `aws-1`)",
            "the project is paused",
        ],
        remedies: &[
            "Copy the pooler's connection string anew from the project's page (Connect).",
            "Wake a paused project in the dashboard.",
        ],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["pooler-session-full", "no-route"],
        ..POOLER
    },
    Entry {
        id: "pooler-session-full",
        title: "The pooler's session mode is full",
        codes: &["XX000"],
        wordings: &[
            says(Supavisor, "MaxClientsInSessionMode: max clients reached"),
            says(Supavisor, "max clients reached in session mode"),
            says(Supavisor, "max clients reached"),
            says(Supavisor, "Max client connections reached"),
            says(Steadfast, "the pooler's session mode is full"),
            says(Steadfast, "the pooler accepts no more clients"),
        ],
        happened: "In session mode each client holds a server connection for as long as it is connected, and all are held.",
        causes: &["pools of all processes together exceed the pool size of the plan"],
        remedies: &["Use transaction mode (port 6543), with prepared statements off.", "Or smaller pools."],
        retry: Retry::Backoff,
        steadfast: "Keeps its good connections in use, and tries again gently.",
        related: &["too-many-connections", "prepared-statement-exists"],
        ..POOLER
    },
    Entry {
        id: "endpoint-not-specified",
        title: "Neon was not told which database",
        wordings: &[
            says(Neon, "The endpoint ID is not specified"),
            says(Neon, "Endpoint ID is not specified"),
            says(Neon, "Inconsistent project name inferred from SNI"),
            says(Steadfast, "Neon finds the database by the TLS server name"),
        ],
        happened: "Neon's proxy finds the database by the name in the TLS handshake (SNI), and there was none.",
        causes: &[
            "a client with a libpq older than 14, or without TLS",
            "the host was replaced by its address",
        ],
        remedies: &[
            "Connect by name and with TLS.",
            "Else put the endpoint into the options: `?options=endpoint%3DENDPOINT_ID`.",
        ],
        steadfast: "Always sends the name with TLS.",
        related: &["tls-required", "compute-node-unreachable"],
        ..POOLER
    },
    Entry {
        id: "compute-node-unreachable",
        title: "Neon is waking the database up",
        wordings: &[
            says(Neon, "Couldn't connect to compute node"),
            says(Neon, "Control plane request failed"),
            says(Neon, "compute time quota"),
            says(Steadfast, "Neon is waking the database up"),
        ],
        happened: "The proxy took the connection, and the database behind it is asleep, being moved or over its quota.",
        causes: &[
            "a cold start after it had scaled to zero",
            "a restart of the compute",
            "the month's compute time is used up",
        ],
        remedies: &[
            "Try again: a start takes from half a second to a few seconds.",
            "If it stays so, look at the project's page for its quota and state.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits as for a server that is starting; with min_idle=0 and no traffic it lets the database sleep.",
        related: &["starting-up", "closed-while-connecting"],
        ..POOLER
    },
];
