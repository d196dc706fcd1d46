"""A node of py-libp2p that has WebRTC and nothing else."""

from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.transport.webrtc.config import WebRTCTransportConfig
from libp2p.transport.webrtc.transport import WebRTCDirectTransport
import trio

from serve import serve_all

VERSIONS = {"v1": 1, "v2": 2}


def new_node(version="v1"):
    """Has a fresh identity, and dials with `version`: there is no fallback. Its listener takes both."""
    keys = create_new_key_pair()
    config = WebRTCTransportConfig(webrtc_direct_dial_version=VERSIONS[version])
    node = new_host(
        key_pair=keys,
        transports=[WebRTCDirectTransport(private_key=keys.private_key, config=config)],
    )
    serve_all(node)
    return node


async def leave(node):
    """Closes the connections, so that nobody has to find out by timers that this node has gone."""
    with trio.move_on_after(FAREWELL):
        await node.close()


# Seconds.
FAREWELL = 2
