//! floe without any runtime: the sans-IO endpoint, driven by hand over a `UdpSocket` that blocks.
//!
//! [`Node::next_event`] is the whole loop, and what to copy. Here two nodes, each on a thread of its own,
//! connect over the loopback; one says something on a stream, the other sends it back.
#![allow(clippy::disallowed_methods, reason = "only the core itself asks no clock")]

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use floe_core::driver::os_seed;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, Datagram, Endpoint, Epoch, Event, Output, Read, Target};
use floe_core::time::Timestamp;

/// An endpoint, its socket, and the moment that its time is counted from.
struct Node {
    endpoint: Endpoint,
    socket: UdpSocket,
    start: Instant,
    address: DirectAddr,
}

impl Node {
    fn bind(addr: &str) -> io::Result<Self> {
        let (socket, start) = (UdpSocket::bind(addr)?, Instant::now());
        let keypair = Keypair::ed25519_from_seed(os_seed()?);
        let certificate = Certificate::derive(&keypair);
        let config = Config::new(keypair, certificate);
        let address = DirectAddr::new(socket.local_addr()?)
            .with_certhash(config.certificate.fingerprint())
            .with_peer(config.identity.peer_id());
        let endpoint = Endpoint::new(Arc::new(config), Epoch::new(start), os_seed()?)
            .expect("the default configuration can work");
        Ok(Self { endpoint, socket, start, address })
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.start.elapsed()
    }

    /// Drains, waits and applies until something has happened.
    fn next_event(&mut self) -> io::Result<Event> {
        loop {
            // Drain: there is one thing to do after another, until only waiting is left.
            let deadline = match self.endpoint.poll(self.now()) {
                Output::Event(event) => return Ok(event),
                Output::Transmit(transmit) => {
                    // All goes by the one port there is: we dial a version, and so never fall back.
                    for datagram in transmit.datagrams() {
                        // One that cannot be sent is one that got lost.
                        let _ = self.socket.send_to(datagram, transmit.remote);
                    }
                    continue;
                }
                Output::Timeout(deadline) => deadline,
            };
            // Wait: until a datagram comes, but not beyond the deadline; without one, for ever. A timeout
            // of zero is none that a socket could have.
            let patience = deadline.map(|it| it.at.saturating_since(self.now()));
            self.socket.set_read_timeout(patience.map(|it| it.max(Duration::from_micros(1))))?;
            let mut buffer = [0; 1500];
            let received = self.socket.recv_from(&mut buffer);
            // Apply: the datagram, then the time. An error is a timeout, or news of a peer that is gone.
            let now = self.now();
            if let Ok((len, remote)) = received {
                self.endpoint.handle_datagram(now, Datagram::new(remote, &buffer[..len]));
            }
            self.endpoint.handle_timeout(now);
        }
    }
}

/// Sends back what comes on streams, until the peer closes the connection.
fn listen(mut node: Node) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match node.next_event()? {
            // It is said once: there is no other such event until a read has said `Empty`.
            Event::Readable { id } => {
                while let Some(mut stream) = node.endpoint.stream(id) {
                    match stream.read(&mut buffer) {
                        Read::Bytes(len) => {
                            // It may take less, and says with `Event::Writable` when to come with the
                            // rest; so little always has room.
                            let taken = stream.write(&buffer[..len]).map_err(io::Error::other)?;
                            assert_eq!(taken, len, "an echo of little has room");
                        }
                        Read::Finished => {
                            stream.finish().map_err(io::Error::other)?;
                            break;
                        }
                        Read::Empty | Read::Reset => break,
                    }
                }
            }
            // Over in both directions, and read to its end: nobody needs it any more.
            Event::StreamClosed { id, .. } => node.endpoint.forget_stream(node.now(), id),
            Event::Closed { .. } => return Ok(()),
            _ => {}
        }
    }
}

/// Says something on a stream, and returns what has come back when the peer has finished.
fn dial(mut node: Node, address: &DirectAddr, said: &[u8]) -> io::Result<Vec<u8>> {
    let mut target = Target::new(address).map_err(io::Error::other)?;
    target.version = Some(Version::V2);
    let now = node.now();
    node.endpoint.dial(now, target).map_err(io::Error::other)?;
    let (mut heard, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        match node.next_event()? {
            // Encrypted, and the peer has proven that it is the one that the address names.
            Event::Connected { id, established } => {
                println!("connected to {}", established.peer);
                let id = node.endpoint.open_stream(id).map_err(io::Error::other)?;
                let mut stream = node.endpoint.stream(id).expect("it was opened just now");
                let taken = stream.write(said).map_err(io::Error::other)?;
                assert_eq!(taken, said.len(), "a new stream has room for so little");
                stream.finish().map_err(io::Error::other)?;
            }
            Event::Readable { id } => {
                while let Some(mut stream) = node.endpoint.stream(id) {
                    match stream.read(&mut buffer) {
                        Read::Bytes(len) => heard.extend_from_slice(&buffer[..len]),
                        Read::Empty => break,
                        Read::Finished | Read::Reset => {
                            let now = node.now();
                            node.endpoint.close(now, id.connection());
                            break;
                        }
                    }
                }
            }
            // All that was to be sent has been, when the end is reported.
            Event::Closed { .. } => return Ok(heard),
            _ => {}
        }
    }
}

fn main() -> io::Result<()> {
    let (listener, dialer) = (Node::bind("127.0.0.1:0")?, Node::bind("127.0.0.1:0")?);
    let address = listener.address;
    println!("listening on {address}");
    let listening = thread::spawn(|| listen(listener));
    let heard = dial(dialer, &address, b"hello")?;
    listening.join().expect("the listener does not panic")?;
    assert_eq!(heard, b"hello");
    println!("hello went there and back");
    Ok(())
}
