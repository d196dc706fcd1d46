//! `/ipfs/ping/1.0.0`: 32 bytes there and the same 32 bytes back, again and again (libp2p ping).

use std::io;
use std::time::{Duration, Instant};

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The name in multistream-select.
pub(crate) const PROTOCOL: &str = "/ipfs/ping/1.0.0";

/// Length of a ping in bytes.
pub(crate) const LEN: usize = 32;

/// Opener: one round trip. `payload` should be random, so that an old answer cannot pass for a new one.
pub(crate) async fn round_trip<S>(stream: &mut S, payload: [u8; LEN]) -> io::Result<Duration>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = Instant::now();
    stream.write_all(&payload).await?;
    stream.flush().await?;
    let mut answer = [0; LEN];
    stream.read_exact(&mut answer).await?;
    let elapsed = start.elapsed();
    if answer == payload {
        Ok(elapsed)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the peer answered a ping with other bytes than it was sent",
        ))
    }
}

/// Acceptor: sends every 32 bytes back until the peer has finished.
pub(crate) async fn serve<S>(mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut payload = [0; LEN];
    loop {
        // The end may only come between two pings.
        let read = stream.read(&mut payload).await?;
        if read == 0 {
            return stream.close().await;
        }
        stream.read_exact(&mut payload[read..]).await?;
        stream.write_all(&payload).await?;
        stream.flush().await?;
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join;

    use super::*;
    use crate::protocols::duplex::duplex;

    #[test]
    fn pings_come_back_until_the_opener_finishes() {
        let (mut opener, acceptor) = duplex(7);
        let open = async {
            for i in 0..5 {
                round_trip(&mut opener, [i; LEN]).await.unwrap();
            }
            opener.close().await.unwrap();
            let mut rest = Vec::new();
            opener.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty());
        };
        let ((), served) = block_on(join(open, serve(acceptor)));
        served.unwrap();
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let (mut opener, mut acceptor) = duplex(LEN);
        let lie = async {
            let mut payload = [0; LEN];
            acceptor.read_exact(&mut payload).await.unwrap();
            payload[31] ^= 1;
            acceptor.write_all(&payload).await.unwrap();
        };
        let (error, ()) = block_on(join(round_trip(&mut opener, [9; LEN]), lie));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn half_a_ping_is_an_error() {
        let (mut opener, acceptor) = duplex(LEN);
        let open = async {
            opener.write_all(&[0; 10]).await.unwrap();
            opener.close().await.unwrap();
        };
        let ((), served) = block_on(join(open, serve(acceptor)));
        assert_eq!(served.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
