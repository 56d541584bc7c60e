//! Fear: what is seldom (cancelling, asking about an outcome) lies in the future of each statement, and moving that costs
//! more than the statement does.

use steadfast::Error;
use steadfast::sql::TransactionOptions;

use super::*;

#[tokio::test]
async fn the_futures_of_usual_work_are_small() {
    let (database, _) = open("postgres://nobody@127.0.0.1:1/none");
    let query = size_of_val(&database.query("SELECT 1", &[], None));
    let transaction = size_of_val(&database.transaction(
        TransactionOptions::default(),
        None,
        async |tx| -> Result<u64, Error> { tx.execute("DELETE FROM numbers", &[]).await },
    ));
    let mut session = database.session(None);
    let statement = size_of_val(&session.execute("DELETE FROM numbers", &[]));
    assert!(
        query < 4096 && transaction < 8192 && statement < 6144,
        "{query}, {transaction}, {statement} bytes"
    );
}
