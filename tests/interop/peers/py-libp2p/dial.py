"""The dialer's part: one connection, one story on it, and what is told of both."""

import sys
import time

from libp2p.host.ping import PingService
from libp2p.peer.peerinfo import info_from_p2p_addr
from multiaddr import Multiaddr
import trio

from node import leave, new_node
from report import report, since, words
from stories import Session


async def dial(address, version, story, number, limit):
    """Connects and plays; false if anything failed."""
    node = new_node(version)
    async with node.run(listen_addrs=[]):
        began = time.perf_counter()
        try:
            with trio.fail_after(limit):
                session = await _connect(node, address)
        except Exception as error:
            report("error", step="dial", message=_why(error))
            return False
        report("connected", peer=str(session.peer), version=version, ms=since(began))

        began = time.perf_counter()
        result = {"ok": True, "message": ""}
        try:
            with trio.fail_after(limit + (number if story == "idle" else 0)):
                result |= await _play(node, session, story, number) or {}
        except Exception as error:
            result |= {"ok": False, "message": _why(error)}
        name = story if number is None else f"{story} {number}"
        report("result", story=name, ms=since(began), **result)
        await leave(node)
        return result["ok"]


async def _connect(node, address):
    info = info_from_p2p_addr(Multiaddr(address))
    await node.connect(info)
    return Session(node, info.peer_id)


async def _play(node, session, story, number):
    """Plays a story; what it returns is added to the result."""
    match story:
        case "dial":
            return None
        case "ping":
            return await _ping(node, session, number)
        case "idle":
            await _ping(node, session, 1)
            await trio.sleep(number)
            return await _ping(node, session, 1)
        case "restart":
            return await _restart(node, session)
    play = getattr(session, story)
    return await (play() if number is None else play(number))


async def _ping(node, session, count):
    return {"rtt_ms": await PingService(node).ping(session.peer, count)}


async def _restart(node, session):
    """Dials the next life of the listener; the first connection stays as it is."""
    await _ping(node, session, 1)
    report("ready")
    address = await trio.to_thread.run_sync(sys.stdin.readline)
    began = time.perf_counter()
    anew = await _connect(node, address.strip())
    dial_ms = since(began)
    await _ping(node, anew, 1)
    return {"dial_ms": dial_ms}


def _why(error):
    return "it took too long" if isinstance(error, trio.TooSlowError) else words(error)
