//! Fear: a handle lets through what the loop does not know of.

use steadfast::sql::TransactionOptions;
use steadfast::verdict::Class;
use steadfast::{Error, params};

use super::*;

#[tokio::test]
async fn two_statements_at_once_on_one_handle_run_one_after_the_other() {
    for scene in Scene::both().await {
        let found: i64 = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                let insert =
                    async |number: i64| tx.execute("INSERT INTO numbers VALUES ($1)", &params![number]).await;
                let (first, second, third) =
                    tokio::join!(insert(1), insert(2), tx.query("SELECT n FROM numbers", &[]));
                first?;
                second?;
                assert_eq!(third?.len(), 2, "in order");
                tx.query_one("SELECT count(*) AS n FROM numbers", &[]).await?.get("n")
            })
            .await
            .map_err(|error: Error| error)
            .unwrap();
        assert_eq!(found, 2);
    }
}

#[tokio::test]
async fn transaction_control_is_refused_and_fails_the_transaction() {
    for scene in Scene::both().await {
        for control in ["COMMIT", "/* */ END", "ROLLBACK", "BEGIN"] {
            for batch in [false, true] {
                let error = scene
                    .database
                    .transaction(TransactionOptions::default(), soon(), async |tx| {
                        tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
                        let refused = if batch {
                            tx.batch(&format!("INSERT INTO numbers VALUES (2); {control}")).await
                        } else {
                            tx.execute(control, &[]).await.map(drop)
                        };
                        let error = refused.unwrap_err();
                        assert_eq!(error.fault().unwrap().class(), Class::Statement, "{error}");
                        Ok(())
                    })
                    .await
                    .map_err(|error: Error| error)
                    .unwrap_err();
                assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{control}: {error}");
                assert_eq!(scene.numbers().await, Vec::<i64>::new(), "{control}");
            }
        }
    }
}

#[tokio::test]
async fn bodies_of_functions_and_triggers_are_no_transaction_control() {
    let [sqlite, postgres] = Scene::both().await;
    for (scene, ddl) in [
        (
            sqlite,
            "CREATE TRIGGER t AFTER INSERT ON numbers BEGIN UPDATE numbers SET n = n + 1; END; SELECT 1",
        ),
        (
            postgres,
            "DO $$ BEGIN PERFORM 1; END $$; \
                    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT f()",
        ),
    ] {
        let made: Result<(), Error> = scene
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| tx.batch(ddl).await)
            .await;
        made.unwrap();
    }
}

#[tokio::test]
async fn what_only_reads_is_kept_from_writing_by_the_server() {
    for scene in Scene::both().await {
        let write = "INSERT INTO numbers VALUES (1)";
        let error = scene.database.query(write, &[], soon()).await.unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::Statement, "{error}");
        let error = scene
            .database
            .read(soon(), async |tx| tx.execute(write, &[]).await)
            .await
            .map_err(|error: Error| error)
            .unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::Statement, "{error}");
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
        let rows = scene.database.read(soon(), async |tx| tx.query("SELECT n FROM numbers", &[]).await).await;
        assert_eq!(rows.map_err(|error: Error| error).unwrap().len(), 0);
    }
}
