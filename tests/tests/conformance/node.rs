//! What the stories begin with: nodes and connected pairs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use floe_core::driver::{Connection, Endpoint, Stream};
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::stage::Stage;

/// Any port of the loopback.
pub(crate) const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The node whose keys grow from `seed`.
pub(crate) fn config(seed: u8) -> Config {
    let keypair = Keypair::ed25519_from_seed([seed; 32]);
    let certificate = Certificate::derive(&keypair);
    Config::new(keypair, certificate)
}

pub(crate) async fn node<S: Stage>(seed: u8) -> Endpoint {
    S::bind(LOOPBACK, config(seed)).await.expect("the loopback can be bound")
}

/// The one address of an endpoint on the loopback.
pub(crate) fn address(endpoint: &Endpoint) -> DirectAddr {
    let addresses = endpoint.listen_addrs();
    assert_eq!(addresses.len(), 1, "one address was bound");
    addresses[0]
}

/// Two nodes with a connection between them.
pub(crate) struct Pair {
    pub(crate) listener: Endpoint,
    pub(crate) dialer: Endpoint,
    pub(crate) inbound: Connection,
    pub(crate) outbound: Connection,
}

pub(crate) async fn pair<S: Stage>() -> Pair {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let (outbound, inbound) = S::connect(&dialer, &listener).await;
    Pair { listener, dialer, inbound, outbound }
}

pub(crate) async fn connect(dialer: &Endpoint, listener: &Endpoint) -> (Connection, Connection) {
    let address = address(listener);
    join!(async { dialer.dial(&address).await.expect("the dial succeeds") }, async {
        listener.accept().await.expect("the listener is open")
    },)
}

/// A stream, as its opener and its accepter have it.
pub(crate) async fn stream(opener: &Connection, accepter: &Connection) -> (Stream, Stream) {
    join!(async { opener.open().await.expect("a stream can be opened") }, async {
        accepter.accept().await.expect("the connection is open")
    },)
}

/// Connects where earlier dials were given up: those that the listener had accepted by then come before
/// and are over. Everything works on what comes of it.
pub(crate) async fn meet(dialer: &Endpoint, listener: &Endpoint) -> (Connection, Connection) {
    let address = address(listener);
    let dial = async {
        let outbound = dialer.dial(&address).await.expect("the dial succeeds");
        let mut client = outbound.open().await.expect("a stream can be opened");
        assert_eq!(exchange(&mut client, b"hello").await, b"hello");
        outbound
    };
    let accept = async {
        loop {
            let inbound = listener.accept().await.expect("the listener is open");
            if let Some(server) = inbound.accept().await {
                serve_echo(server).await;
                return inbound;
            }
        }
    };
    join!(dial, accept)
}

/// Says something on a new stream and hears it again.
pub(crate) async fn hello(opener: &Connection, accepter: &Connection) {
    let (mut client, server) = stream(opener, accepter).await;
    let (received, ()) = join!(exchange(&mut client, b"hello"), serve_echo(server));
    assert_eq!(received, b"hello");
}

/// Waits until a connection has so many streams: as many as are held, and none that was leaked.
pub(crate) async fn streams_left(connection: &Connection, expected: usize) {
    while connection.stats().await.expect("the connection is open").streams != expected {}
}

/// Sends back what comes, until it ends.
pub(crate) async fn serve_echo(mut stream: Stream) {
    let mut buffer = [0; 8 * 1024];
    loop {
        match stream.read(&mut buffer).await.expect("an echo is not reset") {
            0 => break,
            n => stream.write_all(&buffer[..n]).await.expect("an echo is read"),
        }
    }
    stream.close().await.expect("the end of an echo is acknowledged");
}

/// Writes until that fails, and says how.
pub(crate) async fn until_refused(stream: &mut Stream) -> io::Error {
    loop {
        if let Err(error) = stream.write(&[0; 1024]).await {
            return error;
        }
    }
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// Sends `bytes` and closes, while reading to the end.
pub(crate) async fn exchange(stream: &mut Stream, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = stream.split();
    let write = async {
        writer.write_all(bytes).await.expect("the peer reads");
        writer.close().await.expect("the peer acknowledges");
    };
    let read = async {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.expect("the peer finishes");
        received
    };
    join!(write, read).1
}
