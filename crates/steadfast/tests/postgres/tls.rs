//! TLS against real servers: every sslmode, pins, channel binding, client certificates, and errors in words.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use super::support::{self, connector, is_ready};
use steadfast::Fault;
use steadfast::config::{ChannelBinding, PostgresOptions, SslMode};
use steadfast::connector::{Alarm, Connector as _};
use steadfast::postgres::PostgresConnection;
use steadfast::sql::SqlConnection as _;
use steadfast::verdict::{Class, Step};
use steadfast_test::{Certificates, Mode, Postgres};
use tokio::sync::OnceCell;

const HBA: &str = "local all all trust\n\
    hostssl all scram 127.0.0.1/32 scram-sha-256\n\
    hostnossl all scram 127.0.0.1/32 scram-sha-256\n\
    hostssl all tls_only 127.0.0.1/32 trust\n\
    hostnossl all plain_only 127.0.0.1/32 trust\n\
    hostssl all certified 127.0.0.1/32 cert\n\
    host all postgres 127.0.0.1/32 trust\n";

/// An authority, a server's certificate for `localhost`, a client's, another authority that signed nothing, and a
/// leaf that is marked as an authority. Kept below the target directory.
static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    Certificates::kept(Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres-tls-2"), |made| {
        made.authority("ca");
        made.authority("stranger");
        made.signed("ca", "server", "localhost", 3650, "subjectAltName=DNS:localhost,DNS:db.example");
        made.signed("ca", "client", "certified", 3650, "extendedKeyUsage=clientAuth");
        made.marked_as_authority("marked");
    })
});
static PROPER: OnceCell<Postgres> = OnceCell::const_new();
static MARKED: OnceCell<Postgres> = OnceCell::const_new();

/// Shows a proper certificate.
async fn proper() -> &'static Postgres {
    PROPER.get_or_init(|| start("server")).await
}

/// Shows a leaf marked CA:TRUE.
async fn marked() -> &'static Postgres {
    MARKED.get_or_init(|| start("marked")).await
}

async fn start(leaf: &str) -> Postgres {
    let text = |name: &str| CERTIFICATES.text(name);
    let server = Postgres::builder()
        .tls(&text(&format!("{leaf}.crt")), &text(&format!("{leaf}.key")))
        .tls_client_ca(&text("ca.crt"))
        .start()
        .await;
    server
        .psql(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE scram LOGIN PASSWORD 'pass wörd'; \
             CREATE ROLE tls_only LOGIN; CREATE ROLE plain_only LOGIN; CREATE ROLE certified LOGIN",
        )
        .await;
    // Nobody is to be let in by a line that says nothing of TLS.
    fs::write(server.directory().join("data/pg_hba.conf"), HBA).unwrap();
    server.restart(Mode::Fast).await;
    server
}

fn options(server: &Postgres, user: &str, mode: SslMode) -> PostgresOptions {
    let mut options = support::options(server);
    options.hosts = vec![("localhost".to_owned(), server.port())];
    options.user = user.to_owned();
    options.database = "postgres".to_owned();
    options.password = Some("pass wörd".to_owned().into());
    options.tls.mode = mode;
    options
}

async fn connect(options: PostgresOptions) -> Result<PostgresConnection, Fault> {
    let connector = connector(options);
    let mut connection = connector.connect(Alarm::silent()).await?;
    connection.query("SELECT 1", &[]).await?;
    assert!(is_ready(&connector.inspect(&connection)));
    let on_the_server = connection
        .query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[])
        .await?
        .first()
        .and_then(|row| row.at::<Option<String>>(0).unwrap());
    assert_eq!(connection.server().tls, on_the_server, "both sides agree");
    Ok(connection)
}

async fn is_encrypted(options: PostgresOptions) -> bool {
    connect(options).await.unwrap().server().tls.is_some()
}

#[tokio::test]
async fn each_mode_encrypts_when_it_should() {
    let server = proper().await;
    for (mode, expected) in [
        (SslMode::Disable, false),
        (SslMode::Allow, false),
        (SslMode::Prefer, true),
        (SslMode::Require, true),
    ] {
        assert_eq!(is_encrypted(options(server, "postgres", mode)).await, expected, "{mode:?}");
    }
}

#[tokio::test]
async fn allow_and_prefer_try_the_other_way_when_the_server_insists() {
    let server = proper().await;
    assert!(is_encrypted(options(server, "tls_only", SslMode::Allow)).await);
    assert!(!is_encrypted(options(server, "plain_only", SslMode::Prefer)).await);
    let fault = connect(options(server, "tls_only", SslMode::Disable)).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("28000")), "{fault}");
    assert!(fault.remedy().unwrap().contains("sslmode=require"), "{fault}");
    let fault = connect(options(server, "plain_only", SslMode::Require)).await.unwrap_err();
    assert_eq!(fault.code(), Some("28000"), "{fault}");
}

#[tokio::test]
async fn the_verifying_modes_verify_what_they_say() {
    let (certificates, proper) = (&*CERTIFICATES, proper().await);
    let with_root = |mode, root: &str, host: &str| {
        let mut options = options(proper, "postgres", mode);
        options.tls.root_cert = Some(certificates.path(root));
        options.hosts = vec![(host.to_owned(), proper.port())];
        options
    };
    for mode in [SslMode::Require, SslMode::VerifyCa] {
        assert!(
            is_encrypted(with_root(mode, "ca.crt", "127.0.0.1")).await,
            "the name does not matter to {mode:?}"
        );
    }
    assert!(is_encrypted(with_root(SslMode::VerifyFull, "ca.crt", "localhost")).await);
    let fault = connect(with_root(SslMode::VerifyFull, "ca.crt", "127.0.0.1")).await.unwrap_err();
    assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Tls));
    for name in ["127.0.0.1", "localhost", "db.example"] {
        assert!(fault.summary().contains(name), "{fault}");
    }
    for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        let fault = connect(with_root(mode, "stranger.crt", "localhost")).await.unwrap_err();
        assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Tls), "{mode:?}");
        assert!(fault.remedy().unwrap().contains("sslrootcert"), "{fault}");
    }
}

