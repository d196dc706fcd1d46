//! Which protocol a stream speaks: multistream-select 1.0, by the crate of that name.
//!
//! Some peers read the negotiation frame by frame instead of byte by byte: header and protocol must be
//! one frame or one frame each, and nothing may follow in the same frame. So the opener waits for the
//! answer before it sends data (the crate's `V1`, not its `V1Lazy`), and header and protocol leave in
//! one write. The acceptor's header leaves as soon as the opener's has come, because others wait for it
//! before they name a protocol.

use futures::io::{AsyncRead, AsyncWrite};
use multistream_select::{
    Negotiated, NegotiationError, Version, dialer_select_proto, listener_select_proto,
};

use super::SERVED;

/// Opener: asks for `protocol`.
pub(crate) async fn propose<S>(
    stream: S,
    protocol: &'static str,
) -> Result<Negotiated<S>, NegotiationError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (_, stream) = dialer_select_proto(stream, [protocol], Version::V1).await?;
    Ok(stream)
}

/// Acceptor: takes whichever of the [`SERVED`] protocols the opener asks for first.
pub(crate) async fn answer<S>(stream: S) -> Result<(&'static str, Negotiated<S>), NegotiationError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    listener_select_proto(stream, SERVED).await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join;
    use futures::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::protocols::duplex::duplex;
    use crate::protocols::ping;

    #[test]
    fn header_and_protocol_leave_in_one_write_and_data_in_the_next() {
        let (mut opener, mut acceptor) = duplex(1_000);
        let open = async {
            let mut stream = propose(&mut opener, ping::PROTOCOL).await.unwrap();
            stream.write_all(b"data").await.unwrap();
        };
        let accept = async {
            let (protocol, mut stream) = answer(&mut acceptor).await.unwrap();
            assert_eq!(protocol, ping::PROTOCOL);
            let mut data = [0; 4];
            stream.read_exact(&mut data).await.unwrap();
            assert_eq!(&data, b"data");
        };
        block_on(join(open, accept));
        assert_eq!(opener.writes, [38, 4]);
        assert_eq!(acceptor.writes, [20, 18]);
    }

    #[test]
    fn the_opener_says_what_the_vectors_say_and_the_acceptor_answers_the_header_at_once() {
        const HEADER: &[u8] = b"\x13/multistream/1.0.0\n";
        const PING: &[u8] = b"\x11/ipfs/ping/1.0.0\n";
        let (mut opener, mut peer) = duplex(1_000);
        block_on(join(propose(&mut opener, ping::PROTOCOL), async {
            let mut said = vec![0; HEADER.len() + PING.len()];
            peer.read_exact(&mut said).await.unwrap();
            assert_eq!(said, [HEADER, PING].concat());
            peer.write_all(&[HEADER, PING].concat()).await.unwrap();
        }))
        .0
        .unwrap();

        let (mut acceptor, mut peer) = duplex(1_000);
        block_on(join(answer(&mut acceptor), async {
            let mut said = vec![0; HEADER.len()];
            peer.write_all(HEADER).await.unwrap();
            peer.read_exact(&mut said).await.unwrap();
            assert_eq!(said, HEADER);
            peer.write_all(PING).await.unwrap();
        }))
        .0
        .unwrap();
    }

    #[test]
    fn what_is_not_served_is_refused() {
        let (mut opener, mut acceptor) = duplex(1_000);
        let open = async {
            let refused = propose(&mut opener, "/chat/1.0.0").await;
            assert!(matches!(refused, Err(NegotiationError::Failed)));
            opener.close().await.unwrap();
        };
        let ((), answered) = block_on(join(open, answer(&mut acceptor)));
        assert!(matches!(answered, Err(NegotiationError::Failed)));
    }
}
