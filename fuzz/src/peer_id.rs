//! Peer ids: bytes and text are read back as written, and one id has one binary form.

use floe_core::peer_id::PeerId;

use crate::says_why;

/// Any bytes as a multihash, as text, and as a public key.
pub fn peer_id(data: &[u8]) {
    match PeerId::from_bytes(data) {
        Ok(id) => {
            assert_eq!(id.as_bytes(), data);
            reads_alike(id);
        }
        Err(error) => says_why(&error),
    }
    if let Ok(text) = core::str::from_utf8(data) {
        match text.parse::<PeerId>() {
            Ok(id) => reads_alike(id),
            Err(error) => says_why(&error),
        }
    }
    let id = PeerId::from_public_key(data, |key| {
        assert!(key.len() > 42, "short keys are inlined");
        [key.len() as u8; 32]
    });
    if data.len() <= 42 {
        assert!(id.as_bytes().ends_with(data));
    }
    reads_alike(id);
}

fn reads_alike(id: PeerId) {
    assert!(id.as_bytes().len() <= PeerId::LEN_MAX);
    assert_eq!(PeerId::from_bytes(id.as_bytes()), Ok(id));
    // Text of an id that begins with neither `1` nor `Qm` would be taken for a CID.
    assert_eq!(id.to_string().parse(), Ok(id), "{id}");
    let hex: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(format!("f0172{hex}").parse(), Ok(id));
}
