//! The application of a [`Driven`](super::Driven) node, as a [`Peer`](crate::chaos::peer::Peer).
//!
//! It reads and writes only when it was woken, as a task would: a wake that the driver forgets is a
//! stream that stands still.

mod bell;
mod held;
mod peer;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use floe_core::driver::{Connection, Endpoint, Stream};
use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::{ConnectionId, StreamId};
use floe_core::time::Timestamp;

use self::held::Held;
use super::tasks::Tasks;
use crate::chaos::peer::{Ask, Asks, Happening};
use crate::rng::Rng;

/// The application of a node, with all the handles that it holds.
#[derive(Debug)]
pub(super) struct Application {
    endpoint: Endpoint,
    /// What its tasks have heard.
    news: Arc<Mutex<VecDeque<News>>>,
    happenings: VecDeque<Happening>,
    connections: BTreeMap<ConnectionId, Connection>,
    streams: BTreeMap<StreamId, Held>,
    asks: Asks,
    /// How often it was woken, and how often it has come for that.
    woken: Arc<AtomicU64>,
    came: u64,
    /// When it comes to look.
    comes_at: Option<Timestamp>,
    rng: Rng,
}

/// What its tasks hear.
#[derive(Debug)]
enum News {
    Connected(Option<Ask>, Connection),
    Opened(Option<Ask>, Stream),
    Refused(Ask, String),
    Closed(ConnectionId, ConnectionEnd),
}

impl Application {
    /// One that accepts connections from now on.
    pub(super) fn new(seed: u64, endpoint: Endpoint, tasks: &mut Tasks) -> Self {
        let news = Arc::new(Mutex::new(VecDeque::new()));
        let (heard, accepting) = (news.clone(), endpoint.clone());
        tasks.spawn(async move {
            while let Some(connection) = accepting.accept().await {
                tell(&heard, News::Connected(None, connection));
            }
        });
        let (connections, streams) = (BTreeMap::new(), BTreeMap::new());
        let (happenings, woken, rng) = (VecDeque::new(), Arc::default(), Rng::new(seed));
        Self {
            endpoint,
            news,
            happenings,
            connections,
            streams,
            asks: Asks::default(),
            woken,
            came: 0,
            comes_at: None,
            rng,
        }
    }

    /// Hears what its tasks have found; whether there is more to be done for them now.
    pub(super) fn hear(&mut self, tasks: &mut Tasks) -> bool {
        let mut more = false;
        loop {
            let news = self.news.lock().expect("it is a queue").pop_front();
            let Some(news) = news else { return more };
            self.woken.fetch_add(1, Ordering::Relaxed);
            let happening = match news {
                News::Connected(ask, connection) => {
                    more = true;
                    let (id, peer) = (connection.id(), connection.peer_id());
                    tasks.spawn(attend(self.news.clone(), connection.clone()));
                    self.connections.insert(id, connection);
                    Happening::Connected { ask, id, peer }
                }
                News::Opened(ask, stream) => {
                    let id = stream.id();
                    self.streams.insert(id, Held::new(stream, &self.woken));
                    Happening::Opened { ask, id }
                }
                News::Refused(ask, why) => Happening::Refused { ask, why },
                News::Closed(id, end) => {
                    self.connections.remove(&id);
                    Happening::Closed { id, why: format!("{end:?}") }
                }
            };
            self.happenings.push_back(happening);
        }
    }

    /// When it comes to look, if it was woken: a moment later, as tasks do.
    pub(super) fn wakes_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.comes_at = self.comes_at.filter(|at| *at > now);
        let woken = self.woken.load(Ordering::Relaxed);
        if mem::replace(&mut self.came, woken) != woken {
            self.comes_at.get_or_insert(now + LATENCY);
        }
        self.comes_at
    }

    /// Whether to ask though nothing has rung.
    fn is_impatient(&mut self) -> bool {
        self.rng.chance(IMPATIENT)
    }
}

/// Tells all streams of a connection, and its end after them.
async fn attend(news: Arc<Mutex<VecDeque<News>>>, connection: Connection) {
    while let Some(stream) = connection.accept().await {
        tell(&news, News::Opened(None, stream));
    }
    let end = connection.closed().await;
    tell(&news, News::Closed(connection.id(), end));
}

fn tell(to: &Mutex<VecDeque<News>>, news: News) {
    to.lock().expect("it is a queue").push_back(news);
}

/// How long a task that was woken waits for its turn.
const LATENCY: Duration = Duration::from_micros(10);
/// Of a million reads and writes that could wait until they are woken, so many do not.
const IMPATIENT: u64 = 20_000;
