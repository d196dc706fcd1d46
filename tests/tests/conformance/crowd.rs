//! Many connections with many streams each, all at once, and nothing of one turns up in another.

use floe_core::driver::{Connection, Endpoint, Stream};
use futures::future::join_all;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::node::{address, exchange, node, streams_left};
use crate::stage::Stage;

/// All streams of all connections are open at the same time, and then all are busy at the same time.
pub(crate) async fn connections_and_streams<S: Stage>() {
    let listener = node::<S>(LISTENER).await;
    let dialers = join_all((0..CONNECTIONS).map(node::<S>)).await;
    let (outbounds, inbounds) = join!(dial_all(&dialers, &listener), accept_all(&listener));

    let (clients, servers) = join!(
        join_all(outbounds.iter().zip(0..).map(|(outbound, dialer)| open_all(outbound, dialer))),
        join_all(inbounds.iter().map(|inbound| accept_streams(inbound, &dialers))),
    );
    for connection in outbounds.iter().chain(&inbounds) {
        let stats = connection.stats().await.expect("the connection is open");
        assert_eq!(stats.streams, usize::from(STREAMS));
    }

    let clients = clients.into_iter().flatten();
    let servers = servers.into_iter().flatten();
    join!(
        join_all(clients.map(|(stream, name)| converse(stream, name, Side::Client))),
        join_all(servers.map(|(stream, name)| converse(stream, name, Side::Server))),
    );
    for connection in outbounds.iter().chain(&inbounds) {
        streams_left(connection, 0).await;
    }
}

async fn dial_all(dialers: &[Endpoint], listener: &Endpoint) -> Vec<Connection> {
    let address = address(listener);
    let dial = async |dialer: &Endpoint| dialer.dial(&address).await.expect("the dial succeeds");
    join_all(dialers.iter().map(dial)).await
}

async fn accept_all(listener: &Endpoint) -> Vec<Connection> {
    let accept = |_| async { listener.accept().await.expect("the listener is open") };
    join_all((0..CONNECTIONS).map(accept)).await
}

/// Opens the streams of a connection and says on each which one it is.
async fn open_all(outbound: &Connection, dialer: u8) -> Vec<(Stream, Name)> {
    let open = async |stream: u8| {
        let name = [dialer, stream];
        let mut opened = outbound.open().await.expect("a stream can be opened");
        opened.write_all(&name).await.expect("the peer reads");
        (opened, name)
    };
    join_all((0..STREAMS).map(open)).await
}

/// Accepts the streams of a connection, each of which says that it is of this one.
async fn accept_streams(inbound: &Connection, dialers: &[Endpoint]) -> Vec<(Stream, Name)> {
    let accept = async |_| {
        let mut accepted = inbound.accept().await.expect("the connection is open");
        let mut name = [0; 2];
        accepted.read_exact(&mut name).await.expect("the peer writes");
        let dialer = &dialers[usize::from(name[0])];
        assert_eq!(inbound.peer_id(), dialer.peer_id(), "the stream of another connection");
        (accepted, name)
    };
    let mut streams = join_all((0..STREAMS).map(accept)).await;
    streams.sort_by_key(|(_, name)| *name);
    assert!(streams.iter().map(|(_, [_, stream])| *stream).eq(0..STREAMS), "one came twice");
    streams
}

/// Says what only this side of this stream says, and hears what only the other side of it says.
async fn converse(mut stream: Stream, name: Name, side: Side) {
    let (said, heard) = match side {
        Side::Client => (text(name, Side::Client), text(name, Side::Server)),
        Side::Server => (text(name, Side::Server), text(name, Side::Client)),
    };
    assert!(exchange(&mut stream, &said).await == heard, "{name:?} heard another's");
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Client,
    Server,
}

/// The number of the dialer, and of its stream.
type Name = [u8; 2];

fn text(name: Name, side: Side) -> Vec<u8> {
    let word = [name[0], name[1], side as u8];
    word.into_iter().cycle().take(TEXT_LEN).collect()
}

const LISTENER: u8 = 255;
const CONNECTIONS: u8 = 64;
const STREAMS: u8 = 64;
/// More than a packet.
const TEXT_LEN: usize = 1_500;
