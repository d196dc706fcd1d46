"""The listener's part: ping and identify by py-libp2p itself, the rest by hand."""

import json
import sys
import traceback

import trio

from duplex import Duplex
from protocols import ECHO, ENDING, LATE, PERF, PORTION, RESET, SOURCE, STOP
from report import words
import transfer


def serve_all(node):
    for protocol, serve in SERVED.items():
        node.set_stream_handler(protocol, _handler(protocol, serve))


def _handler(protocol, serve):
    async def handle(net_stream):
        stream = Duplex(net_stream)
        try:
            await serve(stream)
            await stream.close()
        except Exception:
            # A reset is part of some stories, and what is not is seen by the dialer.
            print(f"{protocol}: {traceback.format_exc()}", file=sys.stderr)
            await stream.reset()

    return handle


async def _echo(stream):
    while data := await stream.read():
        await stream.write(data)
    await stream.end()


async def _perf(stream):
    question = b""
    while len(question) < 8:
        if not (data := await stream.read(8 - len(question))):
            raise EOFError("the question ended early")
        question += data
    await transfer.count(stream)
    await transfer.send(stream, int.from_bytes(question, "big"))
    await stream.end()


async def _late(stream):
    """Ends first and then reads."""
    tally = transfer.Tally()
    read, _ = await transfer.both(transfer.drain(stream, tally), stream.end())
    _record(tally, read, None)


async def _source(stream):
    tally = transfer.Tally()
    read, written = await transfer.both(
        transfer.drain(stream, tally), transfer.send(stream, ENDLESS)
    )
    _record(tally, read, written)


async def _stop(stream):
    await transfer.receive(stream, PORTION)
    stream.stop()
    await transfer.send(stream, PORTION)
    await stream.end()


async def _reset(stream):
    await transfer.receive(stream, PORTION)
    await stream.reset()


async def _ending(stream):
    await _recorded.wait()
    await stream.write(json.dumps(_told).encode())
    await stream.end()


SERVED = {
    ECHO: _echo,
    PERF: _perf,
    LATE: _late,
    SOURCE: _source,
    STOP: _stop,
    RESET: _reset,
    ENDING: _ending,
}

# A process serves one dialer and one story, so one record is enough.
_recorded = trio.Event()
_told = {}


def _record(tally, read, written):
    error = read or written
    _told.update(
        received=tally.count,
        sha256=tally.sha256(),
        end="fin" if read is None else "reset",
        stopped=written is not None,
        message="" if error is None else words(error),
    )
    # Also for the runner, who shows it when a case fails.
    print(f"recorded: {_told}", file=sys.stderr)
    _recorded.set()


ENDLESS = 1 << 62
