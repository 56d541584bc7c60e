//! What is scraped: well-formed by Prometheus' own judgement, bounded, and enough for the dashboard and the alerts that
//! are shipped with it.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use steadfast_test::{Mode, Postgres, Process, eventually};

use crate::support::client::{Client, sum};
use crate::support::scratch::Scratch;
use crate::support::{Load, SOON, Service};

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

/// Everything a program says, and whether it was content.
async fn run(command: &mut Command) -> (bool, String) {
    let process = Process::start(command).await;
    let status = process.wait(SOON).await;
    (status.success(), process.lines().join("\n"))
}

async fn scrape(client: &Client) -> String {
    let answer = client.get("/metrics").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.status, 200);
    answer.text
}

/// The names of all families in a text, with the suffixes of histograms.
fn names(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect()
}

fn labels(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('{'));
    let inside =
        samples.filter_map(|(_, rest)| rest.rsplit_once('}')).flat_map(|(inside, _)| inside.split("\","));
    inside.filter_map(|label| label.split('=').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_text_is_well_formed_and_says_what_happened() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    postgres.restart(Mode::Fast).await;
    load.goes_on_for(Duration::from_secs(1)).await;
    load.stop().await.assert_no_failures();
    // What clients invent makes no series.
    for number in 0..50 {
        drop(service.client.get(&format!("/invented/{number}")).await);
        drop(service.client.send(&format!("INVENT{number}"), "/", &[], b"").await);
    }
    let text = scrape(&service.client).await;

    let scratch = Scratch::new();
    let file = scratch.path().join("metrics.txt");
    std::fs::write(&file, &text).unwrap();
    let input = std::fs::File::open(&file).unwrap();
    let (_, said) = run(Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(input))).await;
    // The one thing it dislikes is the name that OpenTelemetry gives to a gauge.
    let disliked =
        "db_client_connection_count non-histogram and non-summary metrics should not have \"_count\" suffix";
    assert_eq!(said.trim(), disliked, "promtool");

    let allowed = [
        "worker",
        "state",
        "db_client_connection_pool_name",
        "db_system_name",
        "db_operation_name",
        "error_type",
        "le",
        "cause",
        "result",
        "reason",
        "found",
        "outcome",
        "kind",
        "version",
        "http_request_method",
        "http_route",
        "http_response_status_code",
    ];
    let strange: Vec<_> =
        labels(&text).into_iter().filter(|label| !allowed.contains(&label.as_str())).collect();
    assert_eq!(strange, Vec::<String>::new(), "labels come from a fixed set");
    assert!(!text.contains("INVENT") && !text.contains("/invented"), "clients cannot make series");
    assert!(text.len() < 64 * 1024, "{} bytes", text.len());

    let happened = |name: &str, with: &str| assert!(sum(&text, name, with) > 0.0, "{name} {with}: {text}");
    happened("db_client_connection_create_time_seconds_count", "");
    happened("db_client_connection_wait_time_seconds_count", "");
    happened("db_client_connection_use_time_seconds_sum", "");
    happened("db_client_operation_duration_seconds_count", "db_operation_name=\"query\"");
    happened("db_client_operation_duration_seconds_count", "db_operation_name=\"transaction\"");
    happened("http_server_request_duration_seconds_count", "http_route=\"/api/v1/users/{id}\"");
    happened("steadfast_deaths_total", "cause=\"lost\"");
    happened("steadfast_incidents_total", "kind=\"loss\"");
    assert_eq!(sum(&text, "db_client_connection_max", ""), 15.0);
    assert_eq!(sum(&text, "steadfast_circuit_state", ""), 1.0, "in one state");
    let (acquired, returned) = (
        sum(&text, "db_client_connection_wait_time_seconds_count", ""),
        sum(&text, "db_client_connection_use_time_seconds_count", ""),
    );
    assert!((acquired - returned).abs() <= 15.0, "{acquired} were lent, {returned} came back");
}

