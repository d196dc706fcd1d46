//! Dials that succeed, and dials that fail and say why.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use floe_core::driver::DialError;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::error::{self, ConnectionEnd, Step};
use floe_core::rtc::output::Direction;
use floe_core::rtc::{ConfigError, Target};
use floe_tests::stun;
use futures::join;

use crate::node::{
    LOOPBACK, address, config, connect, exchange, node, pattern, serve_echo, stream,
};
use crate::stage::Stage;

pub(crate) async fn versions<S: Stage>() {
    let listener = node::<S>(1).await;
    for version in [None, Some(Version::V1), Some(Version::V2)] {
        let dialer = node::<S>(2).await;
        let mut target = Target::new(&address(&listener)).unwrap();
        target.version = version;
        let (outbound, inbound) = join!(dialer.dial(target), listener.accept());
        let (outbound, inbound) = (outbound.unwrap(), inbound.unwrap());
        assert_eq!(outbound.version(), Some(version.unwrap_or(Version::V2)));
        assert_eq!(inbound.version(), outbound.version());
        assert_eq!(outbound.direction(), Direction::Outbound);
        assert_eq!(inbound.direction(), Direction::Inbound);
        assert_eq!(outbound.peer_id(), listener.peer_id());
        assert_eq!(inbound.peer_id(), dialer.peer_id());
        assert_eq!(outbound.remote_addr(), listener.local_addr());
        assert_eq!(inbound.remote_addr(), dialer.local_addr());
        for &step in Step::DIRECT {
            assert!(outbound.timeline().done(step).is_some(), "{step} was done");
        }
    }
}

/// A listener that knows only v1 and keeps an address for whoever came from it first is reached from the
/// second socket, and the connection stays there.
pub(crate) async fn fallback<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let mut target = Target::new(&address(&listener)).unwrap();
    target.remote = only_v1(listener.local_addr());
    for round in ["first", "again"] {
        let (outbound, inbound) = join!(dialer.dial(target.clone()), listener.accept());
        let (outbound, inbound) = (outbound.unwrap(), inbound.unwrap());
        assert_eq!(
            (outbound.version(), inbound.version()),
            (Some(Version::V1), Some(Version::V1)),
            "{round}"
        );
        assert_eq!(outbound.remote_addr(), target.remote);
        let (mut client, server) = stream(&outbound, &inbound).await;
        let sent = pattern(300_000);
        let (received, ()) = join!(exchange(&mut client, &sent), serve_echo(server));
        assert!(received == sent, "the echo is what was sent");
        outbound.close().await;
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
    }
}

/// The address of a way to `server` for which an address that v2 was tried from is spoilt. Its threads
/// last as long as the tests.
fn only_v1(server: SocketAddr) -> SocketAddr {
    let front = Arc::new(UdpSocket::bind(LOOPBACK).unwrap());
    let addr = front.local_addr().unwrap();
    thread::spawn(move || {
        let mut ways = HashMap::new();
        let mut buffer = [0; 2048];
        while let Ok((len, client)) = front.recv_from(&mut buffer) {
            let datagram = &buffer[..len];
            let way = ways.entry(client).or_insert_with(|| {
                let name = stun::username(datagram).unwrap_or_default();
                (!name.starts_with(b"libp2p+webrtc+v2/")).then(|| way(&front, client, server))
            });
            if let Some(way) = way {
                // What cannot be sent is lost, as on any network.
                let _ = way.send(datagram);
            }
        }
    });
    addr
}

/// A socket that is `client` for `server`, and the way back.
fn way(front: &Arc<UdpSocket>, client: SocketAddr, server: SocketAddr) -> Arc<UdpSocket> {
    let back = Arc::new(UdpSocket::bind(LOOPBACK).unwrap());
    back.connect(server).unwrap();
    let (front, way) = (front.clone(), back.clone());
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok(len) = back.recv(&mut buffer) {
            let _ = front.send_to(&buffer[..len], client);
        }
    });
    way
}

pub(crate) async fn wrong_peer<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let expected = config(3).identity.peer_id();
    let address = address(&listener).with_peer(expected);
    let error = dialer.dial(&address).await.unwrap_err();
    assert_eq!(error.step(), Some(Step::PeerId));
    assert!(error.timeline().unwrap().done(Step::Noise).is_some());
    let actual = listener.peer_id();
    match error {
        DialError::Failed { end, .. } => {
            assert_eq!(end, ConnectionEnd::WrongPeer { expected, actual });
        }
        other => panic!("{other}"),
    }
}

