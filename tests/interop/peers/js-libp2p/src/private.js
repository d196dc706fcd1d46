// A node that only a relay makes reachable, for private `/webrtc`: listener and dialer find each other over the
// relay, and what is played is played on the connection that comes of it. Runs in Node and in a page alike;
// `carriers` are the transports to the relay, which is all in which the two differ.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { noise } from '@libp2p/noise'
import { webRTC } from '@libp2p/webrtc'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { dial } from './dial.js'
import { serve } from './listen.js'
import { ALONE, settings } from './node.js'

async function createNode (carriers, limit) {
  return await createLibp2p({
    ...settings({ limit }),
    addresses: { listen: [] },
    transports: [...carriers, circuitRelayTransport(), webRTC({ rtcConfiguration: ALONE })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()]
  })
}

/** Serves behind a relay until the process or the page is ended. */
export async function listen ({ relay, say, carriers }) {
  const node = await createNode(carriers)
  await serve(node)
  const announced = new Promise(resolve => {
    const look = () => {
      const address = node.getMultiaddrs().find(address => isPrivate(address))
      if (address !== undefined) {
        resolve(address.toString())
      }
    }
    // The address of a listener for WebRTC is that of the relay's reservation with `/webrtc` behind it.
    node.addEventListener('self:peer:update', look)
    node.addEventListener('transport:listening', look)
  })
  await node.components.transportManager.listen([multiaddr('/webrtc'), multiaddr(`${relay}/p2p-circuit`)])
  say({ event: 'listening', addr: await announced })
  return node
}

/** Dials over a relay and plays; `false` if anything failed. */
export async function play ({ carriers, ...asked }) {
  return await dial({
    ...asked,
    version: 'private',
    create: async limit => await createNode(carriers, limit),
    prove: connection => {
      // Streams of a story must not be carried by the relay: that is the connection with limits.
      if (!isPrivate(connection.remoteAddr) || connection.limits != null || !connection.direct) {
        throw new Error(`${connection.remoteAddr} is not a direct connection`)
      }
    }
  })
}

function isPrivate (address) {
  const names = address.getComponents().map(({ name }) => name)
  return names.includes('p2p-circuit') && names.includes('webrtc')
}
