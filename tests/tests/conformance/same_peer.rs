//! Several ways between the same two nodes: dialed twice, dialed across, dialed by themselves.
//!
//! Between two sockets there is one connection in each direction at most, as DTLS has nothing to tell
//! more of them apart; unless one leads to a peer that is not there any more. Our own socket is no exception: an endpoint is a transport, and whom an
//! application does not want to talk to, itself included, it tells by the peer id.

use floe_core::driver::{Connection, DialError};
use floe_core::rtc::error::{self, ConnectionEnd};
use futures::join;

use crate::node::{address, config, connect, hello, node, pair};
use crate::runtime_gone::apart;
use crate::stage::Stage;

/// The second dial says that there is a connection, until that is over, in whatever way.
pub(crate) async fn one_after_the_other<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    for end in ["closed there", "closed here", "dropped here"] {
        let (outbound, inbound) = connect(&dialer, &listener).await;
        let error = dialer.dial(&address(&listener)).await.unwrap_err();
        assert_eq!(error, already_connected(&outbound), "{end}");
        hello(&outbound, &inbound).await;
        match end {
            "closed there" => {
                inbound.close().await;
                assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
            }
            "closed here" => outbound.close().await,
            _ => drop(outbound),
        }
        // At once: nobody waits for the peer to hear of it.
        let (outbound, inbound) = connect(&dialer, &listener).await;
        hello(&outbound, &inbound).await;
        outbound.close().await;
        inbound.closed().await;
    }
}

pub(crate) async fn two_dials_at_once<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let at = address(&listener);
    let (first, second, inbound) = join!(dialer.dial(&at), dialer.dial(&at), listener.accept());
    let outbound = first.unwrap();
    assert_eq!(second.unwrap_err(), already_connected(&outbound));
    hello(&outbound, &inbound.unwrap()).await;
}

/// A peer that crashed and came back with another certificate is dialed at once, although nobody has noticed
/// yet that the old connection is dead.
pub(crate) async fn another_certificate<S: Stage>() {
    let dialer = node::<S>(1).await;
    let (listener, runtime) = apart::<S>();
    let addr = listener.local_addr();
    let (outbound, _inbound) = connect(&dialer, &listener).await;
    drop(runtime);
    listener.closed().await.unwrap();
    let reborn = S::bind(addr, config(3)).await.expect("the port is free");
    let (again, again_inbound) = connect(&dialer, &reborn).await;
    assert_eq!(again.peer_id(), reborn.peer_id());
    hello(&again, &again_inbound).await;
    hello(&again_inbound, &again).await;
    let error = dialer.dial(&address(&reborn)).await.unwrap_err();
    assert_eq!(error, already_connected(&again));
    outbound.close().await;
    hello(&again, &again_inbound).await;
}

/// Two sockets of one peer are two ways to it, each with its own end.
pub(crate) async fn from_two_endpoints<S: Stage>() {
    let (listener, one, other) = (node::<S>(1).await, node::<S>(2).await, node::<S>(2).await);
    let (outbound, inbound) = connect(&one, &listener).await;
    let (second_outbound, second_inbound) = connect(&other, &listener).await;
    assert_eq!(inbound.peer_id(), second_inbound.peer_id());
    assert_ne!(inbound.remote_addr(), second_inbound.remote_addr());
    outbound.close().await;
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
    hello(&second_outbound, &second_inbound).await;
    hello(&second_inbound, &second_outbound).await;
}

/// Whoever was dialed may dial back: there are two connections then.
pub(crate) async fn dialing_back<S: Stage>() {
    let pair = pair::<S>().await;
    let (back, back_inbound) = connect(&pair.listener, &pair.dialer).await;
    both_work(&pair.outbound, &pair.inbound, &back, &back_inbound).await;
}

/// Two nodes that dial each other at the same moment get what each asked for.
pub(crate) async fn crossing<S: Stage>() {
    for _ in 0..5 {
        let (one, other) = (node::<S>(1).await, node::<S>(2).await);
        let ((outbound, inbound), (back, back_inbound)) =
            join!(connect(&one, &other), connect(&other, &one));
        both_work(&outbound, &inbound, &back, &back_inbound).await;
    }
}

/// Our own address leads to ourselves, in two connections: the dialed one and the accepted one.
pub(crate) async fn ourselves<S: Stage>() {
    let node = node::<S>(1).await;
    let (outbound, inbound) = connect(&node, &node).await;
    assert_eq!(outbound.peer_id(), node.peer_id());
    assert_eq!(inbound.peer_id(), node.peer_id());
    assert_ne!(outbound.id(), inbound.id());
    hello(&outbound, &inbound).await;
    hello(&inbound, &outbound).await;
    let error = node.dial(&address(&node)).await.unwrap_err();
    assert_eq!(error, already_connected(&outbound));
    inbound.close().await;
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    let (outbound, inbound) = connect(&node, &node).await;
    hello(&outbound, &inbound).await;
    node.close().await;
}

/// An address of ours that promises somebody else is as wrong as any other.
pub(crate) async fn ourselves_by_mistake<S: Stage>() {
    let node = node::<S>(1).await;
    let (expected, actual) = (config(2).identity.peer_id(), node.peer_id());
    let address = address(&node).with_peer(expected);
    match node.dial(&address).await.unwrap_err() {
        DialError::Failed { end, .. } => {
            assert_eq!(end, ConnectionEnd::WrongPeer { expected, actual });
        }
        other => panic!("{other}"),
    }
}

/// Two connections between the same sockets share nothing; one goes on when the other ends.
async fn both_work(
    outbound: &Connection,
    inbound: &Connection,
    back: &Connection,
    back_inbound: &Connection,
) {
    join!(hello(outbound, inbound), hello(back, back_inbound));
    join!(hello(inbound, outbound), hello(back_inbound, back));
    outbound.close().await;
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
    hello(back, back_inbound).await;
    hello(back_inbound, back).await;
    back.close().await;
    assert_eq!(back_inbound.closed().await, ConnectionEnd::ClosedByPeer);
}

fn already_connected(connection: &Connection) -> DialError {
    DialError::Refused(error::DialRefused::AlreadyConnected(connection.id()))
}
