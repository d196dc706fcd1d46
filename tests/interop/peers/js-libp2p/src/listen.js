// The listener: ping and identify by js-libp2p itself, the rest by hand, in Node and in a page alike. That a
// page listens takes a relay, see `private.js`; `listen` is Node's.

import { multiaddr } from '@multiformats/multiaddr'
import { Duplex } from './duplex.js'
import { createNode, STREAMS } from './node.js'
import { ECHO, ENDING, LATE, PERF, PORTION, RESET, SOURCE, STOP } from './protocols.js'
import { sha256 } from './sequence.js'

/** Serves until the process is told to end. */
export async function listen ({ listen: address, bench }, say) {
  const node = await createNode({ bench })
  await serve(node)
  // Only now, so that the first dialer finds everything.
  await node.components.transportManager.listen([multiaddr(address)])
  say({ event: 'listening', addr: node.getMultiaddrs()[0].toString() })
  return node
}

/** Has a node serve all that the contract asks for. */
export async function serve (node) {
  for (const [protocol, accept] of Object.entries(SERVED)) {
    await node.handle(protocol, async stream => {
      try {
        await accept(new Duplex(stream))
      } catch (error) {
        // A reset is part of some stories, and what is not is seen by the dialer.
        console.error(`${protocol}: ${error.stack}`)
        stream.abort(error)
      }
    }, { maxInboundStreams: STREAMS, maxOutboundStreams: STREAMS })
  }
}

const SERVED = {
  async [ECHO] (stream) {
    for await (const piece of stream.rest()) {
      await stream.write(piece)
    }
    await stream.end()
  },

  async [PERF] (stream) {
    const question = []
    for await (const piece of stream.take(8)) {
      question.push(...piece)
    }
    for await (const piece of stream.rest()) {
      void piece
    }
    const down = new DataView(Uint8Array.from(question).buffer).getBigUint64(0)
    await stream.writeSequence(Number(down))
    await stream.end()
  },

  async [LATE] (stream) {
    await stream.end()
    await record(stream, Promise.resolve())
  },

  async [SOURCE] (stream) {
    const sent = stream.writeSequence(Number.MAX_SAFE_INTEGER)
    await record(stream, sent.finally(async () => { await stream.end() }))
  },

  async [STOP] (stream) {
    for await (const piece of stream.take(PORTION)) {
      void piece
    }
    await stream.stop()
    await stream.writeSequence(PORTION)
    await stream.end()
  },

  async [RESET] (stream) {
    for await (const piece of stream.take(PORTION)) {
      void piece
    }
    stream.reset()
  },

  async [ENDING] (stream) {
    await stream.write(new TextEncoder().encode(JSON.stringify(await recorded.promise)))
    await stream.end()
  }
}

/** A process serves one dialer and one story, so one record is enough. */
const recorded = Promise.withResolvers()

/** Reads to the end, waits for the writing, and keeps what was seen of both. */
async function record (stream, writing) {
  const pieces = []
  const reading = (async () => {
    for await (const piece of stream.rest()) {
      pieces.push(piece)
    }
  })()
  const [read, written] = await Promise.allSettled([reading, writing])
  recorded.resolve({
    received: pieces.reduce((sum, piece) => sum + piece.length, 0),
    sha256: await sha256(pieces),
    end: read.status === 'fulfilled' ? 'fin' : 'reset',
    stopped: written.status === 'rejected',
    message: read.reason?.message ?? written.reason?.message ?? ''
  })
}
