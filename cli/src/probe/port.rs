//! What the operating systems on both ends say of a UDP port, without any protocol.
//!
//! A dial hears nothing from a host that has no such port open: its sockets are not connected, so the
//! kernel keeps the ICMP answer to itself. A connected socket is told.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;

/// What is known of the way to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// Nothing: the usual case, whether it is open or not.
    Unknown,
    /// The host says that nobody listens there.
    Refused,
    /// This machine has no way to send there; its kernel's words.
    NoRoute(String),
}

/// Why this machine cannot send to `remote` at all, if it cannot.
pub(super) fn no_route(remote: SocketAddr) -> Option<String> {
    connected(remote).err().map(|error| error.to_string())
}

/// Waits a second for the host to say that nobody listens on the port; `false` if it says nothing.
pub(super) async fn refused(remote: SocketAddr) -> bool {
    let (sender, receiver) = oneshot::channel();
    // A second in a thread of its own is simpler than a connected socket in each runtime.
    thread::spawn(move || sender.send(knock(remote).unwrap_or(false)));
    receiver.await.unwrap_or(false)
}

fn knock(remote: SocketAddr) -> io::Result<bool> {
    let socket = connected(remote)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(&KNOCK)?;
    match socket.recv(&mut [0; 1500]) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(true),
        // An answer, or silence: nothing that speaks against the port.
        _ => Ok(false),
    }
}

fn connected(remote: SocketAddr) -> io::Result<UdpSocket> {
    let local = match remote {
        SocketAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
        SocketAddr::V6(_) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    let socket = UdpSocket::bind(local)?;
    socket.connect(remote)?;
    Ok(socket)
}

const PATIENCE: Duration = Duration::from_secs(1);
/// A STUN binding request without attributes (RFC 8489 §5), which no node can take for anything else,
/// and which a libp2p node does not answer.
const KNOCK: [u8; 20] = *b"\0\x01\0\0\x21\x12\xa4\x42floe knocks!";

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn an_open_port_is_not_refused() {
        let open = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = open.local_addr().unwrap();
        assert_eq!(no_route(addr), None);
        assert!(!block_on(refused(addr)));
        let mut knock = [0; 100];
        assert_eq!(open.recv(&mut knock).unwrap(), KNOCK.len());
    }

    // Other systems tell, but not all of them.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_closed_port_is_refused() {
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(block_on(refused(closed)));
    }
}