pub(crate) async fn wrong_certhash<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let address = address(&listener);
    let actual = address.certhash().unwrap();
    let expected = config(3).certificate.fingerprint();
    let error = dialer.dial(&address.with_certhash(expected)).await.unwrap_err();
    assert_eq!(error.step(), Some(Step::Certhash));
    assert!(error.timeline().unwrap().done(Step::Certhash).is_none());
    match error {
        DialError::Failed { end, .. } => {
            assert_eq!(end, ConnectionEnd::WrongCerthash { expected, actual });
        }
        other => panic!("{other}"),
    }
}

pub(crate) async fn nobody_there<S: Stage>() {
    let silent = UdpSocket::bind(LOOPBACK).unwrap();
    let dialer = node::<S>(2).await;
    let address = address(&dialer).with_socket_addr(silent.local_addr().unwrap());
    let mut target = Target::new(&address).unwrap();
    target.timeout = Some(Duration::from_millis(400));
    let error = dialer.dial(target).await.unwrap_err();
    assert_eq!(error.step(), Some(Step::Stun));
    assert_eq!(error.timeline().unwrap().done(Step::Stun), None);
}

pub(crate) async fn no_certhash<S: Stage>() {
    let dialer = node::<S>(2).await;
    let address = DirectAddr::new(dialer.local_addr());
    let error = dialer.dial(&address).await.unwrap_err();
    assert_eq!(error, DialError::Refused(error::DialRefused::NoCerthash));
}

/// A socket of IPv4 has no way to IPv6, and says so instead of waiting for an answer; an IPv4 address is
/// one in either dress.
pub(crate) async fn the_other_family<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let there = address(&listener);
    let elsewhere = there.with_socket_addr("[2001:db8::1]:4001".parse().unwrap());
    let error = dialer.dial(&elsewhere).await.unwrap_err();
    assert_eq!(error, DialError::Refused(error::DialRefused::WrongFamily));
    let IpAddr::V4(ip) = there.ip() else { panic!("the loopback of IPv4 was bound") };
    let mapped = SocketAddr::new(ip.to_ipv6_mapped().into(), there.port());
    let mapped = there.with_socket_addr(mapped);
    let (outbound, inbound) = join!(dialer.dial(&mapped), listener.accept());
    assert_eq!(outbound.unwrap().remote_addr(), listener.local_addr());
    drop(inbound.unwrap());
}

/// A configuration with which connections would hang is an error of whoever binds.
pub(crate) async fn a_configuration_that_cannot_work<S: Stage>() {
    let mut config = config(1);
    config.limits.receive_window = 0;
    let error = S::bind(LOOPBACK, config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<ConfigError>());
    assert!(matches!(cause, Some(ConfigError::TooLow { field: "limits.receive_window", .. })));
}

pub(crate) async fn peers_that_do_not_accept<S: Stage>() {
    let mut closed = config(1);
    closed.accept = false;
    let closed = S::bind(LOOPBACK, closed).await.unwrap();
    let dialer = node::<S>(2).await;
    let mut target = Target::new(&address(&closed)).unwrap();
    target.timeout = Some(Duration::from_millis(400));
    let error = dialer.dial(target).await.unwrap_err();
    assert_eq!(error.step(), Some(Step::Stun));
    // It dials all the same.
    drop(connect(&closed, &dialer).await);
}

/// A wildcard reports addresses that can be dialed.
pub(crate) async fn wildcards<S: Stage>() {
    let wildcards: [SocketAddr; 2] = ["0.0.0.0:0".parse().unwrap(), "[::]:0".parse().unwrap()];
    for wildcard in wildcards {
        let loopback: IpAddr = if wildcard.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        };
        if UdpSocket::bind((loopback, 0)).is_err() {
            continue; // A host without IPv6.
        }
        let listener = S::bind(wildcard, config(1)).await.unwrap();
        let addresses = listener.listen_addrs();
        let port = listener.local_addr().port();
        assert!(
            addresses.iter().all(|at| !at.ip().is_unspecified() && at.port() == port && port != 0)
        );
        let loopback =
            addresses.iter().find(|at| at.ip() == loopback).expect("the loopback is there");
        let dialer = S::bind(SocketAddr::new(wildcard.ip(), 0), config(2)).await.unwrap();
        let (outbound, inbound) = join!(dialer.dial(loopback), listener.accept());
        assert_eq!(outbound.unwrap().remote_addr().ip(), inbound.unwrap().remote_addr().ip());
    }
}
