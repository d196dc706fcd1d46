// A relay: circuit relay v2 over TCP and WebSockets, with the limits that js-libp2p sets by default, 128 KiB and
// two minutes, so that what is not moved to a direct connection fails.

import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { settings } from './node.js'

/** Relays until the process is told to end. */
export async function relay ({ ip }, say) {
  const own = settings()
  const node = await createLibp2p({
    ...own,
    addresses: { listen: [`/ip4/${ip}/tcp/0`, `/ip4/${ip}/tcp/0/ws`] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { ...own.services, relay: circuitRelayServer() }
  })
  say({ event: 'listening', addrs: node.getMultiaddrs().map(address => address.toString()) })
  return node
}
