//! Bytes over one stream, in the only ways that rust-libp2p survives.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::bytes::Sequence;

/// Reads a stream, and may step over FIN_ACK where an application would give up.
///
/// libp2p-webrtc-utils 0.5.0 has no FIN_ACK in its enumeration: `io_poll_next` (src/stream.rs) turns
/// the flag into an error of the read. The frame is consumed all the same and the state untouched, so
/// reading again delivers what follows; `tests/defects.rs` proves both halves of that sentence.
pub(crate) struct Reader<S> {
    stream: S,
    past_fin_ack: bool,
    /// How often the defect was stepped over.
    pub(crate) fin_acks: u32,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads as an application does: the error of a FIN_ACK ends it.
    pub(crate) fn plain(stream: S) -> Self {
        Self { stream, past_fin_ack: false, fin_acks: 0 }
    }

    /// Reads on behind a FIN_ACK.
    pub(crate) fn past_fin_ack(stream: S) -> Self {
        Self { stream, past_fin_ack: true, fin_acks: 0 }
    }

    pub(crate) async fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(out).await {
                Err(error) if self.past_fin_ack && is_fin_ack(&error) => self.fin_acks += 1,
                read => return read,
            }
        }
    }

    /// Reads `count` bytes of the sequence and compares each.
    pub(crate) async fn check(&mut self, count: u64) -> io::Result<()> {
        let mut expected = Sequence::default();
        let mut buffer = vec![0; BUFFER];
        let mut missing = count;
        while missing > 0 {
            let room = usize::try_from(missing).unwrap_or(BUFFER).min(BUFFER);
            let read = self.read(&mut buffer[..room]).await?;
            if read == 0 {
                return Err(short(count - missing, count));
            }
            expected.check(&buffer[..read]).map_err(|position| {
                io::Error::other(format!("byte {position} of {count} came back changed"))
            })?;
            missing -= read as u64;
        }
        Ok(())
    }

    /// Counts the bytes up to the end of the stream.
    pub(crate) async fn count(&mut self) -> io::Result<u64> {
        let mut buffer = vec![0; BUFFER];
        let mut count = 0;
        loop {
            match self.read(&mut buffer).await? {
                0 => return Ok(count),
                read => count += read as u64,
            }
        }
    }
}

/// Writes `count` bytes of the sequence and flushes each `piece` of them.
///
/// Without the flush the framing buffers two frames and hands them to the data channel as one message
/// above 16384 bytes, which webrtc-rs refuses (`outbound packet larger than maximum message size`).
pub(crate) async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    count: u64,
    piece: usize,
) -> io::Result<()> {
    let mut sequence = Sequence::default();
    let mut buffer = vec![0; piece];
    let mut left = count;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(piece).min(piece);
        sequence.fill(&mut buffer[..length]);
        stream.write_all(&buffer[..length]).await?;
        stream.flush().await?;
        left -= length as u64;
    }
    Ok(())
}

/// The error of a stream that ended early.
pub(crate) fn short(got: u64, wanted: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("{got} of {wanted} bytes came back"))
}

fn is_fin_ack(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.to_string() == "unknown enumeration value 3"
}

/// What to send at once: with the seven bytes around it, it stays below the 8192 bytes that are the
/// longest message rust-libp2p can receive. libp2p-webrtc (src/tokio/stream.rs) raises that limit on a
/// `PollDataChannel` of which libp2p-webrtc-utils then uses clones, and the clones have the default.
pub(crate) const PIECE: usize = 8000;
const BUFFER: usize = 64 * 1024;
