"""The stories that are played over streams (`../../README.md`, "What a dialer plays")."""

import json
import time

from libp2p.crypto.serialization import deserialize_public_key
from libp2p.identity.identify import ID as IDENTIFY
from libp2p.identity.identify.identify import parse_identify_response
from libp2p.peer.id import ID
import trio

from duplex import Duplex
from protocols import ECHO, ENDING, LATE, PERF, PORTION, RESET, SOURCE, STOP
from report import since, words
import transfer


class Session:
    """One peer that is connected; its methods are the stories, and return what is added to the result."""

    def __init__(self, node, peer):
        self._node = node
        self.peer = peer

    async def open(self, protocol):
        return Duplex(await self._node.new_stream(self.peer, [protocol]))

    async def identify(self):
        stream = await self.open(IDENTIFY)
        told = b""
        while data := await stream.read():
            told += data
        await stream.close()
        told = parse_identify_response(told)
        named = ID.from_pubkey(deserialize_public_key(told.public_key))
        if named != self.peer:
            raise ValueError(f"identify names {named}, Noise proved {self.peer}")
        for served in (ECHO, PERF):
            if served not in told.protocols:
                raise ValueError(f"identify does not list {served}")
        return {"agent": told.agent_version}

    async def echo(self, count):
        tally = await exchange(await self.open(ECHO), count)
        return {"sha256": tally.sha256()}

    async def bigframes(self):
        # py-libp2p fills every message to nearly 16 KiB if it has the bytes.
        await self.echo(1024 * 1024)

    async def halfclose(self):
        stream = await self.open(ECHO)
        await transfer.send(stream, SMALL)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.end)
            await transfer.receive(stream, SMALL)
            await transfer.end(stream)
        await stream.close()

    async def latewrite(self, count):
        stream = await self.open(LATE)
        await transfer.end(stream)
        await transfer.send(stream, count)
        await stream.end()
        received(await self.ending(), count)

    async def stopsending(self):
        stream = await self.open(SOURCE)
        await transfer.receive(stream, PORTION)
        stream.stop()
        await transfer.send(stream, PORTION)
        await stream.end()
        record = await self.ending()
        received(record, PORTION)
        if not record["stopped"]:
            raise ValueError(f"the peer did not stop sending: {record}")

    async def peerstops(self):
        stream = await self.open(STOP)

        async def read():
            await transfer.receive(stream, PORTION)
            await transfer.end(stream)

        reading, writing = await transfer.both(read(), transfer.send(stream, ENOUGH))
        if reading is not None:
            raise reading
        if writing is None:
            raise ValueError("the peer took everything, though it should have stopped us")
        return {"write_error": words(writing)}

    async def reset(self):
        stream = await self.open(SOURCE)
        await transfer.receive(stream, PORTION)
        await stream.reset()
        record = await self.ending()
        if record["end"] != "reset" or not record["stopped"]:
            raise ValueError(f"the peer saw no reset: {record}")
        await self.echo(1024)

    async def peerresets(self):
        stream = await self.open(RESET)
        reading, writing = await transfer.both(
            transfer.count(stream), transfer.send(stream, ENOUGH)
        )
        if reading is None:
            raise ValueError("reading found the end instead of a reset")
        if writing is None:
            raise ValueError("the peer took everything, though it should have reset")
        await self.echo(1024)
        return {"read_error": words(reading), "write_error": words(writing)}

    async def up(self, count):
        await self.perf(count, 0)

    async def down(self, count):
        await self.perf(0, count)

    async def both(self, count):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.perf, count, 0)
            nursery.start_soon(self.perf, 0, count)

    async def perf(self, up, down):
        stream = await self.open(PERF)

        async def write():
            await stream.write(down.to_bytes(8, "big"))
            await transfer.send(stream, up)
            await stream.end()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            exactly(await transfer.count(stream), down)
        await stream.close()

    async def streams(self, count):
        for number in range(count):
            try:
                await self.echo(SMALL)
            except Exception as error:
                raise RuntimeError(f"stream {number} of {count}") from error

    async def parallel(self, count):
        streams = []

        async def open_one():
            streams.append(await self.open(ECHO))

        # All are open before the first is used.
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(open_one)
        async with trio.open_nursery() as nursery:
            for stream in streams:
                nursery.start_soon(exchange, stream, SMALL)

    async def slowreader(self, count):
        stream = await self.open(PERF)
        await stream.write(count.to_bytes(8, "big"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.end)
            began = time.perf_counter()
            await self.echo(SMALL)
            other_ms = since(began)
            exactly(await transfer.count(stream), count)
        await stream.close()
        return {"other_ms": other_ms}

    async def ending(self):
        """How the peer saw the recorded stream end."""
        stream = await self.open(ENDING)
        told = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.end)
            while data := await stream.read():
                told += data
        await stream.close()
        return json.loads(told)


async def exchange(stream, count):
    """Plays an echo: reads everything back before the write half is ended."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer.send, stream, count)
        tally = await transfer.receive(stream, count)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.end)
        await transfer.end(stream)
    await stream.close()
    return tally


def received(record, count):
    """The peer has all bytes and the end behind them."""
    expected = transfer.Tally()
    expected.add_sequence(count)
    if (record["received"], record["sha256"], record["end"]) != (count, expected.sha256(), "fin"):
        raise ValueError(f"the peer should have {count} bytes and the end: {record}")


def exactly(came, wanted):
    if came != wanted:
        raise EOFError(f"{came} bytes came where {wanted} should have")


# What a stream carries when the number of streams is the point.
SMALL = 10 * 1024
# What nobody takes who was told to stop.
ENOUGH = 64 * 1024 * 1024
