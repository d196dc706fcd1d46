//! Addresses of webrtc-direct:
//! `/ip4|ip6/<ip>/udp/<port>/webrtc-direct[/certhash/<hash>…][/p2p/<peer id>]`.
//!
//! Text and bytes are read by one walk each that expects the components in this order, and so can say
//! what is missing. Nothing in an address tells which versions of webrtc-direct a server speaks.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use super::certhashes::Certhashes;
use super::{MultiaddrError, code, is_private};
use crate::fingerprint::Fingerprint;
use crate::peer_id::PeerId;
use crate::wire::{Overflow, Reader, Writer};

/// An address of webrtc-direct: where a server listens, the certificate that it will show, who it is.
///
/// Parses from and displays as text; [`from_bytes`](Self::from_bytes) and [`encode`](Self::encode)
/// are for the binary form. Equal addresses are equal in either form, and ordered by IP address, port,
/// certhashes and peer.
///
/// An IPv6 address has neither a scope (zone) nor a flow label here, as these mean something to one host
/// only: `new` drops them, text with a zone is refused. So a link-local address cannot be dialed as it
/// stands; who must, sets [`Target::remote`](crate::rtc::Target::remote) of a target that was made from it.
///
/// ```
/// use floe_core::multiaddr::DirectAddr;
///
/// let text = "/ip4/192.0.2.1/udp/4001/webrtc-direct\
///     /certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w\
///     /p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
/// let address: DirectAddr = text.parse()?;
/// assert_eq!(address.socket_addr(), "192.0.2.1:4001".parse()?);
/// assert!(address.certhash().is_some() && address.peer().is_some());
///
/// // What a node behind a port forwarding tells others: its public socket, the rest as it is.
/// let public = DirectAddr::new("203.0.113.9:7000".parse()?)
///     .with_certhash(address.certhash().expect("it has one"))
///     .with_peer(address.peer().expect("it has one"));
/// assert_eq!(public, address.with_socket_addr("203.0.113.9:7000".parse()?));
/// assert!(public.to_string().starts_with("/ip4/203.0.113.9/udp/7000/webrtc-direct/certhash/uEi"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectAddr {
    ip: IpAddr,
    port: u16,
    pub(crate) certhashes: Option<Certhashes>,
    peer: Option<PeerId>,
}

impl DirectAddr {
    /// The most fingerprints that an address can have here.
    pub const CERTHASHES_MAX: usize = Certhashes::MAX;

    /// Longest binary form in bytes.
    pub const ENCODED_LEN_MAX: usize = (1 + 16)
        + (2 + 2)
        + 2
        + Self::CERTHASHES_MAX * (2 + 1 + Fingerprint::MULTIHASH_LEN)
        + (2 + 1 + PeerId::LEN_MAX);

    /// An address to listen on: neither certhash nor peer id.
    pub const fn new(addr: SocketAddr) -> Self {
        Self { ip: addr.ip(), port: addr.port(), certhashes: None, peer: None }
    }

