//! How many chunks of the peer's are kept until they can be read, or may come to be.
//!
//! The receive window counts bytes of content, but what the library pays for is chunks: some hundred
//! bytes for each, and a walk over all that wait whenever another comes. A peer that cuts its window into
//! chunks of one byte, behind a gap or in pieces of a message that never ends, would have a hundred times
//! the window kept, and hours of computing for a megabyte. So a chunk is charged with no less than
//! [`CHUNK_LEN_MIN`]: as many as the window has room for are taken, and the window that the peer is told of
//! shrinks by them. What comes beyond it is dropped as if it were lost; what fills a gap never is. So is what comes
//! beyond the bytes of the window, as the library has room for the largest that it may become: a peer goes on asking
//! with a chunk whether there is room (RFC 9260 §6.1 A), and would fill all of that while nobody reads.
//!
//! The count needs no list. Numbers of chunks (TSN) follow each other, so it is the distance from the first
//! to the highest, less what was read; and whatever drops out of the library unread is made up for when
//! our own acknowledgement says how many bytes are really there.

use super::packet;
use super::window::Window;

/// Counts chunks that wait.
#[derive(Debug)]
pub(super) struct Hoard {
    window: Window,
    /// The highest number that was let in, once the peer has said where it begins.
    highest: Option<u32>,
    /// Chunks up to there that were not read, missing ones among them.
    held: u32,
    /// Bytes of them.
    kept: u32,
}

impl Hoard {
    /// Nothing, in a window.
    pub(super) fn new(window: Window) -> Self {
        Self { window, highest: None, held: 0, kept: 0 }
    }

    /// The peer begins to count with this number.
    pub(super) fn begin(&mut self, initial_tsn: u32) {
        *self = Self { highest: Some(initial_tsn.wrapping_sub(1)), ..Self::new(self.window) };
    }

    /// Lets a packet in, up to the chunk whose number is returned, if the peer has said where it begins.
    ///
    /// Not the packet as a whole: what fills a gap is often sent again with what was too much, every time.
    pub(super) fn admit(&mut self, packet: &[u8]) -> Option<u32> {
        let highest = self.highest?;
        let room = (self.window.bytes() / CHUNK_LEN_MIN).saturating_sub(self.held);
        let data = packet::chunks(packet).filter(|chunk| chunk.kind == packet::DATA);
        let mut ahead = 0;
        for chunk in data {
            let Some(tsn) = chunk.tsn().filter(|tsn| packet::is_after(*tsn, highest)) else {
                continue;
            };
            let distance = tsn.wrapping_sub(highest);
            if distance <= room && self.kept < self.window.bytes() {
                ahead = distance.max(ahead);
                self.kept = self.kept.saturating_add(chunk.content_len());
            }
        }
        self.held += ahead;
        self.highest = Some(highest.wrapping_add(ahead));
        self.highest
    }

    /// The window.
    pub(super) fn window_mut(&mut self) -> &mut Window {
        &mut self.window
    }

    /// So many chunks were read, of so many bytes together.
    pub(super) fn on_read(&mut self, chunks: usize, bytes: usize) {
        self.window.on_read(bytes);
        self.kept = self.kept.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.held = self.held.saturating_sub(u32::try_from(chunks).unwrap_or(u32::MAX));
    }

    /// An acknowledgement leaves, of all up to `tsn` and with what is left of the largest window. Gives the
    /// window to be told of instead, if it is smaller.
    pub(super) fn on_sack(&mut self, tsn: u32, left: u32) -> Option<u32> {
        let highest = self.highest?;
        // Each chunk has a byte at least.
        let kept = self.window.max().saturating_sub(left);
        self.kept = kept;
        let missing = if packet::is_after(highest, tsn) { highest.wrapping_sub(tsn) } else { 0 };
        self.held = self.held.min(kept.saturating_add(missing));
        // A gap alone is no reason to slow down: nothing of what is missing is kept.
        let chunks = kept.min(self.held);
        let charged = if chunks > SPARE { self.held.saturating_mul(CHUNK_LEN_MIN) } else { 0 };
        let window = self.window.bytes().saturating_sub(kept.max(charged));
        (window < left).then_some(window)
    }
}

