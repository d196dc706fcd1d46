//! A stream, used in the only ways that rust-libp2p survives.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use contract::{Duplex, Manner};
use futures::{AsyncRead, AsyncWrite};

use crate::carrier::Carrier;

/// Steps around three defects of libp2p-webrtc-utils 0.5.0 and libp2p-webrtc 0.10.0-alpha; the README of
/// the interop tests lists them with their places, and `tests/defects.rs` proves those that need no
/// network.
///
/// - Its enumeration has no FIN_ACK: the read that meets the flag fails. The frame is consumed all the
///   same and the state untouched, so reading again delivers what follows.
/// - Two frames that are written without a flush between become one message above 16384 bytes, which
///   webrtc-rs refuses. So each piece is flushed before the next one is written.
/// - It cannot receive messages above 8192 bytes, so that is what it must not send to its like.
pub(crate) struct Stream {
    stream: libp2p::Stream,
    /// The longest piece that is written at once; none where frames are no matter.
    piece: Option<usize>,
    past_fin_ack: bool,
}

impl Stream {
    pub(crate) fn new(stream: libp2p::Stream, carrier: Carrier, manner: Manner) -> Self {
        let piece = match (carrier, manner) {
            (Carrier::Quic, _) => None,
            (Carrier::Webrtc, Manner::BigFrames) => Some(BIG_PIECE),
            (Carrier::Webrtc, _) => Some(PIECE),
        };
        Self { stream, piece, past_fin_ack: manner != Manner::Plain }
    }
}

impl Duplex for Stream {
    fn stop_reading(&mut self) -> io::Result<()> {
        Err(io::Error::other("libp2p::Stream cannot stop reading and go on writing"))
    }

    /// A stream that is dropped before it is closed is reset (libp2p-webrtc-utils, `DropListener`).
    fn reset(self) {}
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match ready!(Pin::new(&mut self.stream).poll_read(context, out)) {
                Err(error) if self.past_fin_ack && is_fin_ack(&error) => {}
                read => return Poll::Ready(read),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(piece) = self.piece else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Pin::new(&mut self.stream).poll_write(context, &bytes[..bytes.len().min(piece)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

fn is_fin_ack(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.to_string() == "unknown enumeration value 3"
}

/// With the seven bytes around it, it stays below the 8192 bytes.
const PIECE: usize = 8000;
/// The frame and its prefix stay below the 16384 bytes of the specification.
const BIG_PIECE: usize = 16_000;
