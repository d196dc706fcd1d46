//! An echo over WebRTC, on tokio. The other runtime crates have the same; each understands the others.
//!
//! Without an argument it listens, prints its addresses and sends back what it is sent; with one of these
//! addresses it dials, says hello, and prints what comes back.

use std::error::Error;

use floe_tokio::identity::Keypair;
use floe_tokio::{Certificate, Config, Connection, DirectAddr, Endpoint};
use futures::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        None => listen().await,
        Some(address) => dial(&address.parse()?).await,
    }
}

async fn listen() -> Result<(), Box<dyn Error>> {
    let endpoint = bind("0.0.0.0:0").await?;
    for address in endpoint.listen_addrs() {
        println!("{address}");
    }
    while let Some(connection) = endpoint.accept().await {
        tokio::spawn(serve(connection));
    }
    Ok(())
}

async fn serve(connection: Connection) {
    while let Some(stream) = connection.accept().await {
        tokio::spawn(async move {
            let (mut reader, mut writer) = stream.split();
            futures::io::copy(&mut reader, &mut writer).await?;
            writer.close().await
        });
    }
}

async fn dial(address: &DirectAddr) -> Result<(), Box<dyn Error>> {
    let endpoint = bind("0.0.0.0:0").await?;
    let connection = endpoint.dial(address).await?;
    let mut stream = connection.open().await?;
    stream.write_all(b"hello").await?;
    stream.close().await?;
    let mut echo = String::new();
    stream.read_to_string(&mut echo).await?;
    println!("{} says {echo}", connection.peer_id());
    endpoint.close().await;
    Ok(())
}

/// An endpoint of a node that is new each time: who wants to be found again keeps the seed.
async fn bind(addr: &str) -> Result<Endpoint, Box<dyn Error>> {
    let keypair = Keypair::ed25519_from_seed(floe_tokio::os_seed()?);
    let certificate = Certificate::derive(&keypair);
    let config = Config::new(keypair, certificate);
    Ok(floe_tokio::bind(addr.parse()?, config).await?)
}
