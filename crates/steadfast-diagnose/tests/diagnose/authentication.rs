//! Every way in which a server refuses a log-in.

use steadfast_diagnose::{Options, Report, Verdict};
use steadfast_test::{Auth, Postgres};

use crate::certificates::CERTIFICATES;
use crate::support::{broken, evidence, page, run_with, snapshot};

fn only(options: &mut Options) {
    options.only = ["url", "tcp", "protocol", "tls", "authentication", "server"].map(str::to_owned).to_vec();
}

async fn log_in(server: &Postgres, user: &str, database: &str, parameters: &str) -> Report {
    let url = format!("postgres://{user}@127.0.0.1:{}/{database}?{parameters}", server.port());
    run_with(&url, only).await
}

#[tokio::test]
async fn each_refusal_is_told_from_the_others() {
    let (certificate, key) = (CERTIFICATES.text("proper.crt"), CERTIFICATES.text("proper.key"));
    let server = Postgres::builder()
        .tls(&certificate, &key)
        .auth(Auth::Scram)
        .password("r1ght-secret")
        .hba_line("hostnossl all encrypted all reject")
        .hba_line("hostssl all encrypted all trust")
        .hba_line("host all rejected all reject")
        .hba_line("host closed all all trust")
        .hba_line("host steadfast unlisted 203.0.113.0/24 trust")
        .start()
        .await;
    server
        .psql("CREATE ROLE encrypted LOGIN; CREATE ROLE rejected LOGIN; CREATE ROLE nobody NOLOGIN PASSWORD 'x'")
        .await;
    server.psql("CREATE DATABASE closed").await;
    server.psql("ALTER DATABASE closed ALLOW_CONNECTIONS false").await;
    let plain = "sslmode=disable";
    for (user, database, parameters, entry) in [
        ("steadfast:wr0ng-secret", "steadfast", plain, "wrong-password"),
        ("steadfast", "steadfast", plain, "password-missing"),
        ("stranger:s0me-secret", "steadfast", plain, "wrong-password"),
        ("encrypted", "steadfast", plain, "hba-rejects"),
        ("rejected", "steadfast", plain, "hba-rejects"),
        ("steadfast:r1ght-secret", "no_such_database", plain, "database-unknown"),
        ("steadfast", "closed", plain, "database-closed"),
        (
            "steadfast:r1ght-secret",
            "steadfast",
            "sslmode=disable&channel_binding=prefer&options=-c%20nonsense=1",
            "startup-parameter-invalid",
        ),
    ] {
        let report = log_in(&server, user, database, parameters).await;
        broken(&report, "authentication", Some(entry));
        assert!(!page(&report).contains("-secret"), "{}", page(&report));
        if entry == "wrong-password" && user.starts_with("steadfast") {
            snapshot!("wrong_password", report);
        }
    }
    let bound =
        log_in(&server, "steadfast:r1ght-secret", "steadfast", "sslmode=require&channel_binding=require")
            .await;
    assert_eq!(bound.verdict(), Verdict::Ok, "{}", page(&bound));
    assert_eq!(evidence(&bound, "authentication", "channel binding offered"), "Flag(true)");
    assert!(evidence(&bound, "authentication", "method").contains("scram-sha-256"));
}

#[tokio::test]
async fn no_line_of_pg_hba_fits() {
    let (certificate, key) = (CERTIFICATES.text("proper.crt"), CERTIFICATES.text("proper.key"));
    let server = Postgres::builder().tls(&certificate, &key).start().await;
    let rules = "local all all trust\nhostssl all encrypted all trust\nhost all steadfast 127.0.0.1/32 trust\n\
                 host all nologin 127.0.0.1/32 trust\nhost all missing 127.0.0.1/32 trust\n";
    std::fs::write(server.directory().join("data/pg_hba.conf"), rules).unwrap();
    server.psql("CREATE ROLE nologin NOLOGIN; CREATE ROLE unlisted LOGIN").await;
    server.psql("SELECT pg_reload_conf()").await;
    steadfast_test::eventually("the rules are in force", std::time::Duration::from_secs(20), async || {
        server.psql("SELECT count(*) FROM pg_hba_file_rules").await == "5"
    })
    .await;
    for (user, entry) in
        [("unlisted", "hba-no-entry"), ("nologin", "role-cannot-log-in"), ("missing", "role-unknown")]
    {
        let report = log_in(&server, user, "steadfast", "sslmode=prefer").await;
        broken(&report, "authentication", Some(entry));
    }
    let encrypted = log_in(&server, "encrypted", "steadfast", "sslmode=disable").await;
    broken(&encrypted, "authentication", Some("tls-required"));
    snapshot!("tls_required", encrypted);
}

#[tokio::test]
async fn channel_binding_that_cannot_be_had() {
    let (certificate, key) = (CERTIFICATES.text("proper.crt"), CERTIFICATES.text("proper.key"));
    let server = Postgres::builder().tls(&certificate, &key).auth(Auth::Md5).start().await;
    let report =
        log_in(&server, "steadfast:steadfast", "steadfast", "sslmode=require&channel_binding=require").await;
    broken(&report, "authentication", Some("channel-binding-unavailable"));
    assert!(evidence(&report, "authentication", "method").contains("md5"));
}
