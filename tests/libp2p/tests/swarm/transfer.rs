//! Request-response, with messages of all sizes.

use std::io;

use floe_libp2p::{Stage, node, until};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::{self, Codec, Event, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use libp2p::{StreamProtocol, Swarm};

use crate::basics::connect;

pub(crate) type Requests = request_response::Behaviour<Bytes>;

/// Messages are what comes until the end of the stream.
#[derive(Clone, Default)]
pub(crate) struct Bytes;

impl Codec for Bytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T>(&mut self, name: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read_request(name, io).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }

    async fn write_response<T>(
        &mut self,
        name: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write_request(name, io, bytes).await
    }
}

pub(crate) fn requests() -> Requests {
    let protocol = StreamProtocol::new("/floe/echo/1");
    let config = request_response::Config::default()
        .with_request_timeout(floe_libp2p::PATIENCE)
        .with_max_concurrent_streams(1_000);
    Requests::new([(protocol, ProtocolSupport::Full)], config)
}

/// 10 MiB there and 10 MiB back, in either direction of the connection.
pub(crate) async fn large_messages<S: Stage>() {
    let mut nodes = [node::<S, _>(|_| requests()), node::<S, _>(|_| requests())];
    connect(&mut nodes).await;
    for asker in [1, 0] {
        echo(&mut nodes, asker, vec![pattern(10 * 1024 * 1024)]).await;
    }
}

/// Hundreds at once, of which the largest is longer than many frames.
pub(crate) async fn many_requests<S: Stage>() {
    let mut nodes = [node::<S, _>(|_| requests()), node::<S, _>(|_| requests())];
    connect(&mut nodes).await;
    let messages = (0..300).map(|i| pattern(i * i)).collect::<Vec<_>>();
    for asker in [1, 0] {
        echo(&mut nodes, asker, messages.clone()).await;
    }
}

/// Sends all messages at once and compares what comes back.
pub(crate) async fn echo(nodes: &mut [Swarm<Requests>; 2], asker: usize, messages: Vec<Vec<u8>>) {
    let peer = *nodes[1 - asker].local_peer_id();
    // The dialer may have to wait for the dial to be done.
    if !nodes[asker].is_connected(&peer) {
        until(nodes, |index, _, event| match event {
            SwarmEvent::ConnectionEstablished { .. } if index == asker => Some(()),
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => None,
        })
        .await;
    }
    let mut expected = std::collections::HashMap::new();
    for message in messages {
        let id = nodes[asker].behaviour_mut().send_request(&peer, message.clone());
        expected.insert(id, message);
    }
    until(nodes, |index, node, event| {
        match event {
            SwarmEvent::Behaviour(Event::Message { message, .. }) => match message {
                Message::Request { request, channel, .. } => {
                    assert_eq!(index, 1 - asker);
                    let sent = node.behaviour_mut().send_response(channel, request);
                    sent.expect("the asker waits");
                }
                Message::Response { request_id, response } => {
                    assert!(expected.remove(&request_id).is_some_and(|sent| sent == response));
                }
            },
            SwarmEvent::Behaviour(
                failure @ (Event::OutboundFailure { .. } | Event::InboundFailure { .. }),
            ) => panic!("{failure:?}"),
            SwarmEvent::ConnectionClosed { cause, .. } => panic!("{cause:?}"),
            _ => {}
        }
        expected.is_empty().then_some(())
    })
    .await;
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
