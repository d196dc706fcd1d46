//! Bytes on a stream: so many there, then so many back, and a last one that says that all have come.
//!
//! Nobody closes half a stream, which libp2p-webrtc does not survive.

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::Stream;

/// Asks for it, does the dialer's part, and returns when all is there on both sides.
pub(crate) async fn ask(stream: &mut Stream, up: u64, down: u64) -> io::Result<()> {
    stream.write_all(&up.to_be_bytes()).await?;
    stream.write_all(&down.to_be_bytes()).await?;
    send(stream, up).await?;
    receive(stream, down + 1).await
}

/// The listener's part.
pub(crate) async fn serve(mut stream: Stream) -> io::Result<()> {
    let (mut up, mut down) = ([0; 8], [0; 8]);
    stream.read_exact(&mut up).await?;
    stream.read_exact(&mut down).await?;
    receive(&mut stream, u64::from_be_bytes(up)).await?;
    send(&mut stream, u64::from_be_bytes(down) + 1).await?;
    // Until the dialer has had enough.
    let _end = stream.read(&mut [0]).await?;
    stream.close().await
}

async fn send(stream: &mut Stream, bytes: u64) -> io::Result<()> {
    let piece = [0; PIECE];
    let mut left = bytes;
    while left > 0 {
        let len = left.min(PIECE as u64) as usize;
        stream.write_all(&piece[..len]).await?;
        // libp2p-webrtc glues what is not flushed into messages that its SCTP refuses to send.
        stream.flush().await?;
        left -= len as u64;
    }
    Ok(())
}

async fn receive(stream: &mut Stream, bytes: u64) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            len => left = left.checked_sub(len as u64).ok_or(io::ErrorKind::InvalidData)?,
        }
    }
    Ok(())
}

/// With its frame, this is less than the 8 KiB that libp2p-webrtc can receive as a message.
const PIECE: usize = 8_000;