    /// Where the server listens.
    pub const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The UDP port on which it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The IP address and port as a socket takes them.
    pub const fn socket_addr(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.port)
    }

    /// The fingerprint of the server's certificate, the first one if there are several. Needed to dial;
    /// an address to listen on has none.
    pub const fn certhash(&self) -> Option<Fingerprint> {
        match &self.certhashes {
            Some(certhashes) => Some(certhashes.first()),
            None => None,
        }
    }

    /// All fingerprints, in their order: several are of a server that is about to change its certificate.
    ///
    /// The specification is silent about several. Peers that take more than one use the first, and
    /// some refuse the address: advertise one.
    pub fn certhashes(&self) -> impl Iterator<Item = Fingerprint> + use<> {
        self.certhashes.into_iter().flat_map(|certhashes| certhashes.iter())
    }

    /// Who the server is, if known. A dialer must compare it with who answers.
    pub const fn peer(&self) -> Option<PeerId> {
        self.peer
    }

    /// The same server at another IP address and port.
    #[must_use]
    pub const fn with_socket_addr(mut self, addr: SocketAddr) -> Self {
        self.ip = addr.ip();
        self.port = addr.port();
        self
    }

    /// The address with this fingerprint in place of all that it had.
    #[must_use]
    pub const fn with_certhash(mut self, certhash: Fingerprint) -> Self {
        self.certhashes = Some(Certhashes::one(certhash));
        self
    }

    /// The address with one more fingerprint, behind those that it has.
    ///
    /// # Errors
    /// [`MultiaddrError::TooManyCerthashes`] if it has [`CERTHASHES_MAX`](Self::CERTHASHES_MAX).
    pub fn try_add_certhash(mut self, certhash: Fingerprint) -> Result<Self, MultiaddrError> {
        self.certhashes = Some(match self.certhashes {
            None => Certhashes::one(certhash),
            Some(list) => list.and(certhash).ok_or(MultiaddrError::TooManyCerthashes)?,
        });
        Ok(self)
    }

    /// The address with this peer id.
    #[must_use]
    pub const fn with_peer(mut self, peer: PeerId) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The address without peer id: whoever has the certificate will do.
    #[must_use]
    pub const fn without_peer(mut self) -> Self {
        self.peer = None;
        self
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// A [`MultiaddrError`] that says which component is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MultiaddrError> {
        let mut reader = Reader::new(bytes);
        let position = |reader: &Reader<'_>| bytes.len() - reader.rest().len();
        let ip = match reader.varint()? {
            code::IP4 => IpAddr::V4(Ipv4Addr::from(reader.array::<4>()?)),
            code::IP6 => IpAddr::V6(Ipv6Addr::from(reader.array::<16>()?)),
            code::IP6ZONE => return Err(MultiaddrError::Ip6Zone),
            code::DNS | code::DNS4 | code::DNS6 | code::DNSADDR => return Err(MultiaddrError::Dns),
            _ => return Err(MultiaddrError::NotIp { at: 0 }),
        };
        let at = position(&reader);
        if reader.varint()? != code::UDP {
            return Err(MultiaddrError::NotUdp { at });
        }
        let port = u16::from_be_bytes(reader.array()?);
        let at = position(&reader);
        match reader.varint()? {
            code::WEBRTC_DIRECT => {}
            code::WEBRTC => return Err(MultiaddrError::Private),
            _ => return Err(MultiaddrError::NotWebrtcDirect { at }),
        }
        let mut address = Self::new(SocketAddr::new(ip, port));
        while !reader.is_empty() {
            let at = position(&reader);
            match reader.varint()? {
                code::CERTHASH if address.peer.is_none() => {
                    let certhash = Fingerprint::from_multihash(reader.length_prefixed()?)?;
                    address = address.try_add_certhash(certhash)?;
                }
                code::P2P if address.peer.is_none() => {
                    address.peer = Some(PeerId::from_bytes(reader.length_prefixed()?)?);
                }
                _ => return Err(MultiaddrError::Trailing { at }),
            }
        }
        Ok(address)
    }

    /// Writes the binary form to the front of `out` and returns it.
    ///
    /// # Errors
    /// [`Overflow`] if `out` is too short; [`ENCODED_LEN_MAX`](Self::ENCODED_LEN_MAX) bytes suffice.
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Overflow> {
        let mut writer = Writer::new(out);
        match self.ip {
            IpAddr::V4(ip) => {
                writer.varint(code::IP4)?;
                writer.put(&ip.octets())?;
            }
            IpAddr::V6(ip) => {
                writer.varint(code::IP6)?;
                writer.put(&ip.octets())?;
            }
        }
        writer.varint(code::UDP)?;
        writer.put(&self.port.to_be_bytes())?;
        writer.varint(code::WEBRTC_DIRECT)?;
        for certhash in self.certhashes() {
            // Bytes hold the bare multihash; multibase is for text.
            writer.varint(code::CERTHASH)?;
            writer.length_prefixed(&certhash.multihash())?;
        }
        if let Some(peer) = self.peer {
            writer.varint(code::P2P)?;
            writer.length_prefixed(peer.as_bytes())?;
        }
        Ok(writer.finish())
    }
}

