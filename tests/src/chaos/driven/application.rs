//! The application of a [`Driven`] node, as a [`Peer`]: what is asked for is done through handles and
//! their futures.
//!
//! It reads and writes only when it was woken, as a task would: a wake that the driver forgets is a
//! stream that stands still.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use floe_core::driver::{Connection, DialError, Endpoint, Stream};
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::{ConnectionId, Read, StreamId, Target};
use floe_core::time::Timestamp;
use futures::io::{AsyncRead, AsyncWrite};

use super::Driven;
use super::tasks::Tasks;
use crate::chaos::peer::{Ask, Broken, Happening, Peer};
use crate::rng::Rng;

#[derive(Debug)]
pub(super) struct Application {
    endpoint: Endpoint,
    /// What its tasks have heard.
    news: Arc<Mutex<VecDeque<News>>>,
    happenings: VecDeque<Happening>,
    connections: BTreeMap<ConnectionId, Connection>,
    streams: BTreeMap<StreamId, Held>,
    asks: u64,
    /// How often it was woken, and how often it has come for that.
    woken: Arc<AtomicU64>,
    came: u64,
    /// When it comes to look.
    comes_at: Option<Timestamp>,
    rng: Rng,
}

#[derive(Debug)]
enum News {
    Connected(Option<Ask>, Connection),
    Opened(Option<Ask>, Stream),
    Refused(Ask, String),
    Closed(ConnectionId, ConnectionEnd),
}

/// A stream, and whether it is worth asking.
#[derive(Debug)]
struct Held {
    stream: Stream,
    reader: Arc<Bell>,
    writer: Arc<Bell>,
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
            asks: 0,
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
                    let bell = || Arc::new(Bell::rung(self.woken.clone()));
                    self.streams.insert(id, Held { stream, reader: bell(), writer: bell() });
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

