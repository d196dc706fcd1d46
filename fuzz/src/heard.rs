//! What a decoder said, free of how its input was cut.

use floe_core::frame::{Decoder, Flag, FrameError, Item};

use crate::says_why;

/// Payload, joined, and the flags between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) payload: Vec<u8>,
    /// Each flag, with the length of the payload before it.
    pub(crate) flags: Vec<(usize, Flag)>,
    pub(crate) error: Option<FrameError>,
    pub(crate) between_frames: bool,
}

impl Heard {
    /// What a fresh decoder makes of `pieces`.
    pub(crate) fn from<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut decoder = Decoder::default();
        let mut heard = Self::default();
        for mut piece in pieces {
            if let Err(error) = heard.hear(&mut decoder, &mut piece) {
                assert_eq!(decoder.decode(&mut piece), Err(error), "an error must stay");
                says_why(&error);
                heard.error = Some(error);
                break;
            }
        }
        heard.between_frames = decoder.is_between_frames();
        heard
    }

    fn hear(&mut self, decoder: &mut Decoder, piece: &mut &[u8]) -> Result<(), FrameError> {
        let before = *piece;
        let mut told = 0;
        while let Some(item) = decoder.decode(piece)? {
            match item {
                Item::Payload(bytes) => {
                    assert!(!bytes.is_empty(), "empty payload is not told");
                    told += bytes.len();
                    self.payload.extend_from_slice(bytes);
                }
                Item::Flag(flag) => self.flags.push((self.payload.len(), flag)),
            }
        }
        assert!(piece.is_empty(), "None means that the input is used up");
        assert!(told <= before.len(), "payload is part of the input");
        Ok(())
    }
}
