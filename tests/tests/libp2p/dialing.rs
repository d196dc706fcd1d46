//! Dials: to whom, and what comes of those that cannot succeed.

use std::error::Error as _;
use std::net::UdpSocket;
use std::time::Duration;

use floe_core::driver::DialError;
use floe_core::libp2p::libp2p_core::multiaddr::Protocol;
use floe_core::libp2p::libp2p_core::transport::{
    DialOpts, ListenerId, MemoryTransport, PortUse, Transport as _, TransportError,
};
use floe_core::libp2p::libp2p_core::{Endpoint, Multiaddr};
use floe_core::libp2p::{Config, Error};
use floe_core::rtc::error::{ConnectionEnd, DialRefused, Step};
use futures::{AsyncWriteExt, FutureExt, join};

use crate::node::{
    DIAL, accept, connect, dial, hello, is_quiet, listening, node, open, read, take,
};
use crate::stage::{Stage, key};

/// No listener, no address, no peer: a dial needs none of its own.
pub(crate) async fn without_a_listener<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let peer = key(1).public().to_peer_id();
    listener.address.push(Protocol::P2p(peer));
    let mut dialer = node::<S>(2);
    let (mut outbound, mut inbound) = connect(&mut dialer, &mut listener).await;
    assert_eq!(outbound.as_driver().peer_id().to_string(), peer.to_string());
    hello(&mut outbound, &mut inbound).await;
    hello(&mut inbound, &mut outbound).await;
    assert!(is_quiet(&mut dialer).await);
}

/// Whoever has the certificate will do; who it is, the dialer learns.
pub(crate) async fn without_a_peer_id<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let mut dialer = node::<S>(2);
    let dial = dialer.dial(listener.address.clone(), DIAL).unwrap();
    let (dialed, _accepted) = join!(dial, accept(&mut listener.transport));
    assert_eq!(dialed.unwrap().0, key(1).public().to_peer_id());
}

/// The error names both.
pub(crate) async fn the_wrong_peer<S: Stage>() {
    let listener = listening::<S>(1).await;
    let expected = key(3).public().to_peer_id();
    let address = listener.address.clone().with(Protocol::P2p(expected));
    let error = dial(&mut node::<S>(2), &address).await.unwrap_err();
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    assert!(matches!(cause, Some(ConnectionEnd::WrongPeer { .. })), "{error:?}");
    let told = cause.unwrap().to_string();
    for peer in [expected, key(1).public().to_peer_id()] {
        assert!(told.contains(&peer.to_string()), "{told}");
    }
}

pub(crate) async fn nobody_there<S: Stage>() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = listening::<S>(1).await.address;
    let address =
        address.replace(1, |_| Some(Protocol::Udp(deaf.local_addr().expect("it is bound").port())));
    let config =
        Config::default().with(|config| config.handshake_timeout = Duration::from_millis(500));
    let error = dial(&mut S::transport(2, config), &address.unwrap()).await.unwrap_err();
    let Error::Dial(error) = error else { panic!("{error:?}") };
    match *error {
        DialError::Failed { end, .. } => {
            assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Stun));
        }
        other => panic!("{other:?}"),
    }
}

/// Addresses of other transports come back as they are.
pub(crate) async fn what_is_not_ours<S: Stage>() {
    let mut node = node::<S>(1);
    for text in [
        "/ip4/127.0.0.1/udp/4001/quic-v1",
        "/ip4/127.0.0.1/tcp/4001/ws",
        "/dns4/example.org/udp/4001/webrtc-direct",
        "/memory/7",
    ] {
        let addr: Multiaddr = text.parse().unwrap();
        for error in [
            node.dial(addr.clone(), DIAL).err().expect("it is not ours"),
            node.listen_on(ListenerId::next(), addr.clone()).unwrap_err(),
        ] {
            match error {
                TransportError::MultiaddrNotSupported(back) => assert_eq!(back, addr),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Addresses of webrtc-direct that cannot be dialed say why.
pub(crate) async fn what_is_wrong<S: Stage>() {
    let address = listening::<S>(1).await.address;
    let bare: Multiaddr = address.iter().take(3).collect();
    let nowhere = address.replace(1, |_| Some(Protocol::Udp(0))).unwrap();
    for (address, refusal) in [(bare, DialRefused::NoCerthash), (nowhere, DialRefused::BadAddress)]
    {
        let error = dial(&mut node::<S>(2), &address).await.unwrap_err();
        let Error::Dial(error) = error else { panic!("{error:?}") };
        assert!(matches!(&*error, DialError::Refused(cause) if *cause == refusal), "{error:?}");
    }
}

/// In a transport that is made of two, each gets what is its.
pub(crate) async fn beside_another_transport<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let mut both = node::<S>(2)
        .map(|_, _| "webrtc")
        .or_transport(MemoryTransport::new().map(|_, _| "memory"))
        .map(|either, _| either.into_inner());
    // Nobody listens there, which that transport knows at once.
    match both.dial("/memory/4242".parse().unwrap(), DIAL).err() {
        Some(TransportError::Other(error)) => assert!(error.is_right(), "{error:?}"),
        other => panic!("{other:?}"),
    }
    let webrtc = both.dial(listener.address.clone(), DIAL).unwrap();
    let (dialed, _) = join!(webrtc, accept(&mut listener.transport));
    assert_eq!(dialed.ok(), Some("webrtc"));
}

pub(crate) async fn in_the_role_of_a_listener<S: Stage>() {
    let address = listening::<S>(1).await.address;
    for port_use in [PortUse::Reuse, PortUse::New] {
        let opts = DialOpts { role: Endpoint::Listener, port_use };
        match node::<S>(2).dial(address.clone(), opts).err() {
            Some(TransportError::Other(Error::HolePunch)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A dial that is dropped, polled or not, does no harm to the next.
pub(crate) async fn given_up<S: Stage>() {
    let mut listener = listening::<S>(1).await;
    let mut dialer = node::<S>(2);
    drop(dialer.dial(listener.address.clone(), DIAL).unwrap());
    let mut begun = dialer.dial(listener.address.clone(), DIAL).unwrap();
    // Mostly it is not done by then; it must do no harm either way.
    drop((&mut begun).now_or_never());
    drop(begun);
    let dial = async {
        let mut outbound = dial(&mut dialer, &listener.address).await.expect("somebody listens");
        let mut substream = open(&mut outbound).await.unwrap();
        substream.write_all(b"hello").await.unwrap();
        substream.close().await.unwrap();
        outbound
    };
    let accept = async {
        loop {
            let (mut inbound, ..) = accept(&mut listener.transport).await;
            if let Ok(mut substream) = take(&mut inbound).await {
                return read(&mut substream).await;
            }
        }
    };
    assert_eq!(join!(dial, accept).1, b"hello");
}
