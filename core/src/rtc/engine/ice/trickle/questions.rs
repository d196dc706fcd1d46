//! Which checks were sent where, so that an answer is taken once, and from there.
//!
//! The library takes an answer from anywhere, and as often as it comes. A peer answers what it has received, so only
//! an answer from where the check went says that the peer is there (RFC 8445 §7.2.5.2.1); and each answer tells the
//! library of an address of ours, which it keeps, so they may tell of some and no more.

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::vec::Vec;

/// What was asked and not answered, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: VecDeque<([u8; 12], SocketAddr)>,
    /// Where the peer says that it sees us.
    mapped: Vec<SocketAddr>,
}

impl Questions {
    /// Notes what is sent, if it is a check.
    pub(super) fn note(&mut self, datagram: &[u8], remote: SocketAddr) {
        let id = datagram.get(8..20).and_then(|id| id.first_chunk().copied());
        if datagram.starts_with(&REQUEST)
            && let Some(id) = id
        {
            if self.asked.len() == ASKED_MAX {
                self.asked.pop_front();
            }
            self.asked.push_back((id, remote));
        }
    }

    /// Whether this was asked there, and nobody has answered yet.
    pub(super) fn take(&mut self, id: [u8; 12], remote: SocketAddr) -> bool {
        let index = self.asked.iter().position(|asked| *asked == (id, remote));
        index.is_some_and(|index| self.asked.remove(index).is_some())
    }

    /// Whether the peer may say that it sees us there.
    pub(super) fn may_be_seen_at(&mut self, mapped: Option<SocketAddr>) -> bool {
        let Some(mapped) = mapped else { return true };
        let is_known = self.mapped.contains(&mapped);
        if !is_known && self.mapped.len() < MAPPED_MAX {
            self.mapped.push(mapped);
            return true;
        }
        is_known
    }
}

/// A binding request (RFC 8489 §5).
const REQUEST: [u8; 2] = [0x00, 0x01];
/// A hundred pairs, each checked again before an answer may come.
const ASKED_MAX: usize = 256;
/// One for each NAT on the way to the peer's addresses, and new ones as they forget.
const MAPPED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn check(id: u8) -> [u8; 20] {
        let mut check = [id; 20];
        check[..2].copy_from_slice(&REQUEST);
        check
    }

    #[test]
    fn an_answer_is_taken_once_and_from_where_the_check_went() {
        let mut questions = Questions::default();
        questions.note(&check(7), addr(1));
        questions.note(&[1; 20], addr(1));
        questions.note(&[0, 1], addr(1));
        assert!(!questions.take([7; 12], addr(2)));
        assert!(!questions.take([1; 12], addr(1)), "an answer of ours is no question");
        assert!(questions.take([7; 12], addr(1)));
        assert!(!questions.take([7; 12], addr(1)));
    }

    #[test]
    fn so_much_is_kept_and_no_more() {
        let mut questions = Questions::default();
        for id in 0..=255 {
            questions.note(&check(id), addr(1));
            questions.note(&check(id), addr(2));
        }
        assert_eq!(questions.asked.len(), ASKED_MAX);
        assert!(!questions.take([0; 12], addr(1)) && questions.take([255; 12], addr(2)));
        let seen = (1..1_000).filter(|port| questions.may_be_seen_at(Some(addr(*port)))).count();
        assert_eq!(seen, MAPPED_MAX);
        assert!(questions.may_be_seen_at(Some(addr(5))) && questions.may_be_seen_at(None));
    }
}
