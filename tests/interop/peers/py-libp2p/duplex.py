"""
A stream of py-libp2p as the stories need it: an end that is no error, and two halves.

NetStream, which an application is given, cannot do it: the peer's end puts it into a state in which it refuses
to write, its `close_write()` closes both directions, and its `close_read()` tells the peer nothing. So this takes
the stream of the transport below it, whose `close()` does one half after the other. The two halves have names
that begin with an underscore; they are all that is touched of py-libp2p's own affairs, here and nowhere else.
"""

from libp2p.transport.webrtc.exceptions import WebRTCStreamError
import trio


class Duplex:
    def __init__(self, stream):
        self._net_stream = stream
        self._stream = stream.muxed_stream

    async def read(self, count=None):
        """Up to `count` bytes, or all that one message brought; nothing at the end."""
        try:
            return await self._stream.read(count)
        except WebRTCStreamError:
            pass
        # A reader that waits is woken by RESET as by the end; only who reads again is told.
        try:
            return await self._stream.read(count)
        except WebRTCStreamError as error:
            if "reset" in str(error):
                raise
            return b""

    async def write(self, data):
        await self._stream.write(data)

    async def end(self):
        """Ends the write half (FIN) and waits a second for the answer, which some peers never give."""
        with trio.move_on_after(FIN_ACK):
            await self._stream._close_write()

    def stop(self):
        """Asks the peer to send no more (STOP_SENDING)."""
        self._stream._close_read_side()

    async def reset(self):
        """Ends both directions at once (RESET)."""
        await self._net_stream.reset()

    async def close(self):
        """Forgets a stream whose halves are both done."""
        await self._net_stream.close()


# Seconds.
FIN_ACK = 1