impl FromStr for DirectAddr {
    type Err = MultiaddrError;

    fn from_str(text: &str) -> Result<Self, MultiaddrError> {
        let mut parts = Parts::new(text)?;
        let unexpected = |error| if is_private(text) { MultiaddrError::Private } else { error };
        let (at, family) = parts.next();
        let (value_at, value) = match family {
            Some("ip4" | "ip6") => parts.next(),
            Some("ip6zone") => return Err(MultiaddrError::Ip6Zone),
            Some("dns" | "dns4" | "dns6" | "dnsaddr") => {
                return Err(unexpected(MultiaddrError::Dns));
            }
            _ => return Err(unexpected(MultiaddrError::NotIp { at })),
        };
        let value = value.unwrap_or_default();
        let ip = if family == Some("ip4") {
            value.parse().map(IpAddr::V4).ok()
        } else {
            value.parse().map(IpAddr::V6).ok()
        };
        let ip = ip.ok_or(MultiaddrError::Ip { at: value_at })?;
        match parts.next() {
            (_, Some("udp")) => {}
            (at, _) => return Err(unexpected(MultiaddrError::NotUdp { at })),
        }
        let port = match parts.next() {
            (at, Some(port)) => parse_port(port).ok_or(MultiaddrError::Port { at })?,
            (at, None) => return Err(MultiaddrError::Port { at }),
        };
        match parts.next() {
            (_, Some("webrtc-direct")) => {}
            (at, _) => return Err(unexpected(MultiaddrError::NotWebrtcDirect { at })),
        }
        let mut address = Self::new(SocketAddr::new(ip, port));
        loop {
            match parts.next() {
                (_, None) => return Ok(address),
                (_, Some("certhash")) if address.peer.is_none() => {
                    let value = parts.next().1.unwrap_or_default();
                    address = address.try_add_certhash(Fingerprint::parse_certhash(value)?)?;
                }
                (_, Some("p2p")) if address.peer.is_none() => {
                    address.peer = Some(parts.next().1.unwrap_or_default().parse()?);
                }
                (at, Some(_)) => return Err(unexpected(MultiaddrError::Trailing { at })),
            }
        }
    }
}

impl fmt::Debug for DirectAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DirectAddr({self})")
    }
}

impl fmt::Display for DirectAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(f, "/ip4/{ip}")?,
            IpAddr::V6(ip) => write!(f, "/ip6/{ip}")?,
        }
        write!(f, "/udp/{}/webrtc-direct", self.port)?;
        for certhash in self.certhashes() {
            write!(f, "/certhash/{}", certhash.certhash())?;
        }
        match self.peer {
            Some(peer) => write!(f, "/p2p/{peer}"),
            None => Ok(()),
        }
    }
}

/// Digits only: the standard parser would take a sign too.
fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The texts between slashes, with their positions.
struct Parts<'a> {
    rest: Option<&'a str>,
    at: usize,
}

impl<'a> Parts<'a> {
    fn new(text: &'a str) -> Result<Self, MultiaddrError> {
        let rest = text.strip_prefix('/').ok_or(MultiaddrError::NoSlash)?;
        Ok(Self { rest: Some(rest), at: 1 })
    }

    /// The position of the next text, and the text unless the address has ended.
    fn next(&mut self) -> (usize, Option<&'a str>) {
        let at = self.at;
        let Some(rest) = self.rest else { return (at, None) };
        let (part, after) = match rest.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (rest, None),
        };
        self.at += part.len() + usize::from(after.is_some());
        self.rest = after;
        (at, Some(part))
    }
}

#[cfg(test)]
mod tests;
