"""
py-libp2p behind the command line that the interop runner expects of a peer. `../../README.md` has the contract.

It must stay an honest application of py-libp2p: no patched package, no knowledge of floe.
"""

import argparse
import os
import signal
import sys

from multiaddr import Multiaddr
import trio

from dial import dial
from node import VERSIONS, leave, new_node
from report import report

NUMBERED = (
    "ping", "echo", "latewrite", "up", "down", "both", "streams", "parallel", "slowreader", "idle",
)  # fmt: skip
PLAIN = (
    "dial", "identify", "bigframes", "halfclose", "stopsending", "peerstops", "reset", "peerresets",
    "restart",
)  # fmt: skip


def main():
    arguments = _arguments()
    if arguments.command == "listen":
        trio.run(_run, listen, arguments.listen)
    trio.run(
        _run,
        dial,
        arguments.address,
        arguments.version,
        arguments.story,
        arguments.number,
        arguments.timeout,
    )


async def _run(command, *arguments):
    """
    Ends the process itself: trio waits for every task, and py-libp2p lets nobody cancel the reset of a stream
    that was never open, which takes thirty seconds when the peer has gone.
    """
    status = 0 if await command(*arguments) else 1
    sys.stderr.flush()
    os._exit(status)


async def listen(address):
    """Serves until SIGTERM or SIGINT."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        node = new_node()
        async with node.run(listen_addrs=[Multiaddr(address)]):
            if not (addresses := node.get_addrs()):
                report("error", step="listen", message=f"nobody listens on {address}")
                return False
            report("listening", addr=str(addresses[0]))
            await anext(signals)
            await leave(node)
    return True


def _arguments():
    parser = argparse.ArgumentParser(prog="peer-py-libp2p")
    commands = parser.add_subparsers(dest="command", required=True)
    listener = commands.add_parser("listen")
    listener.add_argument("--listen", default="/ip4/127.0.0.1/udp/0/webrtc-direct")
    dialer = commands.add_parser("dial")
    dialer.add_argument("--version", choices=VERSIONS, default="v1")
    dialer.add_argument("--timeout", type=int, default=60)
    dialer.add_argument("address")
    dialer.add_argument("story", choices=NUMBERED + PLAIN)
    dialer.add_argument("number", type=int, nargs="?")
    for command in (listener, dialer):
        command.add_argument("--json", action="store_true", help="accepted: the output is always JSON")
    arguments = parser.parse_args()
    if arguments.command == "dial" and (arguments.story in NUMBERED) != (arguments.number is not None):
        dialer.error(f"the story {arguments.story} has another number of numbers")
    return arguments


if __name__ == "__main__":
    main()
