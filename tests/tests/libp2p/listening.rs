//! Listeners: what they tell, and how they end.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use floe_core::driver::Driver;
use floe_core::libp2p::libp2p_core::Multiaddr;
use floe_core::libp2p::libp2p_core::multiaddr::Protocol;
use floe_core::libp2p::libp2p_core::transport::{
    ListenerId, Transport as _, TransportError, TransportEvent,
};
use floe_core::libp2p::{Config, Error, Transport};
use floe_core::runtime;
use floe_smol::AsyncIo;
use futures::join;

use crate::node::{
    LOOPBACK, Listening, accept, connect, dial, event, hello, is_quiet, listen, listening, node,
};
use crate::stage::{Stage, key};

/// The port is the real one; the certhash is there, and the peer id is the swarm's to add.
pub(crate) async fn one_address<S: Stage>() {
    let mut node = node::<S>(1);
    assert!(is_quiet(&mut node).await);
    let (_, address) = listen(&mut node, LOOPBACK).await;
    let parts: Vec<_> = address.iter().collect();
    assert!(matches!(
        parts[..],
        [Protocol::Ip4(ip), Protocol::Udp(port), Protocol::WebRTCDirect, Protocol::Certhash(_)]
            if ip.is_loopback() && port != 0
    ));
    assert!(is_quiet(&mut node).await);
}

