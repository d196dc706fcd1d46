//! The listener: ping and identify by rust-libp2p's behaviours, perf and echo by hand.

use std::{io, time::Duration};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{Multiaddr, Stream};
use libp2p_stream::IncomingStreams;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    node::{self, ECHO, Failure, PERF},
    report,
    transfer::{self, PIECE, Reader},
};

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(addresses: Vec<Multiaddr>) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut node = node::new(PING_INTERVAL)?;
    let mut control = node.behaviour().stream.new_control();
    tokio::spawn(serve(control.accept(ECHO)?, echo));
    tokio::spawn(serve(control.accept(PERF)?, perf));
    for address in addresses {
        report::listening(&node::listen(&mut node, address).await?);
    }
    loop {
        tokio::select! {
            _ = node.select_next_some() => {}
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}

async fn serve<F>(mut incoming: IncomingStreams, protocol: fn(Stream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    while let Some((peer, stream)) = incoming.next().await {
        let served = protocol(stream);
        tokio::spawn(async move {
            if let Err(error) = served.await {
                eprintln!("a stream of {peer} failed: {error}");
            }
        });
    }
}

/// `/echo/1.0.0`: what comes goes back, and the end too.
async fn echo(mut stream: Stream) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
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

/// `/perf/1.0.0`: a big-endian count, an upload up to its end, then so many bytes back.
async fn perf(mut stream: Stream) -> io::Result<()> {
    let mut wanted = [0; 8];
    stream.read_exact(&mut wanted).await?;
    Reader::plain(&mut stream).count().await?;
    transfer::send(&mut stream, u64::from_be_bytes(wanted), PIECE).await?;
    stream.close().await
}

/// Far below rust-libp2p's default of 15 s, because of a defect of libp2p-ping 0.48.0: having answered
/// a ping, its handler (src/handler.rs, `poll`) puts up the future for the next one without polling it,
/// so nothing wakes the handler when that ping comes. The handler's own pings do: with the default
/// interval every second ping of a peer is answered up to 15 s late, with this one up to 100 ms.
const PING_INTERVAL: Duration = Duration::from_millis(100);