#[tokio::test]
async fn a_leaf_marked_as_an_authority_is_explained_and_can_be_pinned() {
    let (certificates, marked, proper) = (&*CERTIFICATES, marked().await, proper().await);
    let mut strict = options(marked, "postgres", SslMode::VerifyFull);
    strict.tls.root_cert = Some(certificates.path("marked.crt"));
    let fault = connect(strict.clone()).await.unwrap_err();
    let pin = certificates.pin("marked.crt");
    let text: String = pin.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(fault.summary().contains("CA:TRUE") && fault.remedy().unwrap().contains(&text), "{fault}");
    strict.tls.pin = Some(pin);
    assert!(is_encrypted(strict.clone()).await);
    strict.tls.root_cert = None;
    for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull, SslMode::Prefer] {
        strict.tls.mode = mode;
        assert!(is_encrypted(strict.clone()).await, "{mode:?}");
    }
    strict.hosts = vec![("localhost".to_owned(), proper.port())];
    for mode in [SslMode::Prefer, SslMode::Require, SslMode::VerifyFull] {
        strict.tls.mode = mode;
        let fault = connect(strict.clone()).await.unwrap_err();
        assert!(
            fault.summary().contains("not the pinned one"),
            "{mode:?} must not go on without the key: {fault}"
        );
    }
}

#[tokio::test]
async fn authentication_is_bound_to_the_channel() {
    let (proper, marked) = (proper().await, marked().await);
    for server in [proper, marked] {
        let mut bound = options(server, "scram", SslMode::Require);
        bound.channel_binding = ChannelBinding::Require;
        assert!(is_encrypted(bound).await);
    }
    let mut plain = options(proper, "scram", SslMode::Disable);
    assert!(!is_encrypted(plain.clone()).await);
    plain.channel_binding = ChannelBinding::Require;
    let fault = connect(plain).await.unwrap_err();
    assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Authenticate), "{fault}");
    assert!(fault.remedy().unwrap().contains("channel_binding"), "{fault}");
}

#[tokio::test]
async fn a_wrong_and_a_missing_password_are_told_apart() {
    let server = proper().await;
    for mode in [SslMode::Prefer, SslMode::Disable] {
        let mut wrong = options(server, "scram", mode);
        wrong.password = Some("geheim-4711".to_owned().into());
        let fault = connect(wrong.clone()).await.unwrap_err();
        assert_eq!(
            (fault.class(), fault.code(), fault.step()),
            (Class::Permanent, Some("28P01"), Step::Authenticate)
        );
        assert!(!format!("{fault} {fault:?} {wrong:?}").contains("geheim-4711"));
        wrong.password = None;
        let fault = connect(wrong).await.unwrap_err();
        assert_eq!(fault.class(), Class::Permanent);
        assert!(fault.remedy().unwrap().contains("none is configured"), "{fault}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_its_absence_explained() {
    let (certificates, proper) = (&*CERTIFICATES, proper().await);
    let mut certified = options(proper, "certified", SslMode::Require);
    let fault = connect(certified.clone()).await.unwrap_err();
    assert_eq!(fault.class(), Class::Permanent, "{fault}");
    certified.tls.client_cert = Some(certificates.path("client.crt"));
    certified.tls.client_key = Some(certificates.path("client.key"));
    assert!(is_encrypted(certified).await);
}

#[tokio::test]
async fn a_running_statement_is_cancelled_over_tls_too() {
    let mut connection = connect(options(proper().await, "postgres", SslMode::Require)).await.unwrap();
    let connector = connector(options(proper().await, "postgres", SslMode::Require));
    let limit = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(limit, connection.query("SELECT pg_sleep(5)", &[])).await.is_err());
    let began = tokio::time::Instant::now();
    connector.clean(&mut connection).await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "took {:?}", began.elapsed());
    assert!(is_ready(&connector.inspect(&connection)));
}

/// Does TLS at once, without being asked first, and passes what is inside on to a server without TLS.
async fn direct(protocols: &[&[u8]]) -> u16 {
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    let certificates = &*CERTIFICATES;
    let chain =
        CertificateDer::pem_file_iter(certificates.path("server.crt")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = proper().await.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut near) = acceptor.accept(stream).await else {
                    return;
                };
                let mut far = tokio::net::TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
            });
        }
    });
    port
}

#[tokio::test]
async fn direct_tls_needs_the_servers_agreement_to_speak_postgresql() {
    let server = proper().await;
    let at = |port| {
        let mut options = options(server, "postgres", SslMode::VerifyFull);
        options.tls.root_cert = Some(CERTIFICATES.path("ca.crt"));
        options.tls.direct = true;
        options.hosts = vec![("localhost".to_owned(), port)];
        options
    };
    let connection = connector(at(direct(&[b"postgresql"]).await)).connect(Alarm::silent()).await.unwrap();
    assert_eq!(connection.server().tls.as_deref(), Some("TLSv1.3"));
    for protocols in [&[] as &[&[u8]], &[b"http/1.1"]] {
        let fault = connector(at(direct(protocols).await)).connect(Alarm::silent()).await.unwrap_err();
        assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Tls), "{fault}");
    }
    // A server that waits to be asked takes the handshake for a packet of impossible length.
    let fault = connector(at(server.port())).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!(fault.step(), Step::Tls, "{fault}");
}