/// Every name that a query may ask for.
fn asked(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let prefixes = ["db_client_", "steadfast_", "http_server_"];
    let metrics = words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)));
    metrics.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_rules_are_accepted_and_alert_when_they_should() {
    for (subject, file) in [("check", "steadfast.rules.yml"), ("test", "steadfast.rules.test.yml")] {
        let (content, said) =
            run(Command::new("promtool").args([subject, "rules"]).arg(deploy("prometheus").join(file))).await;
        assert!(content && said.contains("SUCCESS"), "promtool {subject}: {said}");
    }
}

/// The expressions of a dashboard with its variables put in.
fn expressions(dashboard: &Value) -> Vec<String> {
    let targets = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let all = targets.chain(annotations).filter_map(|target| target["expr"].as_str());
    all.map(|expression| {
        expression
            .replace("$job", ".*")
            .replace("$instance", ".*")
            .replace("$__rate_interval", "20s")
            .replace("[24h]", "[20s]")
    })
    .collect()
}

/// What `[10s]` of a counter needs: two scrapes in it.
const CONFIGURATION: &str = "global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [RULES]\n\
                             scrape_configs: [{ job_name: steadfast, static_configs: [{ targets: [TARGET] }] }]\n";

async fn prometheus(directory: &Path, target: SocketAddr) -> (Process, Client) {
    let configuration = CONFIGURATION
        .replace("RULES", deploy("prometheus/steadfast.rules.yml").to_str().unwrap())
        .replace("TARGET", &format!("\"{target}\""));
    let file = directory.join("prometheus.yml");
    std::fs::write(&file, configuration).unwrap();
    // It cannot say which port it was given, so it is given one that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", file.display())).arg(format!("--web.listen-address={address}"));
    command.arg(format!("--storage.tsdb.path={}", directory.join("data").display()));
    let process = Process::start(&mut command).await;
    process.wait_for_line("Server is ready to receive web requests", SOON).await;
    (process, Client { address })
}

/// What Prometheus answers, one value a series.
async fn query(prometheus: &Client, expression: &str) -> Vec<Value> {
    let bytes = expression.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let answer = ask(prometheus, &format!("/api/v1/query?query={bytes}")).await;
    answer["data"]["result"].as_array().cloned().unwrap_or_default()
}

/// By HTTP/1.0, in which answers come in one piece.
async fn ask(prometheus: &Client, path: &str) -> Value {
    let answer = prometheus.exchange(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.body()
}

#[tokio::test]
async fn every_query_of_dashboard_and_rules_finds_what_it_asks_for_in_a_real_prometheus() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let dashboard = std::fs::read_to_string(deploy("grafana/steadfast.json")).unwrap();
    let rules = std::fs::read_to_string(deploy("prometheus/steadfast.rules.yml")).unwrap();
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_millis(500)).await;
    let scraped = names(&scrape(&service.client).await);
    let missing: Vec<_> =
        asked(&dashboard).union(&asked(&rules)).filter(|name| !scraped.contains(*name)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "every name is there from the start");

    let scratch = Scratch::new();
    let (_process, prometheus) = prometheus(scratch.path(), service.client.address).await;
    let rate = "sum(rate(http_server_request_duration_seconds_count{http_route=~\"/api/.*\"}[20s])) > 0";
    eventually("traffic is seen", SOON, async || !query(&prometheus, rate).await.is_empty()).await;
    load.goes_on_for(Duration::from_secs(2)).await;
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 20, "{expressions:?}");
    for expression in expressions {
        // Nothing failed, and nothing is away.
        let may_be_empty = ["5..", "!=\"\"}", "== 1"].iter().any(|part| expression.contains(part));
        // A scrape that a busy machine did not answer within a second leaves a moment without figures.
        let found = async || may_be_empty || !query(&prometheus, &expression).await.is_empty();
        eventually(&format!("something is found by {expression}"), SOON, found).await;
    }
    let rules = ask(&prometheus, "/api/v1/rules").await;
    let groups = rules["data"]["groups"].as_array().unwrap();
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() >= 12 && rules.iter().all(|rule| rule["health"] != "err"), "{rules:?}");
    drop(load.stop().await);
}