/// All addresses of this host are told, the loopback's among them, and each can be dialed.
pub(crate) async fn a_wildcard<S: Stage>() {
    let mut listener = node::<S>(1);
    let id = ListenerId::next();
    listener.listen_on(id, "/ip4/0.0.0.0/udp/0/webrtc-direct".parse().unwrap()).unwrap();
    let address = loop {
        match event(&mut listener).await {
            TransportEvent::NewAddress { listener_id, listen_addr } => {
                assert_eq!(listener_id, id);
                match listen_addr.iter().next() {
                    Some(Protocol::Ip4(ip)) if ip.is_loopback() => break listen_addr,
                    Some(Protocol::Ip4(ip)) => assert!(!ip.is_unspecified()),
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    };
    let mut dialer = node::<S>(2);
    let accept = async {
        loop {
            match event(&mut listener).await {
                TransportEvent::Incoming { upgrade, .. } => return upgrade.await.unwrap().1,
                TransportEvent::NewAddress { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (outbound, mut inbound) = join!(dial(&mut dialer, &address), accept);
    hello(&mut outbound.unwrap(), &mut inbound).await;
}

/// Listeners of either family, and dials to both from one node.
pub(crate) async fn both_families<S: Stage>() {
    let mut dialer = node::<S>(2);
    for (seed, loopback) in [(1, LOOPBACK), (3, "/ip6/::1/udp/0/webrtc-direct")] {
        let mut transport = node::<S>(seed);
        let (id, address) = listen(&mut transport, loopback).await;
        let mut listener = Listening { transport, id, address };
        let (mut outbound, mut inbound) = connect(&mut dialer, &mut listener).await;
        hello(&mut outbound, &mut inbound).await;
    }
}

/// What a swarm tells its behaviours of a connection that a peer has dialed: our address with its certhash, and
/// the peer's without one, as that is the dialer's to know.
pub(crate) async fn what_an_arrival_says<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let mut dialer = node::<S>(2);
    let (dialed, arrival) =
        join!(dial(&mut dialer, &listener.address), event(&mut listener.transport));
    let TransportEvent::Incoming { listener_id, local_addr, send_back_addr, upgrade } = arrival
    else {
        panic!("{arrival:?}")
    };
    assert_eq!((listener_id, &local_addr), (listener.id, &listener.address));
    let from: Vec<_> = send_back_addr.iter().collect();
    assert!(matches!(
        from[..],
        [Protocol::Ip4(ip), Protocol::Udp(port), Protocol::WebRTCDirect]
            if ip.is_loopback() && port != 0
    ));
    hello(&mut dialed.unwrap(), &mut upgrade.await.unwrap().1).await;
}

/// A swarm that waits for the transport is woken by what it does to it meanwhile.
pub(crate) async fn who_waits_is_woken<S: Stage>() {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let mut node = node::<S>(1);
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    let waits = |node: &mut Transport<S::Bind>| {
        Pin::new(node).poll(&mut Context::from_waker(&waker)).is_pending()
    };
    let id = ListenerId::next();
    assert!(waits(&mut node));
    node.listen_on(id, LOOPBACK.parse().unwrap()).unwrap();
    assert!(woken.0.swap(false, Ordering::Relaxed));
    assert!(matches!(event(&mut node).await, TransportEvent::NewAddress { .. }));
    assert!(waits(&mut node));
    woken.0.store(false, Ordering::Relaxed);
    assert!(node.remove_listener(id));
    assert!(woken.0.load(Ordering::Relaxed));
    assert!(matches!(event(&mut node).await, TransportEvent::ListenerClosed { .. }));
}

/// Each has its own socket, and says of each connection that it is its.
pub(crate) async fn several_at_once<S: Stage>() {
    let mut listener = node::<S>(1);
    let mut told = BTreeSet::new();
    let mut dialer = node::<S>(2);
    for _ in 0..3 {
        let (id, address) = listen(&mut listener, LOOPBACK).await;
        assert!(told.insert(address.to_vec()));
        let (outbound, (mut inbound, at, _)) =
            join!(dial(&mut dialer, &address), accept(&mut listener));
        assert_eq!(at, id);
        hello(&mut outbound.unwrap(), &mut inbound).await;
    }
}

/// The address can be listened on again, once nothing needs its port any more.
pub(crate) async fn what_was_told<S: Stage>() {
    let Listening { mut transport, id, address } = listening::<S>(1).await;
    assert!(transport.remove_listener(id));
    assert!(matches!(event(&mut transport).await, TransportEvent::ListenerClosed { .. }));
    let again = ListenerId::next();
    // The socket is closed by a task of its own, a moment later.
    while let Err(error) = transport.listen_on(again, address.clone()) {
        assert!(matches!(error, TransportError::Other(Error::Bind(_))), "{error:?}");
    }
    let TransportEvent::NewAddress { listener_id, listen_addr } = event(&mut transport).await
    else {
        panic!("it is told where it listens")
    };
    assert_eq!((listener_id, listen_addr), (again, address));
}

pub(crate) async fn a_port_that_is_taken<S: Stage>() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let addr: Multiaddr = format!("/ip4/127.0.0.1/udp/{port}/webrtc-direct").parse().unwrap();
    let mut node = node::<S>(1);
    match node.listen_on(ListenerId::next(), addr).unwrap_err() {
        TransportError::Other(Error::Bind(cause)) => {
            assert_eq!(cause.kind(), std::io::ErrorKind::AddrInUse);
        }
        other => panic!("{other:?}"),
    }
    listen(&mut node, LOOPBACK).await;
}

/// It says that it is closed, once, and nothing more; whoever dials it then finds nobody. The others stay.
pub(crate) async fn removal<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let config = Config::default().with(|config| config.handshake_timeout = SHORTLY);
    let mut dialer = S::transport(2, config);
    let (mut outbound, mut inbound) = connect(&mut dialer, &mut listener).await;
    let (_, second) = listen(&mut listener.transport, LOOPBACK).await;

    let Listening { mut transport, id, address } = listener;
    assert!(transport.remove_listener(id));
    assert!(!transport.remove_listener(id));
    match event(&mut transport).await {
        TransportEvent::ListenerClosed { listener_id, reason: Ok(()) } => {
            assert_eq!(listener_id, id)
        }
        other => panic!("{other:?}"),
    }
    hello(&mut outbound, &mut inbound).await;
    let mut other =
        S::transport(3, Config::default().with(|config| config.handshake_timeout = SHORTLY));
    assert!(matches!(dial(&mut other, &address).await, Err(Error::Dial(_))));
    assert!(is_quiet(&mut transport).await);

    let (outbound, (mut inbound, ..)) = join!(dial(&mut other, &second), accept(&mut transport));
    hello(&mut outbound.unwrap(), &mut inbound).await;
}

/// A listener whose driver is gone ends by itself, and says so.
pub(crate) async fn the_runtime_is_gone<S: Stage>() {
    let never_run = |addr, config| {
        let socket = runtime::Socket::bind(AsyncIo, addr)?;
        let (endpoint, driver) =
            Driver::new(config, socket, runtime::Clock::start(AsyncIo), [1; 32])?;
        drop(driver);
        Ok(endpoint)
    };
    let mut transport = Transport::on(never_run, &key(1), Config::default()).unwrap();
    let id = ListenerId::next();
    transport.listen_on(id, LOOPBACK.parse().unwrap()).unwrap();
    match event(&mut transport).await {
        TransportEvent::ListenerClosed { listener_id, reason: Err(Error::Stopped(None)) } => {
            assert_eq!(listener_id, id);
        }
        other => panic!("{other:?}"),
    }
    assert!(!transport.remove_listener(id));
    assert!(is_quiet(&mut transport).await);
}

/// For dials that nobody answers.
const SHORTLY: std::time::Duration = std::time::Duration::from_millis(500);
