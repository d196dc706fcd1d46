//! Which sockets dials leave by, and how long sockets live.

use std::net::UdpSocket;

use floe_core::libp2p::libp2p_core::Multiaddr;
use floe_core::libp2p::libp2p_core::multiaddr::Protocol;
use floe_core::libp2p::libp2p_core::transport::{DialOpts, PortUse, Transport as _};
use floe_core::libp2p::{Bind, Connection, Transport};
use futures::join;

use crate::node::{
    DIAL, Listening, Pair, accept, close, connect, hello, listening, node, pair, take,
};
use crate::stage::Stage;

/// Dials once and says from which port the listener was dialed.
async fn port_of_a_dial<B: Bind>(
    dialer: &mut Transport<B>,
    listener: &mut Listening<B>,
    port_use: PortUse,
) -> (u16, Connection, Connection) {
    let dial = dialer.dial(listener.address.clone(), DialOpts { port_use, ..DIAL }).unwrap();
    let (dialed, (accepted, _, from)) = join!(dial, accept(&mut listener.transport));
    (port(&from), dialed.unwrap().1, accepted)
}

fn port(address: &Multiaddr) -> u16 {
    match address.iter().nth(1) {
        Some(Protocol::Udp(port)) => port,
        other => panic!("{other:?}"),
    }
}

/// A node that listens dials from where it listens.
pub(crate) async fn reused<S: Stage>() {
    let (mut listener, mut dialer) = (listening::<S>(1).await, listening::<S>(2).await);
    let (from, mut outbound, mut inbound) =
        port_of_a_dial(&mut dialer.transport, &mut listener, PortUse::Reuse).await;
    assert_eq!(from, port(&dialer.address));
    hello(&mut outbound, &mut inbound).await;
}

/// A node that does not listen dials everybody from one port.
pub(crate) async fn shared<S: Stage>() {
    let (mut one, mut other) = (listening::<S>(1).await, listening::<S>(2).await);
    let mut dialer = node::<S>(3);
    let (first, ..) = port_of_a_dial(&mut dialer, &mut one, PortUse::Reuse).await;
    let (second, ..) = port_of_a_dial(&mut dialer, &mut other, PortUse::Reuse).await;
    assert_eq!(first, second);
}

pub(crate) async fn of_their_own<S: Stage>() {
    let (mut listener, mut dialer) = (listening::<S>(1).await, listening::<S>(2).await);
    let mut ports = vec![port(&dialer.address)];
    let mut held = Vec::new();
    for _ in 0..3 {
        let (from, outbound, inbound) =
            port_of_a_dial(&mut dialer.transport, &mut listener, PortUse::New).await;
        assert!(!ports.contains(&from));
        ports.push(from);
        held.push((outbound, inbound));
    }
    for (outbound, inbound) in &mut held {
        hello(outbound, inbound).await;
    }
}

/// A swarm may dial a peer that it is connected to.
pub(crate) async fn twice_the_same<S: Stage>() {
    let Pair { mut dialer, mut listener, mut outbound, mut inbound } = pair::<S>().await;
    let (mut second, mut second_inbound) = connect(&mut dialer, &mut listener).await;
    hello(&mut second, &mut second_inbound).await;
    close(&mut second).await;
    hello(&mut outbound, &mut inbound).await;
}

/// Two swarms that dial each other get two connections.
pub(crate) async fn crossing<S: Stage>() {
    let (mut one, mut other) = (listening::<S>(1).await, listening::<S>(2).await);
    let there = one.transport.dial(other.address.clone(), DIAL).unwrap();
    let back = other.transport.dial(one.address.clone(), DIAL).unwrap();
    let (there, back, (mut at_one, ..), (mut at_other, ..)) =
        join!(there, back, accept(&mut one.transport), accept(&mut other.transport));
    hello(&mut there.unwrap().1, &mut at_other).await;
    hello(&mut back.unwrap().1, &mut at_one).await;
}

/// Its socket goes when the last connection does.
pub(crate) async fn connections_outlive_their_listener<S: Stage>() {
    let Pair { listener, mut outbound, mut inbound, .. } = pair::<S>().await;
    let Listening { mut transport, id, address } = listener;
    assert!(transport.remove_listener(id));
    hello(&mut inbound, &mut outbound).await;
    assert!(UdpSocket::bind(("127.0.0.1", port(&address))).is_err());
    drop(inbound);
    take(&mut outbound).await.unwrap_err();
    // The socket is closed a moment after the peer has heard of it.
    while UdpSocket::bind(("127.0.0.1", port(&address))).is_err() {}
}

pub(crate) async fn connections_outlive_their_transport<S: Stage>() {
    let Pair { dialer, listener, mut outbound, mut inbound } = pair::<S>().await;
    drop((dialer, listener));
    hello(&mut inbound, &mut outbound).await;
    hello(&mut outbound, &mut inbound).await;
    drop(outbound);
    take(&mut inbound).await.unwrap_err();
}
