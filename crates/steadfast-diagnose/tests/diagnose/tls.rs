//! Certificates that are expired, made out to somebody else, or marked as an authority.

use steadfast_diagnose::Verdict;
use steadfast_test::Postgres;

use crate::certificates::{CERTIFICATES, pin};
use crate::support::{broken, evidence, finding, page, run_with, snapshot, warns};

const ONLY: [&str; 5] = ["url", "tcp", "protocol", "tls", "authentication"];

async fn server(leaf: &str) -> Postgres {
    let text = |ending: &str| CERTIFICATES.text(&format!("{leaf}.{ending}"));
    Postgres::builder().tls(&text("crt"), &text("key")).start().await
}

fn url(server: &Postgres, parameters: &str) -> String {
    format!("postgres://steadfast@localhost:{}/steadfast?{parameters}", server.port())
}

async fn run(server: &Postgres, parameters: &str) -> steadfast_diagnose::Report {
    run_with(&url(server, parameters), |options| options.only = ONLY.map(str::to_owned).to_vec()).await
}

fn full() -> String {
    format!("sslmode=verify-full&sslrootcert={}", CERTIFICATES.path("ca.crt"))
}

#[tokio::test]
async fn a_proper_certificate_is_accepted_by_every_mode() {
    let server = server("proper").await;
    let report = run(&server, &full()).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(evidence(&report, "tls", "verify-full").contains("accepts"));
    assert!(evidence(&report, "tls", "sslpin").contains(&pin("proper.crt")));
    assert!(evidence(&report, "authentication", "encryption").contains("TLSv1.3"));
    // Nobody here trusts that authority.
    let unknown = run(&server, "sslmode=verify-full").await;
    let entry = finding(&unknown, "tls").worst().and_then(|problem| problem.explain);
    assert!(
        matches!(entry, Some("certificate-unknown-issuer" | "root-certificate-missing")),
        "{}",
        page(&unknown)
    );
}

#[tokio::test]
async fn an_expired_certificate() {
    let server = server("expired").await;
    let report = run(&server, &full()).await;
    broken(&report, "tls", Some("certificate-expired"));
    snapshot!("expired_certificate", report);
    // Modes that do not look connect, and it is worth a word.
    warns(&run(&server, "sslmode=require").await, "tls", Some("certificate-expired"));
}

#[tokio::test]
async fn a_certificate_that_expires_soon() {
    let report = run(&server("soon").await, &full()).await;
    warns(&report, "tls", Some("certificate-expired"));
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let server = server("other").await;
    let report = run(&server, &full()).await;
    broken(&report, "tls", Some("certificate-wrong-name"));
    snapshot!("wrong_name", report);
    let by_authority = run(&server, &full().replace("verify-full", "verify-ca")).await;
    assert_eq!(by_authority.verdict(), Verdict::Ok, "{}", page(&by_authority));
}

#[tokio::test]
async fn a_leaf_that_is_marked_as_an_authority() {
    let server = server("marked").await;
    let root = format!("sslmode=verify-full&sslrootcert={}", CERTIFICATES.path("marked.crt"));
    let report = run(&server, &root).await;
    broken(&report, "tls", Some("certificate-marked-as-authority"));
    snapshot!("authority_as_leaf", report);
    // The remedy works as it stands there.
    let remedy = finding(&report, "tls").worst().unwrap().remedy.as_str().to_owned();
    let parameters = remedy.split("its key: ").nth(1).unwrap();
    let pinned = run(&server, parameters).await;
    assert_eq!(pinned.verdict(), Verdict::Ok, "{}", page(&pinned));
    let wrong = run(&server, &format!("sslmode=require&sslpin={}", "ab".repeat(32))).await;
    broken(&wrong, "tls", Some("certificate-pin-mismatch"));
}

#[tokio::test]
async fn tls_is_required_and_not_offered() {
    let server = Postgres::start().await;
    let report = run(&server, "sslmode=require").await;
    broken(&report, "tls", Some("server-without-tls"));
    snapshot!("no_tls", report);
}