    fn ask(&mut self) -> Ask {
        self.asks += 1;
        Ask(self.asks)
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

/// Peers are asked through the application that has moved in.
///
/// # Panics
/// All of them, but who and where it is, if none has.
impl Peer for Driven {
    fn peer_id(&self) -> PeerId {
        Self::peer_id(self)
    }

    fn address(&self) -> DirectAddr {
        Self::address(self)
    }

    fn dial(&mut self, _: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask {
        let application = self.application_mut();
        let (ask, news) = (application.ask(), application.news.clone());
        let (endpoint, target) = (application.endpoint.clone(), Target::new(address));
        self.tasks.spawn(async move {
            let dial = async {
                let mut target = target.map_err(DialError::from)?;
                target.version = version;
                endpoint.dial(target).await
            };
            let dialed = dial.await;
            tell(
                &news,
                match dialed {
                    Ok(connection) => News::Connected(Some(ask), connection),
                    Err(DialError::Failed { end, .. }) => News::Refused(ask, end.to_string()),
                    Err(DialError::Refused(why)) => News::Refused(ask, why.to_string()),
                    Err(error) => News::Refused(ask, error.to_string()),
                },
            );
        });
        ask
    }

    fn open(&mut self, _: Timestamp, on: ConnectionId) -> Ask {
        let application = self.application_mut();
        let (ask, news) = (application.ask(), application.news.clone());
        let Some(connection) = application.connections.get(&on).cloned() else {
            tell(&news, News::Refused(ask, "there is no such connection".to_owned()));
            return ask;
        };
        self.tasks.spawn(async move {
            tell(
                &news,
                match connection.open().await {
                    Ok(stream) => News::Opened(Some(ask), stream),
                    Err(error) => News::Refused(ask, error.to_string()),
                },
            );
        });
        ask
    }

    fn write(&mut self, _: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken> {
        let application = self.application_mut();
        let impatient = application.is_impatient();
        let held = application.streams.get_mut(&to).ok_or(Broken)?;
        if !held.writer.has_rung() && !impatient {
            return Ok(0);
        }
        let waker = held.writer.silenced();
        let stream = Pin::new(&mut held.stream);
        match stream.poll_write(&mut Context::from_waker(&waker), bytes) {
            Poll::Ready(written) => {
                held.writer.ring_for_us();
                written.map_err(|_| Broken)
            }
            Poll::Pending => Ok(0),
        }
    }

    fn read(&mut self, _: Timestamp, from: StreamId, out: &mut [u8]) -> Read {
        let application = self.application_mut();
        let impatient = application.is_impatient();
        let Some(held) = application.streams.get_mut(&from) else { return Read::Reset };
        if out.is_empty() || !held.reader.has_rung() && !impatient {
            return Read::Empty;
        }
        let waker = held.reader.silenced();
        let stream = Pin::new(&mut held.stream);
        let read = stream.poll_read(&mut Context::from_waker(&waker), out);
        if read.is_ready() {
            held.reader.ring_for_us();
        }
        match read {
            Poll::Ready(Ok(0)) => Read::Finished,
            Poll::Ready(Ok(n)) => Read::Bytes(n),
            Poll::Ready(Err(_)) => Read::Reset,
            Poll::Pending => Read::Empty,
        }
    }

    fn finish(&mut self, _: Timestamp, stream: StreamId) -> Result<(), Broken> {
        let held = self.application_mut().streams.get_mut(&stream).ok_or(Broken)?;
        // Whatever is written from now on fails at once.
        held.writer.ring_for_us();
        let waker = Waker::from(held.writer.clone());
        let stream = Pin::new(&mut held.stream);
        match stream.poll_close(&mut Context::from_waker(&waker)) {
            Poll::Ready(Err(_)) => Err(Broken),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    fn stop_reading(&mut self, _: Timestamp, stream: StreamId) {
        if let Some(held) = self.application_mut().streams.get_mut(&stream) {
            held.reader.ring_for_us();
            held.stream.stop_reading();
        }
    }

    fn reset(&mut self, _: Timestamp, stream: StreamId) {
        if let Some(held) = self.application_mut().streams.get_mut(&stream) {
            held.reader.ring_for_us();
            held.writer.ring_for_us();
            held.stream.reset();
        }
    }

    fn forget(&mut self, _: Timestamp, stream: StreamId) {
        let held = self.application_mut().streams.remove(&stream);
        drop(held);
    }

    fn close(&mut self, _: Timestamp, connection: ConnectionId) {
        let connection = self.application_mut().connections.get(&connection).cloned();
        if let Some(connection) = connection {
            self.tasks.spawn(async move { connection.close().await });
        }
    }

    fn calm(&mut self) {
        self.set_manner(super::Manner::KIND);
    }

    fn happening(&mut self) -> Option<Happening> {
        self.application_mut().happenings.pop_front()
    }
}

impl Driven {
    fn application_mut(&mut self) -> &mut Application {
        self.application.as_mut().expect("an application has moved in")
    }
}

/// The waker of one half of a stream, and whether it was woken.
#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    woken: Arc<AtomicU64>,
}

impl Bell {
    /// One that rings: nobody has looked yet.
    const fn rung(woken: Arc<AtomicU64>) -> Self {
        Self { rung: AtomicBool::new(true), woken }
    }

    fn has_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }

    /// Rings without waking anybody: we are there already.
    fn ring_for_us(&self) {
        self.rung.store(true, Ordering::Relaxed);
    }

    /// Silences it until it is woken again.
    fn silenced(self: &Arc<Self>) -> Waker {
        self.rung.store(false, Ordering::Relaxed);
        Waker::from(self.clone())
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if !self.rung.swap(true, Ordering::Relaxed) {
            self.woken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How long a task that was woken waits for its turn.
const LATENCY: Duration = Duration::from_micros(10);
/// Of a million reads and writes that could wait until they are woken, so many do not.
const IMPATIENT: u64 = 20_000;
