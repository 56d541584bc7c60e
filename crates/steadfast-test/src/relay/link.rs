//! One connection through the relay.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::{Direction, Ending, Fault};
use super::framer::Dialogue;
use super::pump::{PumpEnd, pump};
use super::registry::{Registered, Shared};
use super::socket::{close, drain, reset};
use super::weather::{Own, Weather};

/// More endings than any connection has.
const OVER: u64 = u64::MAX;

/// What this one connection was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing: the relay's weather is its weather.
    None,
    Stall,
    Silence,
    End(Ending),
}

/// The state of a connection that others may look at and change.
#[derive(Debug)]
pub(super) struct Link {
    shared: Arc<Shared>,
    number: u64,
    client: SocketAddr,
    pub(super) order: watch::Sender<Order>,
    /// How many endings were carried out; [`OVER`] when the connection is gone.
    pub(super) obeyed: watch::Sender<u64>,
    dialogue: Dialogue,
    /// Something was lost on the way, so nothing behind it can make sense any more.
    has_lost: AtomicBool,
    pub(super) last_active: Mutex<Instant>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    own: Own,
    towards_server: Option<SocketAddr>,
    /// How the connection ends when something comes back.
    lost_answer: Option<Ending>,
    /// A message that reaches the server late.
    late: Vec<u8>,
}

impl Link {
    /// Serves an accepted connection to its end.
    pub(super) async fn serve(shared: Arc<Shared>, client: TcpStream) {
        let Ok(address) = client.peer_addr() else {
            // It was reset before it was looked at.
            return;
        };
        let link = Arc::new(Self {
            number: shared.number(),
            client: address,
            state: Mutex::default(),
            order: watch::Sender::new(Order::None),
            obeyed: watch::Sender::new(0),
            dialogue: Dialogue::default(),
            has_lost: AtomicBool::new(false),
            last_active: Mutex::new(Instant::now()),
            shared,
        });
        let _registered = Registered::new(&link);
        // A relay that waits for more bytes before it sends would be a fault of its own.
        let _best_effort = client.set_nodelay(true);
        let fault = link.weather().fault;
        match fault {
            Fault::AcceptThenClose => close(client),
            Fault::AcceptThenReset => reset(client),
            Fault::AcceptThenSilence | Fault::Swallow => link.ignore(client).await,
            Fault::None | Fault::Refuse | Fault::Stall => link.relay(client).await,
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn dialogue(&self) -> &Dialogue {
        &self.dialogue
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn client(&self) -> SocketAddr {
        self.client
    }

    pub(super) fn towards_server(&self) -> Option<SocketAddr> {
        self.state().towards_server
    }

    pub(super) fn weather(&self) -> Weather {
        self.shared.weather.borrow().clone().with(&self.state().own)
    }

    /// Changes what holds for this connection alone.
    pub(super) fn change(&self, change: impl FnOnce(&mut Own)) {
        change(&mut self.state().own);
        // Whoever watches the weather looks again.
        self.shared.weather.send_modify(|_| ());
    }

    /// What comes back next is lost, and the connection with it.
    pub(super) fn lose_answer(&self, ending: Ending) {
        self.state().lost_answer = Some(ending);
    }

    pub(super) fn take_lost_answer(&self) -> Option<Ending> {
        self.state().lost_answer.take()
    }

    /// Keeps a message that [`Ending::Late`] delivers.
    pub(super) fn keep_late(&self, message: Vec<u8>) {
        self.state().late = message;
    }

    pub(super) fn take_late(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().late)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.has_lost.load(Ordering::Acquire)
            || *self.order.borrow() == Order::Silence
            || self.shared.weather.borrow().fault == Fault::Swallow
    }

    pub(super) fn lose(&self) {
        self.has_lost.store(true, Ordering::Release);
    }

    pub(super) fn touch(&self) {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Returns when bytes may move.
    pub(super) async fn until_flowing(&self) {
        self.until(|link| !link.is_stalled()).await;
    }

    /// Returns when bytes may not move.
    pub(super) async fn until_stalled(&self) {
        self.until(Self::is_stalled).await;
    }

    pub(super) fn silence(&self) {
        self.order.send_replace(Order::Silence);
    }

    pub(super) fn stall(&self, on: bool) {
        let (from, to) = if on { (Order::None, Order::Stall) } else { (Order::Stall, Order::None) };
        self.order.send_if_modified(|order| {
            let changed = *order == from;
            if changed {
                *order = to;
            }
            changed
        });
    }

    /// Ends the connection, and returns when that has been done.
    pub(super) async fn end(&self, ending: Ending) {
        let mut obeyed = self.obeyed.subscribe();
        let before = *obeyed.borrow_and_update();
        if before == OVER {
            return;
        }
        self.order.send_replace(Order::End(ending));
        let _done = obeyed.wait_for(|endings| *endings > before).await;
    }

    /// Nobody has to wait any more for what this connection was told.
    pub(super) fn leave(&self) {
        self.obeyed.send_replace(OVER);
    }

    fn is_stalled(&self) -> bool {
        *self.order.borrow() == Order::Stall || self.shared.weather.borrow().fault == Fault::Stall
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let (mut weather, mut order) = (self.shared.weather.subscribe(), self.order.subscribe());
        // Subscribed first, looked afterwards: no change is missed.
        while !holds(self) {
            let _changed = tokio::select! {
                changed = weather.changed() => changed,
                changed = order.changed() => changed,
            };
        }
    }

    async fn ignore(&self, client: TcpStream) {
        let mut client = Some(client);
        tokio::select! {
            () = drain(&mut client) => {}
            ending = self.ended_by_order() => self.carry_out(ending, client, None).await,
        }
    }

    async fn relay(self: &Arc<Self>, mut client: TcpStream) {
        let connected = tokio::select! {
            connected = self.connect() => connected,
            ending = self.ended_by_order() => return self.carry_out(ending, Some(client), None).await,
        };
        let Ok(mut server) = connected else {
            self.shared.tally.unreachable.fetch_add(1, Ordering::Relaxed);
            return reset(client);
        };
        let _best_effort = server.set_nodelay(true);
        self.state().towards_server = server.local_addr().ok();
        match self.run(&mut client, &mut server).await {
            PumpEnd::Finished => {}
            PumpEnd::Broken if self.is_silent() => {
                self.carry_out(Ending::Silence, Some(client), Some(server)).await;
            }
            PumpEnd::Broken => self.carry_out(Ending::Rst, Some(client), Some(server)).await,
            PumpEnd::Cut(ending) => self.carry_out(ending, Some(client), Some(server)).await,
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        self.until_flowing().await;
        let target = self.weather().target;
        TcpStream::connect(target).await
    }

    /// Both directions, until both have ended or something ends the connection.
    async fn run(self: &Arc<Self>, client: &mut TcpStream, server: &mut TcpStream) -> PumpEnd {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let up = pump(self, Direction::ToServer, from_client, to_server);
        let down = pump(self, Direction::ToClient, from_server, to_client);
        tokio::pin!(up, down);
        let (mut up_ended, mut down_ended) = (false, false);
        while !(up_ended && down_ended) {
            let end = tokio::select! {
                end = &mut up, if !up_ended => { up_ended = true; end }
                end = &mut down, if !down_ended => { down_ended = true; end }
                ending = self.ended_by_order() => PumpEnd::Cut(ending),
                ending = self.ended_by_idleness() => PumpEnd::Cut(ending),
            };
            if end != PumpEnd::Finished {
                return end;
            }
        }
        PumpEnd::Finished
    }
}
