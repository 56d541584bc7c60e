//! r2d2 blocks the thread that waits, so its tasks are threads.

use r2d2::{ManageConnection, Pool};

use crate::error::Result;
use crate::measure::{Contender, Plan, Sample, Stopwatch};
use crate::pools::CONNECTIONS;

#[derive(Debug)]
struct Numbers;

impl ManageConnection for Numbers {
    type Connection = u64;
    type Error = std::convert::Infallible;

    fn connect(&self) -> std::result::Result<u64, Self::Error> {
        Ok(1)
    }

    fn is_valid(&self, _connection: &mut u64) -> std::result::Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut u64) -> bool {
        std::hint::black_box(*connection) == 0
    }
}

/// Does only counted work: a thread that gives a connection back and takes one has no point at which others run.
pub fn contender() -> Result<Contender> {
    let pool =
        Pool::builder().max_size(u32::try_from(CONNECTIONS)?).test_on_check_out(false).build(Numbers)?;
    Ok(Contender::new("r2d2 (threads)", move |plan| {
        let pool = pool.clone();
        Box::pin(async move { tokio::task::block_in_place(|| run(&pool, plan)) })
    }))
}

fn run(pool: &Pool<Numbers>, plan: Plan) -> Sample {
    let Plan::Count { tasks, operations } = plan else {
        panic!("r2d2 does counted work only");
    };
    let each = operations.div_ceil(tasks as u64).max(1);
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        for _ in 0..tasks {
            scope.spawn(|| {
                for _ in 0..each {
                    drop(pool.get().expect("a connection"));
                }
            });
        }
    });
    let (wall, cpu) = watch.read();
    Sample { operations: each * tasks as u64, wall, cpu, least: each, most: each, ..Sample::default() }
}
