//! Two nodes behind drivers, and what their applications do most.

use std::future::Future;
use std::time::Duration;

use floe_core::driver::{Connection, Endpoint, Stream};
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::Config;
use floe_tests::chaos::driven::{Clock, Driven, Job, Manner};
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{AsyncReadExt, AsyncWriteExt, join, select_biased};

use crate::{CLIENT, OTHER, SERVER, secs};

/// A world of two.
pub(crate) struct Two {
    pub(crate) world: World,
    pub(crate) client: Handle<Driven>,
    pub(crate) server: Handle<Driven>,
}

/// What an application of a node stands on.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    pub(crate) clock: Clock,
    /// The other node's address.
    pub(crate) other: DirectAddr,
}

impl Two {
    pub(crate) fn new(seed: u64, weather: Weather, manner: Manner) -> Self {
        Self::with(seed, weather, manner, |_| {})
    }

    pub(crate) fn with(
        seed: u64,
        weather: Weather,
        manner: Manner,
        adjust: impl Fn(&mut Config),
    ) -> Self {
        let mut world = World::new(seed, weather);
        let epoch = world.epoch;
        let server = world.add(Driven::new(seed * 2, SERVER, epoch, manner, &adjust));
        let client = world.add(Driven::new(seed * 2 + 1, CLIENT, epoch, manner, &adjust));
        Self { world, client, server }
    }

    /// Where an application of the client stands.
    pub(crate) fn at_client(&self) -> Place {
        self.place(self.client, self.server)
    }

    /// Where an application of the server stands.
    pub(crate) fn at_server(&self) -> Place {
        self.place(self.server, self.client)
    }

    fn place(&self, node: Handle<Driven>, other: Handle<Driven>) -> Place {
        let (node, other) = (&self.world[node], &self.world[other]);
        Place { endpoint: node.endpoint(), clock: node.clock(), other: other.address() }
    }

    /// An application of the client.
    pub(crate) fn client<T: 'static>(&mut self, job: impl Future<Output = T> + 'static) -> Job<T> {
        self.world[self.client].job(job)
    }

    /// An application of the server.
    pub(crate) fn server<T: 'static>(&mut self, job: impl Future<Output = T> + 'static) -> Job<T> {
        self.world[self.server].job(job)
    }

    /// One more node behind a driver, which echoes whatever comes.
    pub(crate) fn third(&mut self) -> DirectAddr {
        let third = Driven::new(THIRD_SEED, OTHER, self.world.epoch, Manner::KIND, |_| {});
        let (third, endpoint, address) = {
            let (endpoint, address) = (third.endpoint(), third.address());
            (self.world.add(third), endpoint, address)
        };
        drop(self.world[third].job(serve(endpoint)));
        address
    }

    /// The server echoes whatever comes.
    pub(crate) fn serve(&mut self) {
        let endpoint = self.at_server().endpoint;
        self.server(serve(endpoint));
    }

    /// Goes on until a job is done.
    pub(crate) fn done<T>(&mut self, job: &Job<T>) -> T {
        self.done_within(LIMIT, job)
    }

    /// Goes on until a job is done, for so long at most.
    pub(crate) fn done_within<T>(&mut self, limit: Duration, job: &Job<T>) -> T {
        let done = self.world.until(limit, |_| job.take());
        done.unwrap_or_else(|| panic!("not done within {limit:?}: {:?}", self.world))
    }

    /// Plays an application of each node to its end.
    pub(crate) fn play<A: 'static, B: 'static>(
        &mut self,
        client: impl Future<Output = A> + 'static,
        server: impl Future<Output = B> + 'static,
    ) -> (A, B) {
        let (client, server) = (self.client(client), self.server(server));
        (self.done(&client), self.done(&server))
    }

    /// The driver of neither node has anything left.
    pub(crate) fn nothing_is_left(&mut self) {
        for node in [self.client, self.server] {
            let endpoint = self.world[node].endpoint();
            let counters = self.world[node].job(async move { endpoint.counters().await });
            let counters = self.done(&counters).expect("it is open");
            assert_eq!(counters.connections, 0, "{node:?}: {counters:?}");
        }
    }
}

impl Place {
    pub(crate) async fn dial(&self) -> Connection {
        self.endpoint.dial(&self.other).await.expect("it is there")
    }

    pub(crate) async fn accept(&self) -> Connection {
        self.endpoint.accept().await.expect("it is open")
    }
}

/// Accepts all connections and all their streams, and echoes each to its end.
async fn serve(endpoint: Endpoint) {
    let mut serving = FuturesUnordered::new();
    loop {
        select_biased! {
            () = serving.select_next_some() => {}
            connection = futures::FutureExt::fuse(endpoint.accept()) => match connection {
                Some(connection) => serving.push(serve_connection(connection)),
                None => break,
            }
        }
    }
    serving.collect().await
}

async fn serve_connection(connection: Connection) {
    let mut serving = FuturesUnordered::new();
    loop {
        select_biased! {
            () = serving.select_next_some() => {}
            stream = futures::FutureExt::fuse(connection.accept()) => match stream {
                Some(stream) => serving.push(echo(stream)),
                None => break,
            }
        }
    }
    serving.collect().await
}

/// Sends back what comes until it ends, by whatever end.
pub(crate) async fn echo(mut stream: Stream) {
    let mut buffer = vec![0; 10_000];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(n) if stream.write_all(&buffer[..n]).await.is_ok() => {}
            _ => return,
        }
    }
    let _ = stream.close().await;
}

/// Sends `bytes` on a new stream and says what came back.
pub(crate) async fn exchange(connection: &Connection, bytes: &[u8]) -> Vec<u8> {
    let stream = connection.open().await.expect("there is room for one more");
    let (mut from, mut to) = stream.split();
    let write = async {
        to.write_all(bytes).await.expect("it is open");
        to.close().await.expect("it is acknowledged");
    };
    let mut received = Vec::new();
    let ((), read) = join!(write, from.read_to_end(&mut received));
    read.expect("it comes to its end");
    received
}

/// Bytes that are not the same anywhere.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Rng::new(seed).fill(&mut bytes);
    bytes
}

const THIRD_SEED: u64 = 333;
/// What takes longer hangs.
const LIMIT: Duration = secs(600);