/// What a chunk costs at least. Peers fill their packets, of more than 1 000 bytes, as long as they have
/// enough to say; the library needs some 300 bytes for a chunk of one.
const CHUNK_LEN_MIN: u32 = 256;
/// So many chunks are nothing to speak of.
const SPARE: u32 = 256;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn data(tsns: impl IntoIterator<Item = u32>) -> Vec<u8> {
        let mut packet = Vec::from([0; 12]);
        for tsn in tsns {
            packet.extend_from_slice(&[packet::DATA, 3, 0, 17]);
            packet.extend_from_slice(&tsn.to_be_bytes());
            packet.extend_from_slice(&[0; 12]);
        }
        packet
    }

    fn fixed(bytes: u32) -> Window {
        Window::new(bytes, bytes)
    }

    /// Whether all of a packet is let in.
    fn takes(hoard: &mut Hoard, packet: &[u8]) -> bool {
        let last = hoard.admit(packet);
        let mut numbers = packet::chunks(packet).filter_map(|chunk| chunk.tsn());
        numbers.all(|tsn| last.is_none_or(|last| !packet::is_after(tsn, last)))
    }

    #[test]
    fn what_fills_a_gap_is_taken_beside_what_is_too_much() {
        let mut hoard = Hoard::new(fixed(256 * 10));
        hoard.begin(1);
        assert!(takes(&mut hoard, &data(2..11)), "the first is missing");
        assert_eq!(hoard.admit(&data([1, 11, 12])), Some(10));
        hoard.on_read(10, 10);
        assert_eq!(hoard.admit(&data([11, 12])), Some(12));
    }

    #[test]
    fn as_many_chunks_as_the_window_has_room_for() {
        let mut hoard = Hoard::new(fixed(256 * 100));
        assert!(takes(&mut hoard, &data([7])), "nothing is known yet");
        hoard.begin(u32::MAX - 20);
        let at = |n: u32| (u32::MAX - 20).wrapping_add(n);
        assert!(takes(&mut hoard, &data((0..50).map(at))));
        assert!(!takes(&mut hoard, &data([at(100)])), "the missing ones may come");
        assert!(takes(&mut hoard, &data([at(99)])));
        assert!(takes(&mut hoard, &data((50..99).map(at))), "what fills a gap is always taken");
        assert!(takes(&mut hoard, &data([at(3)])), "and what comes again");
        assert!(!takes(&mut hoard, &data([at(100)])));
        hoard.on_read(10, 10);
        assert!(takes(&mut hoard, &data((100..110).map(at))));
        assert!(!takes(&mut hoard, &data([at(110)])));
    }

    #[test]
    fn an_acknowledgement_sets_the_count_right() {
        let window = 256 * 1000;
        let mut hoard = Hoard::new(fixed(window));
        hoard.begin(0);
        assert!(takes(&mut hoard, &data(0..900)));
        assert_eq!(hoard.on_sack(899, window - 900), Some(256 * 100), "charged for 900 chunks");
        assert_eq!(hoard.on_sack(899, window), None, "all were thrown away unread");
        assert!(takes(&mut hoard, &data([1_899])));
        assert_eq!(hoard.on_sack(899, window - 1), None, "a gap alone is no reason");
        assert!(!takes(&mut hoard, &data([1_900])));
        let long = data(1_000..1_100);
        assert!(takes(&mut hoard, &long));
        // Long chunks are charged with what they are.
        let mut hoard = Hoard::new(fixed(window));
        hoard.begin(0);
        assert!(takes(&mut hoard, &data(0..300)));
        assert_eq!(hoard.on_sack(299, window - 300 * 512), None);
    }

    #[test]
    fn no_more_bytes_than_the_window_has_though_it_may_grow() {
        let mut hoard = Hoard::new(Window::new(256 * 10, 256 * 1_000));
        hoard.begin(0);
        hoard.on_sack(0, 256 * 1_000 - 256 * 10 + 1);
        assert_eq!(hoard.admit(&data([1, 2])), Some(1), "there was room for a byte");
        assert!(!takes(&mut hoard, &data([2])));
        hoard.on_read(1, 2);
        assert!(takes(&mut hoard, &data([2])));
    }

    #[test]
    fn the_peer_is_told_of_the_window_that_there_is_and_not_of_what_it_may_become() {
        let mut hoard = Hoard::new(Window::new(256 * 1_000, 256 * 4_000));
        hoard.begin(0);
        assert_eq!(hoard.on_sack(0, 256 * 4_000), Some(256 * 1_000));
        assert_eq!(hoard.on_sack(0, 256 * 3_900), Some(256 * 900));
        assert_eq!(hoard.on_sack(0, 256 * 2_000), Some(0), "the peer went too far");
    }
}
