//! A node: an endpoint of floe's, whose every connection is served, whoever dialed.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use contract::{
    Connection, Dialer, Failure, Identified, Listener, Manner, Purpose, SERVED, milliseconds,
};
use floe_core::ice::Version;
use floe_tokio::{
    Certificate, Config, DirectAddr, Endpoint, Target,
    identity::{Identity, Keypair, PublicKey},
};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::{
    identify,
    stream::{self, Stream},
};

pub(crate) struct Node {
    endpoint: Endpoint,
    key: PublicKey,
}

/// An authenticated connection.
pub(crate) struct Connected(floe_tokio::Connection);

impl Node {
    async fn bind(addr: SocketAddr, purpose: Purpose) -> Result<Self, Failure> {
        let keypair = Keypair::ed25519_from_seed(floe_tokio::os_seed()?);
        let certificate = Certificate::derive(&keypair);
        let identity = Identity::from(keypair);
        let key = identity.public_key().clone();
        let mut config = Config::new(identity, certificate);
        if purpose == Purpose::Bench {
            // All dialers of a benchmark have one address, which this limit is against.
            config.limits.checks_per_second = CHECKS;
            config.limits.checks_burst = CHECKS;
            config.limits.connections = CONNECTIONS;
        }
        let endpoint = floe_tokio::bind(addr, config).await?;
        Ok(Self { endpoint, key })
    }
}

impl Listener for Node {
    async fn listen(address: &str, purpose: Purpose) -> Result<(Self, String), Failure> {
        let address: DirectAddr = address.parse()?;
        let node = Self::bind(address.socket_addr(), purpose).await?;
        let bound = node.endpoint.listen_addrs();
        let bound = bound.first().ok_or("the socket has no address")?.to_string();
        Ok((node, bound))
    }

    async fn run(self) {
        while let Some(connection) = self.endpoint.accept().await {
            tokio::spawn(serve(connection, self.key.clone()));
        }
    }
}

impl Dialer for Node {
    type Connection = Connected;

    async fn new(address: &str, purpose: Purpose) -> Result<Self, Failure> {
        let address: DirectAddr = address.parse()?;
        let any = match address.socket_addr() {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self::bind(SocketAddr::new(any, 0), purpose).await
    }

    async fn dial(
        &self,
        address: &str,
        version: &str,
        limit: Duration,
    ) -> Result<Connected, Failure> {
        let mut target = Target::new(&address.parse()?)?;
        target.version = match version {
            "v1" => Some(Version::V1),
            "v2" => Some(Version::V2),
            "auto" => None,
            other => return Err(format!("there is no version {other}").into()),
        };
        target.timeout = Some(limit);
        let connection = self.endpoint.dial(target).await?;
        tokio::spawn(serve(connection.clone(), self.key.clone()));
        Ok(Connected(connection))
    }

    async fn close(self) {
        self.endpoint.close().await;
    }
}

impl Connection for Connected {
    type Stream = Stream;

    fn peer(&self) -> String {
        self.0.peer_id().to_string()
    }

    fn version(&self) -> String {
        self.0.version().map_or_else(|| "private".to_owned(), |version| version.to_string())
    }

    async fn open(&self, protocol: &'static str, _: Manner) -> io::Result<Stream> {
        stream::propose(self.0.open().await.map_err(io::Error::other)?, protocol).await
    }

    async fn ping(&self, count: u64) -> Result<Vec<f64>, Failure> {
        let mut stream = self.open(PING, Manner::Usual).await?;
        let mut round_trips = Vec::new();
        for _ in 0..count {
            let (payload, mut answer) = (floe_tokio::os_seed()?, [0; PING_LEN]);
            let began = Instant::now();
            stream.write_all(&payload).await?;
            stream.flush().await?;
            stream.read_exact(&mut answer).await?;
            round_trips.push(milliseconds(began.elapsed()));
            if answer != payload {
                return Err("a ping was answered with other bytes".into());
            }
        }
        // Whoever acknowledges no end is not waited for.
        let _ = timeout(Duration::from_secs(1), stream.close()).await;
        Ok(round_trips)
    }

    async fn identify(&self) -> Result<Identified, Failure> {
        let mut stream = self.open(identify::PROTOCOL, Manner::Usual).await?;
        let mut bytes = Vec::new();
        (&mut stream).take(identify::LEN_MAX).read_to_end(&mut bytes).await?;
        identify::parse(&bytes)
    }
}

/// Serves every stream that the peer opens, until the connection is over.
async fn serve(connection: floe_tokio::Connection, key: PublicKey) {
    while let Some(stream) = connection.accept().await {
        let (peer, key) = (connection.peer_id(), key.clone());
        tokio::spawn(async move {
            if let Err(error) = serve_stream(stream, &key).await {
                eprintln!("a stream of {peer} failed: {error}");
            }
        });
    }
}

async fn serve_stream(stream: floe_tokio::Stream, key: &PublicKey) -> io::Result<()> {
    let (protocol, mut stream) = stream::answer(stream, &PROTOCOLS).await?;
    match protocol {
        PING => {
            let mut payload = [0; PING_LEN];
            loop {
                let read = stream.read(&mut payload).await?;
                if read == 0 {
                    return stream.close().await;
                }
                stream.read_exact(&mut payload[read..]).await?;
                stream.write_all(&payload).await?;
                stream.flush().await?;
            }
        }
        identify::PROTOCOL => {
            stream.write_all(&identify::encode(key, &PROTOCOLS)).await?;
            stream.close().await
        }
        protocol => contract::serve(protocol, stream).await,
    }
}

/// All that is served.
const PROTOCOLS: [&str; SERVED.len() + 2] = {
    let mut all = [PING; SERVED.len() + 2];
    all[1] = identify::PROTOCOL;
    let mut place = 0;
    while place < SERVED.len() {
        all[place + 2] = SERVED[place];
        place += 1;
    }
    all
};
const PING: &str = "/ipfs/ping/1.0.0";
const PING_LEN: usize = 32;
/// More than come.
const CHECKS: u32 = 100_000;
/// Twice what the benchmark holds at most.
const CONNECTIONS: usize = 20_000;
