// The js-libp2p node, with the settings that an application on a private network needs and no others. What
// the nodes of `private.js` share with it is `settings`.

import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { webRTCDirect } from '@libp2p/webrtc'
import { createLibp2p } from 'libp2p'

/**
 * `listen` are multiaddrs; `version` is what the dialer uses, 1 as published or 2 as `v2.patch` says;
 * `limit` are the milliseconds that a dial may take. With `bench` nothing happens that was not asked for, and
 * no limit stands against the hundreds that come from one address.
 */
export async function createNode ({ listen = [], version = 1, limit = 10_000, bench = false } = {}) {
  return await createLibp2p({
    ...settings({ limit, bench }),
    addresses: { listen },
    transports: [webRTCDirect({ version, rtcConfiguration: ALONE })]
  })
}

/** What every node has, whatever carries it. */
export function settings ({ limit = 10_000, bench = false } = {}) {
  return {
    // Browsers refuse private addresses otherwise.
    connectionGater: { denyDialMultiaddr: () => false },
    // It would ping now and then, and silence is a story.
    connectionMonitor: { enabled: false },
    connectionManager: { dialTimeout: limit, addressDialTimeout: limit, ...(bench ? NO_LIMITS : {}) },
    services: {
      ...(bench ? {} : { identify: identify() }),
      // A ping whose FIN_ACK is still on its way counts as an open stream, and one is the default.
      ping: ping({ maxInboundStreams: STREAMS, maxOutboundStreams: STREAMS })
    }
  }
}

/** Without this it would ask public STUN servers, which a test has nothing to say to. */
export const ALONE = { iceServers: [] }

/** More than any story has open at once. */
export const STREAMS = 4096

/** The usual ones are 5 connections a second from one address, and 300 at all. */
const NO_LIMITS = {
  inboundConnectionThreshold: Infinity,
  maxConnections: Infinity,
  maxIncomingPendingConnections: Infinity
}
