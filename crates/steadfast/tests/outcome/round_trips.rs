//! Fear: the guard costs a round trip.

use steadfast::params;
use steadfast::sql::Guard;
use steadfast_test::Relay;

use super::*;

/// Each way; large against what anything else takes, also on a machine with other things to do.
const WAY: Duration = Duration::from_millis(40);

/// The shortest of several, which the rest of the machine has disturbed least.
async fn shortest(scene: &Scene, guard: Guard, statements: &'static [&'static str]) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let options = TransactionOptions::default().guard(guard);
        let done: Result<(), Error> = scene
            .database
            .transaction(options, soon(), async |tx| {
                for statement in statements {
                    tx.query(statement, &params![]).await?;
                }
                Ok(())
            })
            .await;
        done.unwrap();
        times.push(began.elapsed());
    }
    times.into_iter().min().unwrap()
}

#[tokio::test]
async fn the_usual_shapes_take_as_many_round_trips_with_a_guard_as_without() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    scene.database.prepare_outcomes(soon()).await.unwrap();
    relay.set_latency(WAY, Duration::ZERO);
    for statements in [
        &["INSERT INTO numbers VALUES (1)"][..],
        &["SELECT 1", "UPDATE numbers SET n = n + 1"],
        &["SELECT 1", "INSERT INTO numbers VALUES (1)", "SELECT 2", "DELETE FROM numbers"],
    ] {
        let statements: &'static [&'static str] = Box::leak(statements.to_vec().into());
        // Prepares the statements.
        shortest(&scene, Guard::Off, statements).await;
        let without = shortest(&scene, Guard::Off, statements).await;
        for guard in [Guard::Xid, Guard::Marker] {
            let with = shortest(&scene, guard, statements).await;
            println!("{guard:?}, {statements:?}: {with:?} with, {without:?} without");
            assert!(
                with < without + WAY * 3 / 2,
                "{guard:?} {statements:?}: {with:?} with, {without:?} without"
            );
        }
    }
}
