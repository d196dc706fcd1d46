//! Serving a connection: every stream that the peer opens gets the protocol that it asks for.
//!
//! Dialed connections are served too: peers open identify and ping on every connection they have.

mod background;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use floe_core::driver::{Connection, Stream};
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, select};

use self::background::CloseInBackground;
use crate::key::Key;
use crate::protocols::identify::{self, multiaddr};
use crate::protocols::{SERVED, echo, negotiate, perf, ping};
use crate::runtime::Runtime;

/// What is the same for all connections of a node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) runtime: Runtime,
    peer_id: PeerId,
    /// What does not change.
    info: identify::Info,
    listen_addrs: Mutex<Vec<DirectAddr>>,
}

impl Node {
    /// A node that listens nowhere yet.
    pub(crate) fn new(runtime: Runtime, key: &Key) -> Arc<Self> {
        let info = identify::Info {
            public_key: key.identity.public_key().to_protobuf(),
            listen_addrs: Vec::new(),
            protocols: SERVED.map(str::to_owned).to_vec(),
            observed_addr: Vec::new(),
            protocol_version: "ipfs/0.1.0".to_owned(),
            agent_version: concat!("floe/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        Arc::new(Self {
            runtime,
            peer_id: key.identity.peer_id(),
            info,
            listen_addrs: Mutex::default(),
        })
    }

    /// The node listens on `addr` from now on. `false`: it did already.
    pub(crate) fn listens_on(&self, addr: DirectAddr) -> bool {
        let mut addrs = self.listen_addrs();
        let is_new = !addrs.contains(&addr);
        if is_new {
            addrs.push(addr);
        }
        is_new
    }

    /// The node does not listen on `addr` any more. `false`: it did not anyway.
    pub(crate) fn left(&self, addr: DirectAddr) -> bool {
        let mut addrs = self.listen_addrs();
        let before = addrs.len();
        addrs.retain(|other| *other != addr);
        addrs.len() < before
    }

    fn listen_addrs(&self) -> MutexGuard<'_, Vec<DirectAddr>> {
        self.listen_addrs.lock().expect("nothing panics while it is held")
    }

    /// Who the node is.
    pub(crate) fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Where the node listens now.
    pub(crate) fn addrs(&self) -> Vec<DirectAddr> {
        self.listen_addrs().clone()
    }

    /// Serves `connection` beside everything else, until it is closed.
    pub(crate) fn spawn_serve(self: &Arc<Self>, connection: Connection) {
        let node = self.clone();
        self.runtime.spawn(async move { node.serve(&connection).await });
    }

    /// Serves `connection` until it is closed.
    pub(crate) async fn serve(&self, connection: &Connection) {
        let mut streams = FuturesUnordered::new();
        loop {
            let full = streams.len() >= STREAMS_MAX;
            let next = async { if full { pending().await } else { connection.accept().await } };
            select! {
                stream = next.fuse() => match stream {
                    Some(stream) => streams.push(self.serve_stream(connection, stream)),
                    None => break,
                },
                () = streams.select_next_some() => {}
            }
        }
        // The streams of a closed connection end by themselves, with an error.
        while streams.next().await.is_some() {}
    }

    async fn serve_stream(&self, connection: &Connection, stream: Stream) {
        let peer = connection.peer_id();
        let answer = negotiate::answer(CloseInBackground(stream));
        let answer = self.runtime.within(NEGOTIATION_LIMIT, answer).await;
        let (protocol, stream) = match answer {
            Some(Ok(negotiated)) => negotiated,
            Some(Err(error)) => {
                tracing::debug!(%peer, %error, "no protocol agreed upon");
                return;
            }
            None => {
                tracing::debug!(%peer, "the peer opened a stream and asked for no protocol");
                return;
            }
        };
        tracing::debug!(%peer, protocol, "serving");
        let served = match protocol {
            ping::PROTOCOL => ping::serve(stream).await,
            perf::PROTOCOL => perf::serve(stream).await,
            echo::PROTOCOL => echo::serve(stream).await,
            identify::PROTOCOL => {
                let observed_addr = multiaddr::udp(connection.remote_addr());
                let listen_addrs = self.listen_addrs().iter().map(multiaddr::direct).collect();
                let info = identify::Info { observed_addr, listen_addrs, ..self.info.clone() };
                identify::serve(stream, &info).await
            }
            other => unreachable!("{other} was agreed upon but is not served"),
        };
        match served {
            Ok(()) => tracing::debug!(%peer, protocol, "served"),
            Err(error) => tracing::debug!(%peer, protocol, %error, "the stream broke off"),
        }
    }
}

/// Streams of one connection that are served at once, as many as go-libp2p serves. Further ones wait, which
/// the peer notices as a slow answer, and for ever if it finishes none before all are answered; each may hold
/// a buffer of 64 KiB, so a connection holds 16 MiB of them at most.
const STREAMS_MAX: usize = 256;
/// How long a peer may take to name a protocol; js-libp2p gives as much.
const NEGOTIATION_LIMIT: Duration = Duration::from_secs(10);
