//! `/perf/1.0.0`: how fast bytes go, first to the acceptor, then back (libp2p perf).
//!
//! The opener says in 8 bytes, big endian, how much it wants back, sends what it likes and finishes; only
//! then does the acceptor answer. Memory is one buffer, however much goes through.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::echo::chunk;
use super::{CHUNK, Progress, until_received};

/// The name in multistream-select.
pub(crate) const PROTOCOL: &str = "/perf/1.0.0";

/// How long each direction took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// From the first byte to the sign that the peer has taken the last one: its acknowledgement of the
    /// end, or its answer.
    pub(crate) upload: Duration,
    /// From there to the last byte of the answer.
    pub(crate) download: Duration,
}

/// Opener: sends `upload` bytes, then receives `download` bytes.
pub(crate) async fn run<S>(
    stream: S,
    upload: u64,
    download: u64,
    progress: impl Fn(Progress),
) -> io::Result<Times>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let (sent, received) = (Cell::new(0), Cell::new(0));
    let report = || progress(Progress { sent: sent.get(), received: received.get() });
    let uploaded = Cell::new(None);
    let mark_uploaded = || {
        if uploaded.get().is_none() {
            uploaded.set(Some(start.elapsed()));
        }
    };
    let send = async {
        writer.write_all(&download.to_be_bytes()).await?;
        let mut buffer = vec![0; CHUNK];
        while sent.get() < upload {
            let chunk = chunk(&mut buffer, upload - sent.get());
            writer.write_all(chunk).await?;
            sent.set(sent.get() + chunk.len() as u64);
            report();
        }
        writer.close().await?;
        mark_uploaded();
        Ok(())
    };
    let receive = async {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = reader.read(&mut buffer).await?;
            mark_uploaded();
            if read == 0 {
                break;
            }
            received.set(received.get() + read as u64);
            if received.get() > download {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the peer sent more than the {download} bytes it was asked for"),
                ));
            }
            report();
        }
        if sent.get() < upload || received.get() < download {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "the peer finished after {} of {upload} bytes up and {} of {download} down",
                    sent.get(),
                    received.get()
                ),
            ));
        }
        Ok(start.elapsed())
    };
    let total = until_received(receive, send).await?;
    let upload = uploaded.get().expect("marked by the first read");
    Ok(Times { upload, download: total - upload })
}

/// Acceptor: takes everything, then sends as much as it was asked for.
pub(crate) async fn serve<S>(mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut wanted = [0; 8];
    stream.read_exact(&mut wanted).await?;
    let mut left = u64::from_be_bytes(wanted);
    let mut buffer = vec![0; CHUNK];
    while stream.read(&mut buffer).await? > 0 {}
    buffer.fill(0);
    while left > 0 {
        let chunk = chunk(&mut buffer, left);
        stream.write_all(chunk).await?;
        left -= chunk.len() as u64;
    }
    stream.close().await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join;

    use super::*;
    use crate::protocols::duplex::{Unacknowledged, duplex};

    #[test]
    fn bytes_go_up_then_down() {
        for (up, down) in [(0, 0), (1, 0), (0, 1), (2 * CHUNK as u64 + 3, CHUNK as u64 + 7)] {
            let (opener, acceptor) = duplex(5_000);
            let seen = Cell::new(Progress::default());
            let run = run(Unacknowledged(opener), up, down, |progress| seen.set(progress));
            let (times, served) = block_on(join(run, serve(acceptor)));
            times.unwrap();
            served.unwrap();
            assert_eq!(seen.get(), Progress { sent: up, received: down });
        }
    }

    #[test]
    fn the_request_is_eight_bytes_big_endian() {
        let (opener, mut acceptor) = duplex(100);
        let serve = async {
            let mut request = Vec::new();
            acceptor.read_to_end(&mut request).await.unwrap();
            assert_eq!(request, [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0]);
            acceptor.write_all(&[1; 0x102]).await.unwrap();
            acceptor.close().await.unwrap();
        };
        let (times, ()) = block_on(join(run(opener, 3, 0x102, |_| {}), serve));
        times.unwrap();
    }

    #[test]
    fn an_answer_of_another_length_is_an_error() {
        for (sent, kind) in [(9, io::ErrorKind::UnexpectedEof), (11, io::ErrorKind::InvalidData)] {
            let (opener, mut acceptor) = duplex(100);
            let serve = async {
                acceptor.read_to_end(&mut Vec::new()).await.unwrap();
                acceptor.write_all(&vec![0; sent]).await.unwrap();
                acceptor.close().await.unwrap();
            };
            let (times, ()) = block_on(join(run(opener, 5, 10, |_| {}), serve));
            assert_eq!(times.unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn a_request_cut_short_is_an_error() {
        let (mut opener, acceptor) = duplex(100);
        let open = async {
            opener.write_all(&[0; 7]).await.unwrap();
            opener.close().await.unwrap();
        };
        let ((), served) = block_on(join(open, serve(acceptor)));
        assert_eq!(served.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
