//! What the stories begin with: nodes that listen, connected pairs, and the polls as futures.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use floe_core::libp2p::libp2p_core::muxing::StreamMuxerExt;
use floe_core::libp2p::libp2p_core::transport::{
    DialOpts, ListenerId, PortUse, Transport as _, TransportEvent,
};
use floe_core::libp2p::libp2p_core::{Endpoint, Multiaddr};
use floe_core::libp2p::{Bind, Config, Connection, Error, Substream, Transport, Upgrade};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::stage::Stage;

/// Any port of the loopback.
pub(crate) const LOOPBACK: &str = "/ip4/127.0.0.1/udp/0/webrtc-direct";

/// As swarms dial unless they are told otherwise.
pub(crate) const DIAL: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::Reuse };

pub(crate) type Event = TransportEvent<Upgrade, Error>;

/// A node and where it listens.
pub(crate) struct Listening<B> {
    pub(crate) transport: Transport<B>,
    pub(crate) id: ListenerId,
    pub(crate) address: Multiaddr,
}

pub(crate) fn node<S: Stage>(seed: u8) -> Transport<S::Bind> {
    S::transport(seed, Config::default())
}

pub(crate) async fn listening<S: Stage>(seed: u8) -> Listening<S::Bind> {
    let mut transport = node::<S>(seed);
    let (id, address) = listen(&mut transport, LOOPBACK).await;
    Listening { transport, id, address }
}

/// Listens on one address and says which it is.
pub(crate) async fn listen<B: Bind>(
    transport: &mut Transport<B>,
    addr: &str,
) -> (ListenerId, Multiaddr) {
    let id = ListenerId::next();
    transport.listen_on(id, addr.parse().unwrap()).expect("it can be bound");
    match event(transport).await {
        TransportEvent::NewAddress { listener_id, listen_addr } => {
            assert_eq!(listener_id, id);
            (id, listen_addr)
        }
        other => panic!("{other:?}"),
    }
}

/// The next thing that the transport tells.
pub(crate) async fn event<B: Bind>(transport: &mut Transport<B>) -> Event {
    poll_fn(|context| Pin::new(&mut *transport).poll(context)).await
}

/// Whether the transport has nothing to tell now.
pub(crate) async fn is_quiet<B: Bind>(transport: &mut Transport<B>) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *transport).poll(context).is_pending())).await
}

/// The next connection that a peer has dialed, at which listener, and the peer's address.
pub(crate) async fn accept<B: Bind>(
    transport: &mut Transport<B>,
) -> (Connection, ListenerId, Multiaddr) {
    match event(transport).await {
        TransportEvent::Incoming { listener_id, upgrade, send_back_addr, .. } => {
            (upgrade.await.expect("it is done").1, listener_id, send_back_addr)
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn dial<B: Bind>(
    transport: &mut Transport<B>,
    address: &Multiaddr,
) -> Result<Connection, Error> {
    let dial = transport.dial(address.clone(), DIAL).expect("the address is one of webrtc-direct");
    dial.await.map(|(_, connection)| connection)
}

/// The two ends of a new connection: the dialer's first.
pub(crate) async fn connect<B: Bind>(
    dialer: &mut Transport<B>,
    listener: &mut Listening<B>,
) -> (Connection, Connection) {
    let (dialed, (accepted, ..)) =
        join!(dial(dialer, &listener.address), accept(&mut listener.transport));
    (dialed.expect("the dial succeeds"), accepted)
}

/// Two nodes with a connection between them.
pub(crate) struct Pair<B> {
    pub(crate) dialer: Transport<B>,
    pub(crate) listener: Listening<B>,
    pub(crate) outbound: Connection,
    pub(crate) inbound: Connection,
}

pub(crate) async fn pair<S: Stage>() -> Pair<S::Bind> {
    pair_with::<S>(Config::default()).await
}

/// A pair whose dialer is configured.
pub(crate) async fn pair_with<S: Stage>(config: Config) -> Pair<S::Bind> {
    let (mut dialer, mut listener) = (S::transport(2, config), listening::<S>(1).await);
    let (outbound, inbound) = connect(&mut dialer, &mut listener).await;
    Pair { dialer, listener, outbound, inbound }
}

pub(crate) async fn open(connection: &mut Connection) -> Result<Substream, Error> {
    poll_fn(|context| connection.poll_outbound_unpin(context)).await
}

pub(crate) async fn take(connection: &mut Connection) -> Result<Substream, Error> {
    poll_fn(|context| connection.poll_inbound_unpin(context)).await
}

/// Closes a connection, and leaves it to be polled further.
pub(crate) async fn close(connection: &mut Connection) {
    poll_fn(|context| connection.poll_close_unpin(context)).await.expect("nothing can go wrong");
}

/// A substream, as its opener and its accepter have it.
pub(crate) async fn substream(
    opener: &mut Connection,
    accepter: &mut Connection,
) -> (Substream, Substream) {
    let (opened, taken) = join!(open(opener), take(accepter));
    (opened.expect("the connection is open"), taken.expect("the connection is open"))
}

/// Says something on a new substream and hears it again.
pub(crate) async fn hello(opener: &mut Connection, accepter: &mut Connection) {
    let (mut client, mut server) = substream(opener, accepter).await;
    let ask = async {
        client.write_all(b"hello").await.unwrap();
        client.close().await.unwrap();
        read(&mut client).await
    };
    let answer = async {
        let heard = read(&mut server).await;
        server.write_all(&heard).await.unwrap();
        server.close().await.unwrap();
    };
    assert_eq!(join!(ask, answer).0, b"hello");
}

/// All that comes until the end.
pub(crate) async fn read(substream: &mut Substream) -> Vec<u8> {
    let mut heard = Vec::new();
    substream.read_to_end(&mut heard).await.expect("the peer finishes");
    heard
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
