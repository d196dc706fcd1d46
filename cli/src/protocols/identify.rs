//! `/ipfs/id/1.0.0`: a node says who it is, what it speaks and where (libp2p identify).
//!
//! The acceptor writes one protobuf message behind its length and finishes; the opener only reads. A
//! long message may come as several, which are merged. Whatever a peer sends is bounded in bytes and in
//! messages, unknown fields are skipped, and nothing in it is trusted: it is shown, not acted upon.

pub(crate) mod multiaddr;

use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use quick_protobuf::{BytesReader, Writer};

/// The name in multistream-select.
pub(crate) const PROTOCOL: &str = "/ipfs/id/1.0.0";

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// The public key behind its peer id, as protobuf.
    pub(crate) public_key: Vec<u8>,
    /// Binary multiaddrs that it listens on.
    pub(crate) listen_addrs: Vec<Vec<u8>>,
    /// The protocols that it serves.
    pub(crate) protocols: Vec<String>,
    /// The binary multiaddr from which it sees us.
    pub(crate) observed_addr: Vec<u8>,
    /// The family of protocols, such as `ipfs/0.1.0`.
    pub(crate) protocol_version: String,
    /// The program and its version.
    pub(crate) agent_version: String,
}

impl Info {
    fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        let mut writer = Writer::new(&mut message);
        let mut field = |number: u32, value: &[u8]| {
            writer
                .write_with_tag(number << 3 | LENGTH_DELIMITED, |writer| writer.write_bytes(value))
                .expect("writing to a Vec cannot fail");
        };
        field(PUBLIC_KEY, &self.public_key);
        self.listen_addrs.iter().for_each(|addr| field(LISTEN_ADDRS, addr));
        self.protocols.iter().for_each(|protocol| field(PROTOCOLS, protocol.as_bytes()));
        field(OBSERVED_ADDR, &self.observed_addr);
        field(PROTOCOL_VERSION, self.protocol_version.as_bytes());
        field(AGENT_VERSION, self.agent_version.as_bytes());
        message
    }

    /// Adds what `message` says: lists grow, single values are replaced.
    fn merge(&mut self, message: &[u8]) -> quick_protobuf::Result<()> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut reader = BytesReader::from_bytes(message);
        while !reader.is_eof() {
            let tag = reader.next_tag(message)?;
            if tag & 7 != LENGTH_DELIMITED {
                reader.read_unknown(message, tag)?;
                continue;
            }
            let value = reader.read_bytes(message)?;
            match tag >> 3 {
                PUBLIC_KEY => self.public_key = value.to_vec(),
                LISTEN_ADDRS => self.listen_addrs.push(value.to_vec()),
                PROTOCOLS => self.protocols.push(text(value)),
                OBSERVED_ADDR => self.observed_addr = value.to_vec(),
                PROTOCOL_VERSION => self.protocol_version = text(value),
                AGENT_VERSION => self.agent_version = text(value),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Opener: reads what the peer says of itself.
pub(crate) async fn read<S>(stream: S) -> io::Result<Info>
where
    S: AsyncRead + Unpin,
{
    let mut bytes = Vec::new();
    stream.take(LEN_MAX as u64 + 1).read_to_end(&mut bytes).await?;
    if bytes.len() > LEN_MAX {
        return Err(invalid("the peer's identify message is too long"));
    }
    let (mut info, mut rest) = (Info::default(), &bytes[..]);
    for _ in 0..MESSAGES_MAX {
        if rest.is_empty() {
            break;
        }
        let (len, after) = unsigned_varint::decode::usize(rest)
            .map_err(|_| invalid("the peer's identify message has no valid length"))?;
        let (message, after) = after
            .split_at_checked(len)
            .ok_or_else(|| invalid("the peer's identify message is cut short"))?;
        info.merge(message).map_err(|_| invalid("the peer's identify message is malformed"))?;
        rest = after;
    }
    if bytes.is_empty() || !rest.is_empty() {
        return Err(invalid("the peer sent no identify message, or too many of them"));
    }
    Ok(info)
}

/// Acceptor: says `info`, and finishes.
pub(crate) async fn serve<S>(mut stream: S, info: &Info) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let message = info.encode();
    let mut prefix = unsigned_varint::encode::usize_buffer();
    let prefix = unsigned_varint::encode::usize(message.len(), &mut prefix);
    // In one write, so that it is one frame where it fits: some peers read no other way.
    stream.write_all(&[prefix, &message].concat()).await?;
    stream.close().await
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Bytes of identify that are read from a peer: ten times what go-libp2p has ever been seen to send.
const LEN_MAX: usize = 64 * 1024;
/// Messages that are merged, as in go-libp2p.
const MESSAGES_MAX: usize = 10;

const PUBLIC_KEY: u32 = 1;
const LISTEN_ADDRS: u32 = 2;
const PROTOCOLS: u32 = 3;
const OBSERVED_ADDR: u32 = 4;
const PROTOCOL_VERSION: u32 = 5;
const AGENT_VERSION: u32 = 6;
/// The wire type of bytes and strings.
const LENGTH_DELIMITED: u32 = 2;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join;

    use super::*;
    use crate::protocols::duplex::duplex;

    fn info() -> Info {
        Info {
            public_key: vec![8, 1, 18, 1, 9],
            listen_addrs: vec![vec![4, 127, 0, 0, 1], vec![41]],
            protocols: vec!["/a/1".into(), "/b/2".into()],
            observed_addr: vec![4, 10, 0, 0, 1],
            protocol_version: "ipfs/0.1.0".into(),
            agent_version: "floe/0.0.0".into(),
        }
    }

    fn read_bytes(bytes: &[u8]) -> io::Result<Info> {
        block_on(read(futures::io::Cursor::new(bytes)))
    }

    fn prefixed(message: &[u8]) -> Vec<u8> {
        let mut prefix = unsigned_varint::encode::usize_buffer();
        [unsigned_varint::encode::usize(message.len(), &mut prefix), message].concat()
    }

    #[test]
    fn what_is_said_is_heard() {
        let (opener, acceptor) = duplex(16);
        let (read, served) = block_on(join(read(opener), async { serve(acceptor, &info()).await }));
        served.unwrap();
        assert_eq!(read.unwrap(), info());
    }

    #[test]
    fn the_message_is_what_the_specification_says() {
        let said = Info { protocols: vec!["/a".into()], ..Info::default() };
        // Field 3 of the six; the others are empty.
        assert_eq!(said.encode(), b"\x0a\0\x1a\x02/a\x22\0\x2a\0\x32\0");
    }

    #[test]
    fn several_messages_are_merged_and_unknown_fields_skipped() {
        let mut second = b"\x1a\x02/c\x32\x05other\x42\x03abc".to_vec(); // 8: a signed peer record
        second.extend([0x48, 0xff, 0x01, 0x55, 1, 2, 3, 4]); // 9: a varint, 10: four bytes
        let heard = read_bytes(&[prefixed(&info().encode()), prefixed(&second)].concat()).unwrap();
        let mut expected = info();
        expected.protocols.push("/c".into());
        expected.agent_version = "other".into();
        assert_eq!(heard, expected);
    }

    #[test]
    fn nonsense_is_an_error_and_bounded() {
        let many = prefixed(b"\x1a\x01a").repeat(MESSAGES_MAX + 1);
        assert_eq!(read_bytes(&many[..many.len() - 4]).unwrap().protocols.len(), MESSAGES_MAX);
        let long = prefixed(&[&[0x1a, 0x80, 0x80, 0x04][..], &[b'x'; LEN_MAX]].concat());
        for (bytes, why) in [
            (&b""[..], "no identify message"),
            (&many, "too many"),
            (&long, "too long"),
            (&[5, 0x1a, 1], "cut short"),
            (&[0x80; 12], "no valid length"),
            (&[3, 0x1a, 9, 1], "malformed"),
            (&[1, 0x1b], "malformed"),
        ] {
            let error = read_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn random_messages_do_not_panic() {
        let mut state = 0x5eed_u64;
        for _ in 0..20_000 {
            let mut bytes = [0; 24];
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = state as u8;
            }
            let _ = Info::default().merge(&bytes);
            let _ = multiaddr::display(&bytes);
        }
    }
}
