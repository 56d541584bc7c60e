//! How connections end: by order, by idleness, and what is done then.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until};

use super::fault::Ending;
use super::link::{Link, Order};
use super::socket::{close, drain, half_close, reset};

impl Link {
    async fn deliver_late(&self, delay: Duration, mut server: TcpStream) -> TcpStream {
        sleep(delay).await;
        let message = self.take_late();
        // The server may have ended meanwhile.
        let _too_late = server.write_all(&message).await;
        server
    }

    pub(super) async fn ended_by_order(&self) -> Ending {
        let mut order = self.order.subscribe();
        loop {
            if let Order::End(ending) = *order.borrow_and_update() {
                return ending;
            }
            if order.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) async fn ended_by_idleness(&self) -> Ending {
        let mut weather = self.shared().weather.subscribe();
        loop {
            weather.mark_unchanged();
            let limit = self.weather().idle;
            let last_active = *self.last_active.lock().unwrap_or_else(PoisonError::into_inner);
            let due = async {
                match limit {
                    Some((after, _)) => sleep_until(last_active + after).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _changed = weather.changed() => continue,
                () = due => {}
            }
            let still_last = *self.last_active.lock().unwrap_or_else(PoisonError::into_inner) == last_active;
            if let Some((_, ending)) = limit.filter(|_| still_last) {
                return ending;
            }
        }
    }

    /// Ends the connection as told. A side that stays open may still be ended by a later order.
    pub(super) async fn carry_out(
        &self,
        first: Ending,
        client: Option<TcpStream>,
        server: Option<TcpStream>,
    ) {
        let (mut ending, mut client, mut server) = (first, client, server);
        loop {
            // An order that came meanwhile is either this one or will be seen below.
            self.order.send_if_modified(|order| {
                let done = *order == Order::End(ending);
                if done {
                    *order = Order::None;
                }
                false
            });
            match ending {
                Ending::Fin => [client.take(), server.take()].into_iter().flatten().for_each(close),
                Ending::Rst => [client.take(), server.take()].into_iter().flatten().for_each(reset),
                Ending::HalfClose => {
                    server.take().into_iter().for_each(close);
                    client.iter().for_each(half_close);
                }
                Ending::Silence => self.lose(),
                Ending::Ghost => {
                    self.lose();
                    client.take().into_iter().for_each(reset);
                }
                Ending::Late(delay) => {
                    client.take().into_iter().for_each(reset);
                    self.obeyed.send_modify(|endings| *endings += 1);
                    let Some(open) = server.take() else { return };
                    tokio::select! {
                        open = self.deliver_late(delay, open) => return close(open),
                        // Dropped with what it would have carried; only its end arrives.
                        _ending = self.ended_by_order() => return,
                    }
                }
            }
            self.obeyed.send_modify(|endings| *endings += 1);
            if client.is_none() && server.is_none() {
                return;
            }
            ending = tokio::select! {
                _both = async { tokio::join!(drain(&mut client), drain(&mut server)) } => return,
                ending = self.ended_by_order() => ending,
            };
        }
    }
}
