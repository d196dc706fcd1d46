//! What the runner does to a listener's address before a dialer gets it. Multiaddrs are taken apart as
//! text: the runner must not share a parser with anybody it judges.

use std::net::SocketAddr;

/// The socket address behind `/ip4/…/udp/…` or `/ip6/…/udp/…`.
pub fn socket(address: &str) -> Result<SocketAddr, String> {
    let parts: Vec<_> = address.split('/').collect();
    match parts.as_slice() {
        ["", "ip4" | "ip6", ip, "udp", port, ..] => {
            let ip = ip.parse().map_err(|_| format!("no IP address in {address}"))?;
            let port = port.parse().map_err(|_| format!("no port in {address}"))?;
            Ok(SocketAddr::new(ip, port))
        }
        _ => Err(format!("{address} does not begin with an IP address and a UDP port")),
    }
}

/// The beginning of an address that listens on `socket`.
pub fn listen(socket: SocketAddr) -> String {
    front(socket) + "/webrtc-direct"
}

/// What every address on UDP begins with.
fn front(socket: SocketAddr) -> String {
    let family = if socket.is_ipv4() { "ip4" } else { "ip6" };
    format!("/{family}/{}/udp/{}", socket.ip(), socket.port())
}

/// The same node, reached at another socket address.
pub fn at(address: &str, socket: SocketAddr) -> Result<String, String> {
    self::socket(address)?;
    // Behind "", "ip4", the IP address, "udp" and the port.
    let rest: Vec<_> = address.split('/').skip(5).collect();
    Ok(front(socket) + "/" + &rest.join("/"))
}

/// The same address with the certhash of somebody else.
pub fn with_wrong_certhash(address: &str) -> Result<String, String> {
    replaced(address, "certhash", SOMEBODYS_CERTHASH)
}

/// The same address with the peer id of somebody else.
pub fn with_wrong_peer(address: &str) -> Result<String, String> {
    replaced(address, "p2p", SOMEBODYS_PEER_ID)
}

/// Whether a relay is reached over WebSockets by it.
pub fn is_websocket(address: &str) -> bool {
    address.split('/').any(|part| part == "ws")
}

/// Puts `value` behind the last component `name`, wherever that comes.
fn replaced(address: &str, name: &str, value: &str) -> Result<String, String> {
    let mut parts: Vec<_> = address.split('/').collect();
    let place = parts
        .iter()
        .rposition(|part| *part == name)
        .filter(|place| place + 1 < parts.len())
        .ok_or_else(|| format!("no {name} in {address}"))?;
    parts[place + 1] = value;
    Ok(parts.join("/"))
}

/// A certhash as good as any.
const SOMEBODYS_CERTHASH: &str = "uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
/// The peer id of the Ed25519 key whose seed counts from 0 to 31.
const SOMEBODYS_PEER_ID: &str = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "/ip4/127.0.0.1/udp/4001/webrtc-direct/certhash/uEi/p2p/12D3";

    #[test]
    fn an_address_is_changed_in_one_place_only() {
        assert_eq!(socket(ADDRESS), Ok("127.0.0.1:4001".parse().unwrap()));
        let other = "[::1]:5".parse().unwrap();
        assert_eq!(
            at(ADDRESS, other).unwrap(),
            "/ip6/::1/udp/5/webrtc-direct/certhash/uEi/p2p/12D3"
        );
        assert_eq!(
            at("/ip4/127.0.0.1/udp/4001/quic-v1/p2p/12D3", other).unwrap(),
            "/ip6/::1/udp/5/quic-v1/p2p/12D3"
        );
        let wrong = with_wrong_certhash(ADDRESS).unwrap();
        assert_eq!(wrong, ADDRESS.replace("uEi", SOMEBODYS_CERTHASH));
        let wrong = with_wrong_peer(ADDRESS).unwrap();
        assert_eq!(wrong, ADDRESS.replace("12D3", SOMEBODYS_PEER_ID));
    }

    #[test]
    fn behind_a_relay_the_listener_is_the_last_peer() {
        let circuit = "/ip4/127.0.0.1/tcp/1/ws/p2p/12D3/p2p-circuit/webrtc/p2p/";
        let wrong = with_wrong_peer(&format!("{circuit}12D4")).unwrap();
        assert_eq!(wrong, format!("{circuit}{SOMEBODYS_PEER_ID}"));
        assert!(is_websocket(circuit) && !is_websocket(ADDRESS));
    }

    #[test]
    fn an_address_that_lacks_the_part_is_an_error() {
        assert!(socket("/dns4/example/udp/1").is_err());
        assert!(at("/ip4/127.0.0.1/tcp/4001", "[::1]:5".parse().unwrap()).is_err());
        assert!(with_wrong_peer("/ip4/127.0.0.1/udp/4001/webrtc-direct/p2p").is_err());
    }
}
