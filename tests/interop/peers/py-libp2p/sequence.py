"""
The bytes of all stories (`../../README.md`, "The sequence"): every position is predictable and no word
repeats, so a lost, doubled or exchanged piece is seen at its first byte.

Python would need a microsecond for each word, and the peers are to wait for the network. So a block of words
is mixed at once, each in a lane of 64 bits of one long integer, where no product runs into the next lane.
"""

from array import array


class Sequence:
    """Produces the sequence from its start, in pieces of any length."""

    def __init__(self):
        self._position = 0
        self._words = 0
        self._mixed = b""

    def take(self, length):
        """The next `length` bytes."""
        while len(self._mixed) < length:
            self._mixed += _mixed(self._words)
            self._words += LANES
        taken, self._mixed = self._mixed[:length], self._mixed[length:]
        self._position += length
        return taken

    def check(self, data):
        """Compares the next bytes; raises at the first that differs."""
        start = self._position
        expected = self.take(len(data))
        if data != expected:
            at = next(at for at, byte in enumerate(expected) if data[at] != byte)
            raise ValueError(f"byte {start + at} is not what was sent")


def _mixed(first):
    """One block of the sequence, from the word `first` on."""
    h = (COUNTING + (first + 1) * ONES) & MASK
    h = h * 0x9E3779B9 & MASK
    h ^= h >> 16 & MASK
    h = h * 0x85EBCA6B & MASK
    h ^= h >> 13 & MASK
    h = h * 0xC2B2AE35 & MASK
    h ^= h >> 16 & MASK
    # Never read as numbers, so that the order of their bytes stays what it is.
    return array("I", h.to_bytes(2 * BLOCK, "little"))[::2].tobytes()


def _lanes(values):
    return sum(value << 64 * lane for lane, value in enumerate(values))


LANES = 1024
BLOCK = 4 * LANES
ONES = _lanes([1] * LANES)
COUNTING = _lanes(range(LANES))
# A shift brings bits of the next lane into the upper half of this one.
MASK = _lanes([0xFFFFFFFF] * LANES)
