"""`python3 -m unittest` in this folder."""

import hashlib
import unittest

from sequence import BLOCK, Sequence


class TheSequence(unittest.TestCase):
    def test_it_begins_as_the_contract_says(self):
        self.assertEqual(Sequence().take(16).hex(), "0e2fca92f3e3d63ccc7d141bbf1d084c")
        self.assertEqual(
            hashlib.sha256(Sequence().take(1024)).hexdigest(),
            "a22a86d95bc18405f68ed5a0254053fb83df32ac0cf750910e741540c9f0ee96",
        )

    def test_it_is_the_same_however_it_is_cut(self):
        whole = Sequence().take(3 * BLOCK + 5)
        for length in (1, 3, 1000, BLOCK - 1, BLOCK, BLOCK + 1):
            sequence = Sequence()
            cut = b"".join(sequence.take(length) for _ in range(-(-len(whole) // length)))
            self.assertEqual(cut[: len(whole)], whole, length)

    def test_the_millionth_word_is_mixed_like_the_first(self):
        sequence = Sequence()
        sequence.take(4_000_000)
        self.assertEqual(sequence.take(4), mixed(1_000_000).to_bytes(4, "little"))

    def test_a_lost_byte_is_seen_where_it_is_missing(self):
        whole = Sequence().take(1000)
        Sequence().check(whole)
        with self.assertRaisesRegex(ValueError, "byte 500 "):
            Sequence().check(whole[:500] + whole[501:])


def mixed(word):
    """As the contract writes it."""
    h = (word + 1) * 0x9E3779B9 & 0xFFFFFFFF
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


if __name__ == "__main__":
    unittest.main()
