//! What changes while an endpoint runs: its addresses, its numbers, where its peers are.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use floe_core::driver::{AddrChange, ListenAddrs};
use floe_core::rtc::Target;
use futures::{StreamExt, join};

use crate::give_up::poll_once;
use crate::node::{LOOPBACK, Pair, address, config, exchange, node, pair, serve_echo, stream};
use crate::stage::Stage;

/// A wildcard's watchers, each for itself, begin with the addresses there are. (That they change is told
/// where a test may change them, in `tests/netns.rs`.)
pub(crate) async fn watching_a_wildcard<S: Stage>() {
    let wildcard = SocketAddr::from(([0, 0, 0, 0], 0));
    let listener = S::bind(wildcard, config(1)).await.unwrap();
    let there_are = listener.listen_addrs();
    assert!(there_are.iter().any(|addr| addr.ip() == LOOPBACK.ip()));
    let (mut first, second) = (listener.watch_addrs(), listener.watch_addrs());
    for addr in &there_are {
        assert_eq!(first.next().await, Some(AddrChange::New(*addr)));
    }
    let told: Vec<_> = second.take(there_are.len()).collect().await;
    assert_eq!(told, there_are.into_iter().map(AddrChange::New).collect::<Vec<_>>());
    assert_eq!(poll_once(first.next()).await, None, "nothing has changed");
    let ((), end) = join!(listener.close(), first.next());
    assert_eq!(end, None);
    assert_eq!(listener.watch_addrs().next().await, None);
}

/// The address that was bound is the only one; whoever gives up waiting for it misses nothing, and
/// watching keeps no endpoint open.
pub(crate) async fn watching_one_address<S: Stage>() {
    let listener = node::<S>(1).await;
    let at = address(&listener);
    let mut watcher = listener.watch_addrs();
    let told = loop {
        match poll_once(ListenAddrs::next(&mut watcher)).await {
            Some(told) => break told,
            // A question and its answer: the driver has had its turn.
            None => drop(listener.counters().await),
        }
    };
    assert_eq!(told, Some(AddrChange::New(at)));
    assert_eq!(poll_once(watcher.next()).await, None);
    drop(listener);
    assert_eq!(watcher.next().await, None);
}

pub(crate) async fn counters<S: Stage>() {
    let Pair { listener, dialer, outbound, .. } = &pair::<S>().await;
    for _ in 0..10 {
        let _ = poll_once(listener.counters()).await;
    }
    let (here, there) = join!(listener.counters(), dialer.counters());
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!((here.connections, there.connections), (1, 1));
    assert!(here.datagrams_received > 0 && there.datagrams_received > 0);
    outbound.close().await;
    assert_eq!(dialer.counters().await.unwrap().connections, 0);
    listener.close().await;
    assert_eq!(listener.counters().await, None);
}

/// A client comes from elsewhere in mid-connection, as behind a NAT that forgets: whoever waits for that
/// hears of it.
pub(crate) async fn a_peer_moves<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let nat = Nat::before(listener.local_addr());
    let mut target = Target::new(&address(&listener)).unwrap();
    target.remote = nat.front;
    let (outbound, inbound) = join!(dialer.dial(target), listener.accept());
    let (outbound, inbound) = (outbound.unwrap(), inbound.unwrap());
    let from = inbound.remote_addr();
    assert_eq!(from, nat.outside());
    assert_eq!(poll_once(inbound.moved_from(from)).await, None, "it is where it was");
    assert_eq!(poll_once(inbound.moved_from(nat.front)).await, Some(Some(from)));

    let forget = async {
        nat.forget();
        let (mut client, server) = stream(&outbound, &inbound).await;
        join!(exchange(&mut client, b"hello"), serve_echo(server)).0
    };
    let (moved, received) = join!(inbound.moved_from(from), forget);
    assert_eq!(moved, Some(nat.outside()));
    assert_ne!(moved, Some(from));
    assert_eq!(inbound.remote_addr(), nat.outside());
    assert_eq!(received, b"hello");

    let (end, ()) = join!(inbound.moved_from(nat.outside()), outbound.close());
    assert_eq!(end, None);
    assert_eq!(inbound.moved_from(from).await, None, "a connection that is over is nowhere");
}

/// A translator of addresses for one client. Its threads last as long as the tests.
struct Nat {
    front: SocketAddr,
    server: SocketAddr,
    inside: Arc<UdpSocket>,
    client: Arc<Mutex<Option<SocketAddr>>>,
    back: Arc<Mutex<Arc<UdpSocket>>>,
}

impl Nat {
    fn before(server: SocketAddr) -> Self {
        let inside = Arc::new(UdpSocket::bind(LOOPBACK).unwrap());
        let front = inside.local_addr().unwrap();
        let client = Arc::new(Mutex::new(None));
        let back = Arc::new(Mutex::new(Self::way_back(&inside, &client, server)));
        let nat = Self { front, server, inside, client, back };
        let (inside, client, back) = (nat.inside.clone(), nat.client.clone(), nat.back.clone());
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((len, from)) = inside.recv_from(&mut buffer) {
                *client.lock().unwrap() = Some(from);
                let back = back.lock().unwrap().clone();
                // What cannot be sent is lost, as on any network.
                let _ = back.send(&buffer[..len]);
            }
        });
        nat
    }

    /// The client's address, as the server sees it.
    fn outside(&self) -> SocketAddr {
        self.back.lock().unwrap().local_addr().unwrap()
    }

    /// From now on the client has another address.
    fn forget(&self) {
        let back = Self::way_back(&self.inside, &self.client, self.server);
        *self.back.lock().unwrap() = back;
    }

    /// A socket that is the client for the server.
    fn way_back(
        inside: &Arc<UdpSocket>,
        client: &Arc<Mutex<Option<SocketAddr>>>,
        server: SocketAddr,
    ) -> Arc<UdpSocket> {
        let back = Arc::new(UdpSocket::bind(LOOPBACK).unwrap());
        back.connect(server).unwrap();
        let (way, inside, client) = (back.clone(), inside.clone(), client.clone());
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok(len) = back.recv(&mut buffer) {
                if let Some(client) = *client.lock().unwrap() {
                    let _ = inside.send_to(&buffer[..len], client);
                }
            }
        });
        way
    }
}
