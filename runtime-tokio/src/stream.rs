//! tokio's own `AsyncRead` and `AsyncWrite`, for code that is written against these.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use floe_core::driver::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

// The traits of `futures`, which `Stream` implements.
use futures::io::{AsyncRead as FuturesRead, AsyncWrite as FuturesWrite};

/// A [`Stream`] for code that wants tokio's traits.
///
/// ```
/// use floe_tokio::{Connection, TokioStream};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// async fn ask(connection: &Connection) -> Result<String, Box<dyn std::error::Error>> {
///     let mut stream = TokioStream::from(connection.open().await?);
///     stream.write_all(b"how are you?").await?;
///     stream.shutdown().await?;
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await?;
///     Ok(answer)
/// }
/// ```
///
/// `shutdown` does what `close` of the stream does: it sends FIN and waits until the peer has it.
#[derive(Debug)]
pub struct TokioStream(Stream);

impl From<Stream> for TokioStream {
    fn from(stream: Stream) -> Self {
        Self(stream)
    }
}

impl TokioStream {
    /// The stream itself, with the traits of `futures`.
    pub fn into_inner(self) -> Stream {
        self.0
    }

    /// The stream itself, for what is neither reading nor writing.
    pub fn get_ref(&self) -> &Stream {
        &self.0
    }
}

impl AsyncRead for TokioStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(FuturesRead::poll_read(
            Pin::new(&mut self.0),
            context,
            out.initialize_unfilled()
        ))?;
        out.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TokioStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        FuturesWrite::poll_write(Pin::new(&mut self.0), context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        FuturesWrite::poll_flush(Pin::new(&mut self.0), context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        FuturesWrite::poll_close(Pin::new(&mut self.0), context)
    }
}
