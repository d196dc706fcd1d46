//! A stream with its protocol agreed upon.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use contract::Duplex;
use futures::{AsyncRead, AsyncWrite};
use multistream_select::{Negotiated, Version, dialer_select_proto, listener_select_proto};

/// multistream-select keeps what it is given, and stopping and resetting are calls on floe's stream
/// itself: so both hold a handle.
pub(crate) struct Stream {
    negotiated: Negotiated<Handle>,
    raw: Handle,
}

/// Opener: asks for `protocol`.
pub(crate) async fn propose(
    stream: floe_tokio::Stream,
    protocol: &'static str,
) -> io::Result<Stream> {
    let raw = Handle::new(stream);
    let (_, negotiated) = dialer_select_proto(raw.clone(), [protocol], Version::V1)
        .await
        .map_err(io::Error::other)?;
    Ok(Stream { negotiated, raw })
}

/// Acceptor: takes whichever of `served` is asked for.
pub(crate) async fn answer(
    stream: floe_tokio::Stream,
    served: &[&'static str],
) -> io::Result<(&'static str, Stream)> {
    let raw = Handle::new(stream);
    let (protocol, negotiated) = listener_select_proto(raw.clone(), served.iter().copied())
        .await
        .map_err(io::Error::other)?;
    Ok((protocol, Stream { negotiated, raw }))
}

impl Duplex for Stream {
    fn stop_reading(&mut self) -> io::Result<()> {
        self.raw.with(floe_tokio::Stream::stop_reading);
        Ok(())
    }

    fn reset(self) {
        self.raw.with(floe_tokio::Stream::reset);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.negotiated).poll_read(context, out)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.negotiated).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.negotiated).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.negotiated).poll_close(context)
    }
}

/// A handle that can be shared.
#[derive(Clone)]
struct Handle(Arc<Mutex<floe_tokio::Stream>>);

impl Handle {
    fn new(stream: floe_tokio::Stream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    fn with<T>(&self, call: impl FnOnce(&mut floe_tokio::Stream) -> T) -> T {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsyncRead for Handle {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| Pin::new(stream).poll_read(context, out))
    }
}

impl AsyncWrite for Handle {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| Pin::new(stream).poll_flush(context))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| Pin::new(stream).poll_close(context))
    }
}
