"""
What is said of py-libp2p and aiortc in `../../README.md` under "Known defects of py-libp2p", as far as it can be
proven without a network. When a new release mends one, its test fails, and the excuse for it has to go.
"""

import unittest

from aiortc.rtcsctptransport import DataChunk, InboundStream
from libp2p.network.stream.net_stream import NetStream
from libp2p.transport.webrtc.connection import WebRTCConnection
from libp2p.transport.webrtc.exceptions import WebRTCStreamError
from libp2p.transport.webrtc.pb.webrtc_pb2 import Message
from libp2p.transport.webrtc.stream import WebRTCStream, _frame
from libp2p.peer.id import ID
import trio
import trio.testing


class Defects(unittest.TestCase):
    def test_a_message_is_thrown_away_when_sixty_four_are_unread(self):
        async def feed():
            stream = quiet_stream()
            for number in range(65):
                stream.on_data(_frame(Message(message=bytes([number]))))
            stream.on_data(_frame(Message(flag=Message.FIN)))
            read = b""
            with self.assertRaises(WebRTCStreamError):
                while True:
                    read += await stream.read()
            return read

        self.assertEqual(trio.run(feed), bytes(range(64)))

    def test_a_complete_message_stays_behind_if_another_stream_sent_between(self):
        # TSN 2 is another stream's, and TSN 1 comes late; nothing more comes on this stream.
        inbound = InboundStream()
        inbound.add_chunk(message(tsn=3, number=1))
        self.assertEqual(list(inbound.pop_messages()), [])
        inbound.add_chunk(message(tsn=1, number=0))
        self.assertEqual([data for _, _, data in inbound.pop_messages()], [b"message 0"])
        self.assertEqual([data for _, _, data in inbound.pop_messages()], [b"message 1"])

    def test_what_comes_right_after_the_opening_is_thrown_away(self):
        async def open_one():
            connection = WebRTCConnection(ID(b"somebody"), Bridge(), is_initiator=True)

            async def create(channel, _):
                # The peer accepts and speaks before the thread of trio has been told.
                connection.on_channel_message(channel, _frame(Message(message=b"early")))

            connection._create_channel_cb = create
            stream = await connection.open_stream()
            with trio.move_on_after(0.1):
                return await stream.read()

        self.assertIsNone(trio.run(open_one))

    def test_a_reader_that_waits_takes_a_reset_for_the_end(self):
        async def wait():
            stream = quiet_stream()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(reset_soon, stream)
                with self.assertRaisesRegex(WebRTCStreamError, "closed by remote"):
                    await stream.read()
            with self.assertRaisesRegex(WebRTCStreamError, "was reset"):
                await stream.read()

        async def reset_soon(stream):
            await trio.testing.wait_all_tasks_blocked()
            stream.on_data(_frame(Message(flag=Message.RESET)))

        trio.run(wait)

    def test_closing_the_write_half_of_a_net_stream_closes_the_other_too(self):
        async def close():
            sent = []
            stream = quiet_stream()

            async def answer(frame):
                sent.append(frame)
                stream.on_data(_frame(Message(flag=Message.FIN_ACK)))

            stream._send_callback = answer
            await NetStream(stream, None, None).close_write()
            stream.on_data(_frame(Message(message=b"the answer")))
            with self.assertRaises(WebRTCStreamError):
                await stream.read()

        trio.run(close)


class Bridge:
    """Stands for the thread of asyncio."""

    is_running = False

    async def run_coro(self, coroutine):
        return await coroutine


class Nobody:
    """A connection that sends nothing."""


def quiet_stream():
    return WebRTCStream(Nobody(), channel_id=2, is_initiator=True)


def message(tsn, number):
    """One message in one chunk."""
    chunk = DataChunk(flags=3)
    chunk.tsn, chunk.stream_id, chunk.stream_seq = tsn, 2, number
    chunk.protocol, chunk.user_data = 53, b"message %d" % number
    return chunk


if __name__ == "__main__":
    unittest.main()
