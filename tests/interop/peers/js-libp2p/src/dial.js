// The dialer's part: one connection, one story on it, and what is told of both. Runs in Node and in a
// page alike; `say` takes an event, `hear` resolves to a line of standard input.

import { multiaddr } from '@multiformats/multiaddr'
import * as stories from './stories.js'

/**
 * Connects and plays; `false` if anything failed. `create` makes the node of which a dial may take so many
 * milliseconds, `prove` throws if a connection is not of the kind that was asked for.
 */
export async function dial ({ create, prove = () => {}, address, version, story, number, timeout, say, hear }) {
  const limit = timeout * 1000
  const node = await create(limit)
  const identified = identifying(node)
  const connect = async to => {
    const connection = await node.dial(multiaddr(to), { signal: AbortSignal.timeout(limit) })
    prove(connection)
    return connection
  }
  try {
    let began = performance.now()
    let connection
    try {
      connection = await within(limit, connect(address))
    } catch (error) {
      say({ event: 'error', step: 'dial', message: words(error) })
      return false
    }
    const peer = connection.remotePeer.toString()
    say({ event: 'connected', peer, version, ms: since(began) })

    began = performance.now()
    const result = { event: 'result', story, ok: true, message: '' }
    try {
      const allowed = limit + (story === 'idle' ? number * 1000 : 0)
      const playing = play({ node, connection, identified, connect, story, number, say, hear })
      Object.assign(result, await within(allowed, playing))
    } catch (error) {
      Object.assign(result, { ok: false, message: words(error) })
    }
    result.ms ??= since(began)
    say(result)
    return result.ok
  } finally {
    // A stream without a FIN_ACK would keep it for ten seconds.
    await Promise.race([node.stop(), delay(FAREWELL)])
  }
}

/**
 * js-libp2p asks by itself as soon as there is a connection, also one that only leads to the one that was asked
 * for: so what was told is kept by the connection.
 */
function identifying (node) {
  const told = new Map()
  const of = connection => {
    if (!told.has(connection.id)) {
      told.set(connection.id, Promise.withResolvers())
    }
    return told.get(connection.id)
  }
  node.addEventListener('peer:identify', ({ detail }) => { of(detail.connection).resolve(detail) })
  return async connection => await of(connection).promise
}

/** Plays a story; what it returns is added to the result. */
async function play ({ node, connection, identified, connect, story, number, say, hear }) {
  const pings = async (to, count) => {
    const rtt_ms = []
    for (let ping = 0; ping < count; ping++) {
      rtt_ms.push(await node.services.ping.ping(to.remotePeer))
    }
    return { rtt_ms }
  }
  switch (story) {
    case 'dial':
      return {}
    case 'ping':
      return await pings(connection, number)
    case 'identify':
      return stories.identified(await identified(connection), connection)
    case 'idle':
      await pings(connection, 1)
      await delay(number * 1000)
      return await pings(connection, 1)
    case 'restart': {
      await pings(connection, 1)
      say({ event: 'ready' })
      const again = await hear()
      const began = performance.now()
      const anew = await connect(again)
      const dial_ms = since(began)
      await pings(anew, 1)
      return { dial_ms }
    }
    default:
      return await stories.play(story, connection, number)
  }
}

/** An error and what it is made of, in a line. */
export function words (error) {
  const causes = error.errors ?? (error.cause === undefined ? [] : [error.cause])
  // js-libp2p gives the bare event of a data channel for an error.
  const own = error.message === undefined ? `${error.type ?? error}` : `${error.name}: ${error.message}`
  return [own, ...causes.map(words)].join('; ')
}

async function within (limit, promise) {
  const late = delay(limit).then(() => { throw new Error('it took too long') })
  // Whichever comes second must not be an unhandled rejection.
  late.catch(() => {})
  promise.catch(() => {})
  return await Promise.race([promise, late])
}

async function delay (ms) {
  await new Promise(resolve => setTimeout(resolve, ms))
}

/** Milliseconds, to a tenth of a microsecond. */
function since (began) {
  return Math.round((performance.now() - began) * 1e4) / 1e4
}

const FAREWELL = 2000
