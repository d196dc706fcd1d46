//! `/ipfs/id/1.0.0`, as far as the matrix asks for it: one message of strings and bytes behind its
//! length.

use contract::{Failure, Identified};
use floe_tokio::identity::PublicKey;

pub(crate) const PROTOCOL: &str = "/ipfs/id/1.0.0";

/// More than any peer has to say.
pub(crate) const LEN_MAX: u64 = 64 * 1024;

/// What the acceptor says.
pub(crate) fn encode(key: &PublicKey, protocols: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    field(&mut message, PUBLIC_KEY, &key.to_protobuf());
    for protocol in protocols {
        field(&mut message, PROTOCOLS, protocol.as_bytes());
    }
    field(&mut message, PROTOCOL_VERSION, b"ipfs/0.1.0");
    field(&mut message, AGENT, concat!("floe/", env!("CARGO_PKG_VERSION")).as_bytes());
    let mut prefixed = Vec::new();
    varint(&mut prefixed, message.len());
    prefixed.extend(message);
    prefixed
}

/// What the opener hears. Large messages come in several, which follow each other.
pub(crate) fn parse(mut bytes: &[u8]) -> Result<Identified, Failure> {
    let mut told = Identified { peer: String::new(), protocols: Vec::new(), agent: String::new() };
    while !bytes.is_empty() {
        let mut message = prefixed(&mut bytes)?;
        while !message.is_empty() {
            let (tag, rest) = unsigned_varint::decode::u32(message)?;
            if tag & 7 != LENGTH_DELIMITED {
                return Err(format!("identify has no field with the tag {tag}").into());
            }
            message = rest;
            let value = prefixed(&mut message)?;
            match tag >> 3 {
                PUBLIC_KEY => told.peer = PublicKey::from_protobuf(value)?.peer_id().to_string(),
                PROTOCOLS => told.protocols.push(String::from_utf8_lossy(value).into_owned()),
                AGENT => told.agent = String::from_utf8_lossy(value).into_owned(),
                _ => {}
            }
        }
    }
    Ok(told)
}

/// Takes bytes behind their length.
fn prefixed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Failure> {
    let (length, rest) = unsigned_varint::decode::usize(bytes)?;
    let (value, rest) = rest.split_at_checked(length).ok_or("identify is cut short")?;
    *bytes = rest;
    Ok(value)
}

fn field(message: &mut Vec<u8>, number: u32, value: &[u8]) {
    varint(message, (number << 3 | LENGTH_DELIMITED) as usize);
    varint(message, value.len());
    message.extend(value);
}

fn varint(out: &mut Vec<u8>, number: usize) {
    out.extend(unsigned_varint::encode::usize(
        number,
        &mut unsigned_varint::encode::usize_buffer(),
    ));
}

const PUBLIC_KEY: u32 = 1;
const PROTOCOLS: u32 = 3;
const PROTOCOL_VERSION: u32 = 5;
const AGENT: u32 = 6;
/// The wire type of bytes and strings.
const LENGTH_DELIMITED: u32 = 2;

#[cfg(test)]
mod tests {
    use floe_tokio::identity::{Identity, Keypair};

    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let identity = Identity::from(Keypair::ed25519_from_seed([7; 32]));
        let said = encode(identity.public_key(), &["/a/1", "/b/2"]);
        let heard = parse(&said).unwrap();
        assert_eq!(heard.peer, identity.peer_id().to_string());
        assert_eq!(heard.protocols, ["/a/1", "/b/2"]);
        assert!(heard.agent.starts_with("floe/"));
        assert!(parse(&said[..said.len() - 1]).is_err());
    }
}
