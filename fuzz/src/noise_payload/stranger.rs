//! The peer's side, by the Noise library alone: it can put any payload into its messages.

use std::sync::LazyLock;

use snow::{Builder, HandshakeState};

/// Prologue of floe, and of strangers who saw the same certificates.
pub(super) const PROLOGUE: [u8; 88] = [9; 88];

/// The scalar of the recorded signatures: with it, keys of all types can be authenticated.
const STATIC_KEY: [u8; 32] = [0x11; 32];
const EPHEMERAL_KEY: [u8; 32] = [0x22; 32];

/// The public half of the stranger's static key, which its signature has to be over.
pub(super) fn static_public_key() -> [u8; 32] {
    static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
        // Who listens says its key in its second message.
        let (mut stranger, mut other) =
            (Stranger::new(true, &PROLOGUE), Stranger::new(false, &PROLOGUE));
        let first = stranger.write(&[]);
        other.read(&first).expect("strangers speak Noise");
        let second = other.write(&[]);
        stranger.read(&second).expect("strangers speak Noise");
        stranger.remote_static().expect("it is there")
    });
    *KEY
}

/// One side of a handshake.
pub(super) struct Stranger(HandshakeState);

impl Stranger {
    /// The listener's side, which is Noise's initiator, or the dialer's.
    pub(super) fn new(listens: bool, prologue: &[u8]) -> Self {
        let protocol = "Noise_XX_25519_ChaChaPoly_SHA256".parse().expect("a protocol of Noise");
        let builder = Builder::new(protocol)
            .local_private_key(&STATIC_KEY)
            .and_then(|builder| builder.prologue(prologue))
            .expect("each is set once")
            .fixed_ephemeral_key_for_testing_only(&EPHEMERAL_KEY);
        let state = if listens { builder.build_initiator() } else { builder.build_responder() };
        Self(state.expect("XX needs no more than this"))
    }

    /// The record of its next message.
    pub(super) fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut record = vec![0; 2 + payload.len() + 96];
        let len = self.0.write_message(payload, &mut record[2..]).expect("it is its turn");
        record.truncate(2 + len);
        record[..2].copy_from_slice(&u16::try_from(len).expect("payloads are short").to_be_bytes());
        record
    }

    /// The payload of a record; `None` if it is not authentic.
    pub(super) fn read(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let (len, message) = record.split_first_chunk().expect("a record has a length");
        assert_eq!(usize::from(u16::from_be_bytes(*len)), message.len());
        let mut payload = vec![0; message.len()];
        let len = self.0.read_message(message, &mut payload).ok()?;
        payload.truncate(len);
        Some(payload)
    }

    pub(super) fn remote_static(&self) -> Option<[u8; 32]> {
        self.0.get_remote_static()?.try_into().ok()
    }
}
