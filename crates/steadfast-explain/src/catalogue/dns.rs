//! From name to address.

use super::says;
use crate::client::Client::{Asyncpg, Go, Jdbc, Libpq, NodePostgres, Steadfast, System};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const DNS: Entry = Entry::in_layer(Layer::Dns);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "host-not-found",
        title: "The host's name has no address",
        wordings: &[
            says(Libpq, "could not translate host name \"*\" to address"),
            says(Libpq, "failed to resolve host"),
            says(System, "failed to lookup address information"),
            says(System, "Name or service not known"),
            says(System, "nodename nor servname provided, or not known"),
            says(System, "No address associated with hostname"),
            says(Asyncpg, "socket.gaierror"),
            says(NodePostgres, "getaddrinfo ENOTFOUND"),
            says(Jdbc, "java.net.UnknownHostException"),
            says(Go, "lookup * no such host"),
            says(Steadfast, "the host name * has no address:"),
        ],
        happened: "The resolver was asked for the host's address and has none.",
        causes: &[
            "a slip in the name, or a sign in the password that cuts the URL in the wrong place",
            "a private name (`.internal`, `.railway.internal`, the name of a container) used outside its network",
            "a private name used while the image is being built: private networks exist at run time only",
        ],
        remedies: &[
            "Ask the resolver where the program runs: `getent hosts NAME`.",
            "From outside, use the database's public URL (Railway: DATABASE_PUBLIC_URL).",
            "Move migrations and other work on the database from building to starting.",
        ],
        retry: Retry::Backoff,
        steadfast: "Goes on trying, since names appear late on some platforms, and shows host and resolver's answer.",
        related: &["dns-temporary-failure", "url-password-encoding", "placeholder-not-replaced"],
        ..DNS
    },
    Entry {
        id: "dns-temporary-failure",
        title: "The resolver itself does not answer",
        wordings: &[
            says(System, "Temporary failure in name resolution"),
            says(
                Libpq,
                "could not translate host name \"*\" to address: Temporary failure in name resolution",
            ),
            says(NodePostgres, "getaddrinfo EAI_AGAIN"),
            says(Go, "lookup * server misbehaving"),
        ],
        happened: "No name server could be asked: nothing is known about the name.",
        causes: &[
            "the network of the container is not up yet, or has no name server",
            "the name server is overloaded or gone",
        ],
        remedies: &[
            "Try again: within the first seconds of a container this is usual.",
            "Look at `/etc/resolv.conf` in the container, and try another name.",
        ],
        retry: Retry::Backoff,
        steadfast: "Tries again like any other failure to connect; `steadfast wait` bridges a slow start.",
        related: &["host-not-found"],
        ..DNS
    },
];
