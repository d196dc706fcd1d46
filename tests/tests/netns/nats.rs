//! Two hosts behind NATs of the kernel's, with the same addresses inside, meet over a relay that hears no more than
//! what signaling takes, and talk by the direct way.
//!
//! ```text
//!  10.0.0.2 ── NAT 198.51.100.2 ──┐
//!                                 ├── the test's own namespace: STUN server, relay
//!  10.0.0.3 ── NAT 203.0.113.2  ──┘
//! ```

use std::fs;
use std::future::Future;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};

use floe_core::driver::Endpoint;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config};
use floe_tests::stun;
use futures::{AsyncReadExt, AsyncWriteExt, io, join};
use smol::Async;

use crate::host::{Host, need_nftables};
use crate::namespace::{in_a_namespace, ip};

#[test]
fn both_behind_nats() {
    let name = concat!(module_path!(), "::both_behind_nats");
    in_a_namespace(name, || {
        need_nftables();
        let near = Site::new("198.51.100", "10.0.0.2");
        let far = Site::new("203.0.113", "10.0.0.3");
        fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("it is ours");
        let stun = SocketAddr::from(([198, 51, 100, 1], 3478));
        stun_server(stun);
        let [(here, to_here), (there, to_there)] =
            [(); 2].map(|()| UnixStream::pair().expect("there are sockets"));
        let dials = near.run(DIALER, stun, |endpoint| dial(endpoint, here));
        let accepts = far.run(ACCEPTER, stun, |endpoint| accept(endpoint, there));
        let carried = smol::block_on(relay(to_here, to_there));
        let sides = [dials, accepts].map(|side| side.join().expect("it talks"));
        assert_eq!(sides, [far.outside(), near.outside()], "each is behind its NAT");
        assert!(carried < 16 * 1024, "the relay has carried {carried} bytes");
    });
}

/// A host behind a NAT.
struct Site {
    /// Kept, as it goes on as long as this.
    _nat: Host,
    host: Host,
    /// The first three numbers of the NAT's outer net.
    net: &'static str,
}

impl Site {
    fn new(net: &'static str, inside: &str) -> Self {
        let (nat, host) = (Host::new(), Host::new());
        let port = format!("to-{net}");
        let (nat_name, host_name) = (nat.name(), host.name());
        ip(&["link", "add", &port, "type", "veth"], &["peer", "name", "wan", "netns", &nat_name]);
        ip(&["addr", "add", &format!("{net}.1/24")], &["dev", &port]);
        ip(&["link", "set", &port], &["up"]);
        nat.ip(&format!("addr add {net}.2/24 dev wan"));
        nat.ip("link set wan up");
        nat.ip(&format!("route add default via {net}.1"));
        nat.ip(&format!("link add lan type veth peer name eth netns {host_name}"));
        nat.ip("addr add 10.0.0.1/24 dev lan");
        nat.ip("link set lan up");
        nat.forward();
        nat.masquerade();
        host.ip(&format!("addr add {inside}/24 dev eth"));
        host.ip("link set eth up");
        host.ip("route add default via 10.0.0.1");
        Self { _nat: nat, host, net }
    }

    /// How others see it.
    fn outside(&self) -> IpAddr {
        format!("{}.2", self.net).parse().expect("it is an address")
    }

    /// Runs a story of an endpoint on the host, on a thread of its own.
    fn run<F>(
        &self,
        seed: u8,
        stun: SocketAddr,
        story: impl FnOnce(Endpoint) -> F + Send + 'static,
    ) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static>,
    {
        let namespace = self.host.namespace();
        thread::spawn(move || {
            namespace.enter();
            // All on this thread: threads are what is in a namespace.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let mut config = config(seed);
                config.stun_servers = vec![stun];
                let any = SocketAddr::from(([0; 4], 0));
                let endpoint = floe_tokio::bind(any, config).await.expect("a port is free");
                story(endpoint).await
            })
        })
    }
}

/// The side that opens the signaling stream: says much, hears all of it again, and tells where the peer is.
async fn dial(endpoint: Endpoint, signaling: UnixStream) -> IpAddr {
    let signaling = Async::new(signaling).expect("it can be watched");
    let met = endpoint.dial_private(signaling, config(ACCEPTER).identity.peer_id()).await;
    let connection = met.expect("there is a way");
    let stream = connection.open().await.expect("there is room for one");
    let (mut from, mut to) = stream.split();
    let bytes: Vec<_> = (0..DATA_LEN).map(|i| (i % 251) as u8).collect();
    let write = async {
        to.write_all(&bytes).await.expect("it is open");
        to.close().await.expect("it is acknowledged");
    };
    let mut heard = Vec::new();
    let ((), read) = join!(write, from.read_to_end(&mut heard));
    read.expect("it comes to its end");
    assert!(heard == bytes);
    let remote = connection.remote_addr().ip();
    connection.close().await;
    remote
}

/// The side that it is opened to: echoes, and tells where the peer is.
async fn accept(endpoint: Endpoint, signaling: UnixStream) -> IpAddr {
    let signaling = Async::new(signaling).expect("it can be watched");
    let met = endpoint.accept_private(signaling, config(DIALER).identity.peer_id()).await;
    let connection = met.expect("there is a way");
    let stream = connection.accept().await.expect("it is opened");
    let (from, mut to) = stream.split();
    io::copy(from, &mut to).await.expect("an echo is read");
    to.close().await.expect("it is acknowledged");
    let remote = connection.remote_addr().ip();
    connection.closed().await;
    remote
}

/// Passes on what both say, to its end; gives how much that was.
async fn relay(here: UnixStream, there: UnixStream) -> u64 {
    let [here, there] = [here, there].map(|end| Async::new(end).expect("it can be watched"));
    let pass_on = async |from: &Async<UnixStream>, mut to: &Async<UnixStream>| {
        let passed = io::copy(from, &mut to).await.expect("it ends in order");
        to.close().await.expect("it ends in order");
        passed
    };
    let (up, down) = join!(pass_on(&here, &there), pass_on(&there, &here));
    up + down
}

/// Says to everybody where they are.
fn stun_server(addr: SocketAddr) {
    let socket = UdpSocket::bind(addr).expect("the address is ours");
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((len, remote)) = socket.recv_from(&mut buffer) {
            let answer = stun::mapped(&buffer[..len], remote);
            socket.send_to(&answer, remote).expect("there is a way back");
        }
    });
}

fn config(seed: u8) -> Config {
    let keypair = Keypair::ed25519_from_seed([seed; 32]);
    let certificate = Certificate::derive(&keypair);
    Config::new(keypair, certificate)
}

const DIALER: u8 = 1;
const ACCEPTER: u8 = 2;
const DATA_LEN: usize = 1_000_000;
