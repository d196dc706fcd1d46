//! Bytes over one stream.

use std::{fmt::Write as _, io, pin::pin};

use futures::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
    future::{Either, select},
};
use sha2::{Digest as _, Sha256};

use crate::sequence::Sequence;

/// Counts what came and hashes it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    count: u64,
    hash: Sha256,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.count += bytes.len() as u64;
        self.hash.update(bytes);
    }

    /// As if so many bytes of the sequence had come.
    pub(crate) fn add_sequence(&mut self, count: u64) {
        let mut sequence = Sequence::default();
        let mut left = count;
        let mut buffer = vec![0; BUFFER];
        while left > 0 {
            let piece = BUFFER.min(usize::try_from(left).unwrap_or(BUFFER));
            sequence.fill(&mut buffer[..piece]);
            self.add(&buffer[..piece]);
            left -= piece as u64;
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn sha256(&self) -> String {
        self.hash.clone().finalize().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes everything");
            text
        })
    }
}

/// Reads `count` bytes of the sequence and compares each.
pub(crate) async fn receive<R>(reader: &mut R, count: u64) -> io::Result<Tally>
where
    R: AsyncRead + Unpin,
{
    let (mut expected, mut tally) = (Sequence::default(), Tally::default());
    let mut buffer = vec![0; BUFFER];
    while tally.count() < count {
        let room = buffer.len().min(usize::try_from(count - tally.count()).unwrap_or(BUFFER));
        let read = reader.read(&mut buffer[..room]).await?;
        if read == 0 {
            return Err(short(tally.count(), count));
        }
        expected.check(&buffer[..read]).map_err(|position| {
            io::Error::other(format!("byte {position} of {count} came changed"))
        })?;
        tally.add(&buffer[..read]);
    }
    Ok(tally)
}

/// Reads up to the end, into `tally`.
pub(crate) async fn drain<R>(reader: &mut R, tally: &mut Tally) -> io::Result<()>
where
    R: AsyncRead + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        match reader.read(&mut buffer).await? {
            0 => return Ok(()),
            read => tally.add(&buffer[..read]),
        }
    }
}

/// Counts the bytes up to the end, without looking at them.
pub(crate) async fn count<R>(reader: &mut R) -> io::Result<u64>
where
    R: AsyncRead + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    let mut count = 0;
    loop {
        match reader.read(&mut buffer).await? {
            0 => return Ok(count),
            read => count += read as u64,
        }
    }
}

/// Reads the end, before which nothing more may come.
pub(crate) async fn end<R>(reader: &mut R) -> io::Result<()>
where
    R: AsyncRead + Unpin,
{
    match count(reader).await? {
        0 => Ok(()),
        more => Err(io::Error::other(format!("{more} bytes came that nobody has sent"))),
    }
}

/// Writes `count` bytes of the sequence.
pub(crate) async fn send<W>(writer: &mut W, count: u64) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    let mut sequence = Sequence::default();
    let mut buffer = vec![0; BUFFER];
    let mut left = count;
    while left > 0 {
        let piece = buffer.len().min(usize::try_from(left).unwrap_or(BUFFER));
        sequence.fill(&mut buffer[..piece]);
        writer.write_all(&buffer[..piece]).await?;
        left -= piece as u64;
    }
    writer.flush().await
}

/// Drives both halves of a stream until `received` is done or either of them fails. What is left of
/// `sent` by then is an acknowledgement, for which some peers make one wait in vain.
pub(crate) async fn until_received<T>(
    received: impl Future<Output = io::Result<T>>,
    sent: impl Future<Output = io::Result<()>>,
) -> io::Result<T> {
    let (received, sent) = (pin!(received), pin!(sent));
    match select(received, sent).await {
        Either::Left((received, _)) => received,
        Either::Right((sent, received)) => {
            sent?;
            received.await
        }
    }
}

/// The error of a stream that ended early.
pub(crate) fn short(got: u64, wanted: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("{got} of {wanted} bytes came"))
}

const BUFFER: usize = 64 * 1024;
