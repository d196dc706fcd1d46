//! Proof of the defects of libp2p-webrtc-utils 0.5.0 that the runner excuses: its own `Stream` over a
//! data channel held in memory. When a release mends one, its test fails here, and the excuse in
//! `runner/src/peers/rust_libp2p.rs` and the detour in `src/transfer.rs` can go.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, executor::block_on};
use libp2p_webrtc_utils::{MAX_MSG_LEN, Stream};

#[test]
fn fin_ack_fails_the_read_but_what_follows_it_can_be_read() {
    let channel = Channel::receiving(&[FIN_ACK, HELLO, FIN]);
    let (mut stream, _on_drop) = Stream::new(channel);
    let mut out = [0; 16];

    let error = block_on(stream.read(&mut out)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "unknown enumeration value 3");

    assert_eq!(block_on(stream.read(&mut out)).unwrap(), 5);
    assert_eq!(&out[..5], b"hello");
    assert_eq!(block_on(stream.read(&mut out)).unwrap(), 0);
}

#[test]
fn fin_is_never_acknowledged() {
    let channel = Channel::receiving(&[HELLO, FIN]);
    let (mut stream, _on_drop) = Stream::new(channel.clone());
    let mut out = Vec::new();

    block_on(stream.read_to_end(&mut out)).unwrap();
    block_on(stream.close()).unwrap();

    assert_eq!(out, b"hello");
    assert_eq!(channel.sent(), [FIN]);
}

#[test]
fn the_payload_of_a_fin_is_lost() {
    let fin_with_hello: &[u8] = &[9, 0x08, 0, 0x12, 5, b'h', b'e', b'l', b'l', b'o'];
    let (mut stream, _on_drop) = Stream::new(Channel::receiving(&[fin_with_hello]));

    let error = block_on(stream.read(&mut [0; 16])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn an_empty_frame_looks_like_the_end() {
    let (mut stream, _on_drop) = Stream::new(Channel::receiving(&[&[0], HELLO]));
    let mut out = [0; 16];

    assert_eq!(block_on(stream.read(&mut out)).unwrap(), 0);
    assert_eq!(block_on(stream.read(&mut out)).unwrap(), 5);
}

#[test]
fn frames_written_without_a_flush_make_one_message_above_the_maximum() {
    let channel = Channel::receiving(&[]);
    let (mut stream, _on_drop) = Stream::new(channel.clone());

    block_on(async {
        stream.write_all(&[0; 16_000]).await?;
        stream.write_all(&[0; 16_000]).await?;
        stream.flush().await
    })
    .unwrap();

    let longest = channel.sent().iter().map(Vec::len).max();
    assert!(longest > Some(MAX_MSG_LEN), "{longest:?}");
}

/// A data channel in memory: each message is read as one, each write is kept as one.
#[derive(Clone)]
struct Channel(Arc<Mutex<Messages>>);

struct Messages {
    inbound: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

impl Channel {
    fn receiving(inbound: &[&[u8]]) -> Self {
        let inbound = inbound.iter().map(|message| message.to_vec()).collect();
        Self(Arc::new(Mutex::new(Messages { inbound, sent: Vec::new() })))
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().sent.clone()
    }
}

impl AsyncRead for Channel {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // An exhausted script is the end of the channel, so that no test can hang.
        let Some(message) = self.0.lock().unwrap().inbound.pop_front() else {
            return Poll::Ready(Ok(0));
        };
        out[..message.len()].copy_from_slice(&message);
        Poll::Ready(Ok(message.len()))
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().sent.push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const FIN: &[u8] = &[2, 0x08, 0];
const FIN_ACK: &[u8] = &[2, 0x08, 3];
const HELLO: &[u8] = &[7, 0x12, 5, b'h', b'e', b'l', b'l', b'o'];
