//! A stream as the stories need it.

use std::io;

use futures::{AsyncRead, AsyncWrite};

/// A libp2p stream: closing it ends the write half, reading goes on.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Asks the peer to send no more and goes on writing (STOP_SENDING).
    ///
    /// # Errors
    ///
    /// If the implementation has no way to ask for it, in which case the runner must not.
    fn stop_reading(&mut self) -> io::Result<()>;

    /// Ends both directions at once (RESET).
    fn reset(self);
}
