"""Bytes over one stream, and two halves of it at once."""

import hashlib

import trio

from sequence import Sequence


class Tally:
    """Counts what came and hashes it."""

    def __init__(self):
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, data):
        self.count += len(data)
        self._hash.update(data)

    def add_sequence(self, count):
        """As if so many bytes of the sequence had come."""
        self.add(Sequence().take(count))

    def sha256(self):
        return self._hash.hexdigest()


async def send(stream, count):
    """Writes `count` bytes of the sequence."""
    sequence = Sequence()
    for sent in range(0, count, PIECE):
        await stream.write(sequence.take(min(PIECE, count - sent)))


async def receive(stream, count):
    """Reads `count` bytes of the sequence and compares each."""
    expected, tally = Sequence(), Tally()
    while tally.count < count:
        data = await stream.read(count - tally.count)
        if not data:
            raise EOFError(f"{tally.count} of {count} bytes came")
        expected.check(data)
        tally.add(data)
    return tally


async def drain(stream, tally):
    """Reads up to the end, into `tally`."""
    while data := await stream.read():
        tally.add(data)


async def count(stream):
    """Counts the bytes up to the end, without looking at them."""
    came = 0
    while data := await stream.read():
        came += len(data)
    return came


async def end(stream):
    """Reads the end, before which nothing more may come."""
    if more := await count(stream):
        raise ValueError(f"{more} bytes came that nobody has sent")


async def both(one, other):
    """Runs two halves to their ends, and gives what each came to: `None` or its error."""
    errors = [None, None]

    async def keep(place, half):
        try:
            await half
        except Exception as error:
            errors[place] = error

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, 0, one)
        nursery.start_soon(keep, 1, other)
    return errors


# A message of py-libp2p carries a little less than 16 KiB.
PIECE = 64 * 1024
