//! Not a pool but the limit of one that keeps the order: a permit of tokio's semaphore, with no connection behind it.

use tokio::sync::Semaphore;

use super::Use;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

pub struct Permit {
    permits: Semaphore,
    usage: Use,
}

impl Permit {
    pub const fn new(usage: Use) -> Self {
        Self { permits: Semaphore::const_new(CONNECTIONS), usage }
    }
}

impl Work for Permit {
    async fn once(&self, _task: usize) {
        let permit = self.permits.acquire().await.expect("a permit");
        self.usage.act().await;
        drop(permit);
    }
}
