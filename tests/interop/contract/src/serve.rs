//! The listener's part: its life, and the protocols it serves beside ping and identify.

use std::{io, sync::LazyLock};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, future};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    ECHO, ENDING, Failure, LATE, PERF, PORTION, Purpose, RESET, SOURCE, STOP,
    duplex::Duplex,
    record::Record,
    report,
    transfer::{self, Tally},
};

/// A node that can be dialed.
pub trait Listener: Sized {
    /// Binds a multiaddr and serves; the result's second part is the address to dial.
    ///
    /// # Errors
    ///
    /// What hinders it.
    fn listen(
        address: &str,
        purpose: Purpose,
    ) -> impl Future<Output = Result<(Self, String), Failure>> + Send;

    /// Runs for ever.
    fn run(self) -> impl Future<Output = ()> + Send;
}

/// What came of a stream that was served.
pub type Served = io::Result<()>;

/// Runs a listener until SIGTERM or SIGINT.
pub(crate) async fn run<L: Listener>(address: &str, purpose: Purpose) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (listener, address) = L::listen(address, purpose).await?;
    report::listening(&address);
    tokio::select! {
        () = listener.run() => Err("the listener has ended by itself".into()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// Serves one stream of one of the [`SERVED`](crate::SERVED) protocols.
///
/// # Errors
///
/// The stream's, or one for a protocol that is not served.
pub async fn serve<S: Duplex>(protocol: &str, stream: S) -> Served {
    match protocol {
        ECHO => echo(stream).await,
        PERF => perf(stream).await,
        LATE => late(stream).await,
        SOURCE => source(stream).await,
        STOP => stop(stream).await,
        RESET => reset(stream).await,
        ENDING => ending(stream).await,
        other => Err(io::Error::other(format!("{other} is not served"))),
    }
}

async fn echo<S: Duplex>(mut stream: S) -> Served {
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.close().await,
            read => {
                stream.write_all(&buffer[..read]).await?;
                stream.flush().await?;
            }
        }
    }
}

async fn perf<S: Duplex>(mut stream: S) -> Served {
    let mut wanted = [0; 8];
    stream.read_exact(&mut wanted).await?;
    transfer::count(&mut stream).await?;
    transfer::send(&mut stream, u64::from_be_bytes(wanted)).await?;
    stream.close().await
}

/// Ends first; the acknowledgement may come at any time behind.
async fn late<S: Duplex>(stream: S) -> Served {
    let (mut reader, mut writer) = stream.split();
    let mut tally = Tally::default();
    let read = transfer::until_received(
        async { transfer::drain(&mut reader, &mut tally).await },
        writer.close(),
    )
    .await;
    RECORD.set(&tally, &read, &Ok(()));
    read
}

async fn source<S: Duplex>(stream: S) -> Served {
    let (mut reader, mut writer) = stream.split();
    let mut tally = Tally::default();
    let (read, written) = future::join(
        transfer::drain(&mut reader, &mut tally),
        transfer::send(&mut writer, u64::MAX),
    )
    .await;
    RECORD.set(&tally, &read, &written);
    Ok(())
}

async fn stop<S: Duplex>(mut stream: S) -> Served {
    transfer::receive(&mut stream, PORTION).await?;
    stream.stop_reading()?;
    transfer::send(&mut stream, PORTION).await?;
    stream.close().await
}

async fn reset<S: Duplex>(mut stream: S) -> Served {
    transfer::receive(&mut stream, PORTION).await?;
    stream.reset();
    Ok(())
}

async fn ending<S: Duplex>(mut stream: S) -> Served {
    let record = RECORD.get().await.to_string();
    stream.write_all(record.as_bytes()).await?;
    stream.close().await
}

static RECORD: LazyLock<Record> = LazyLock::new(Record::new);
const BUFFER: usize = 64 * 1024;
