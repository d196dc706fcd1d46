// A dialer that is measured (`../../../README.md`, "What a measured dialer does"): it prepares, says `begin`,
// waits for a line, works, says `end`, and stays as it is until the next line. Node only.

import { parseArgs } from 'node:util'
import { multiaddr } from '@multiformats/multiaddr'
import { words } from './dial.js'
import { Duplex } from './duplex.js'
import { Meter } from './meter.js'
import { createNode, STREAMS } from './node.js'
import { ECHO, PERF } from './protocols.js'
import { say } from './report.js'

/** Runs `bench ADDRESS WORK …`; says an error and returns `false` if that fails. */
export async function bench (line) {
  try {
    const work = parse(line)
    await WORKS[work.kind](work)
    return true
  } catch (error) {
    say({ event: 'error', step: 'bench', message: words(error) })
    return false
  }
}

function parse (args) {
  const number = fallback => ({ type: 'string', default: String(fallback) })
  const { values, positionals: [address, kind] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      version: { type: 'string', default: 'v1' },
      connections: number(1),
      streams: number(1),
      write: number(16 * 1024),
      bytes: { type: 'string' },
      seconds: number(60),
      count: number(Number.MAX_SAFE_INTEGER),
      'at-once': number(1),
      both: { type: 'boolean', default: false },
      load: { type: 'boolean', default: false }
    }
  })
  if (!Object.hasOwn(WORKS, kind ?? '')) {
    throw new Error(`there is no work ${kind}`)
  }
  const { version, both, load, bytes } = values
  const [connections, streams, write, seconds, count, atOnce] =
    ['connections', 'streams', 'write', 'seconds', 'count', 'at-once'].map(name => Number(values[name]))
  return {
    kind, to: multiaddr(address), version, connections, streams, write, seconds, count, atOnce, both, load,
    bytes: bytes === undefined ? undefined : Number(bytes)
  }
}

const WORKS = {
  /** Sends on all streams of all connections; the time ends when the peer has read everything. */
  async bulk (work) {
    const connections = await connected(work, work.connections)
    const opened = []
    for (const connection of connections) {
      const streams = Array.from({ length: work.streams }, async () => await openBulk(connection, work.both))
      opened.push(await Promise.all(streams))
    }
    const meter = await Meter.begin(work)
    const each = await Promise.all(opened.map(async streams => {
      const sent = await Promise.all(streams.map(async stream => await send(stream, work, meter)))
      return { sent: sent.reduce((sum, bytes) => sum + bytes, 0), ms: meter.elapsed() }
    }))
    await meter.end({ bytes: each.reduce((sum, { sent }) => sum + sent, 0), each_ms: each.map(({ ms }) => ms) })
  },

  /** Opens a stream each, sends, ends its half, and reads what comes back to the end. */
  async requests (work) {
    const [connection] = await connected(work, 1)
    const payload = new Uint8Array(work.bytes ?? 100).fill(0x5a)
    const request = async () => {
      const stream = await open(connection, ECHO)
      if (payload.length > 0) {
        await stream.write(payload)
      }
      const ended = stream.end()
      exactly(await count(stream), payload.length)
      // The acknowledgement of the end may come when it likes.
      ended.catch(() => {})
    }
    await latencies(work, connection, request)
  },

  /** Round trips on one stream that stays open. */
  async pings (work) {
    const [connection] = await connected(work, 1)
    const stream = await open(connection, ECHO)
    const payload = new Uint8Array(32).fill(0x5a)
    await latencies(work, connection, async () => {
      await stream.write(payload)
      for await (const piece of stream.take(payload.length)) {
        void piece
      }
    })
  },

  /** Dials, each from a node of its own that was there before. */
  async dials (work) {
    const nodes = await prepared(work, work.count)
    const meter = await Meter.begin(work)
    await meter.end(await meter.each(nodes, work.atOnce, async node => await node.dial(work.to)))
  },

  /** Keeps idle connections, or idle streams on them that have carried a byte there and back. */
  async hold (work) {
    if (work.streams === 0) {
      const [first, ...nodes] = await prepared(work, work.connections + 1)
      await first.dial(work.to)
      const meter = await Meter.begin(work)
      await meter.end(await meter.each(nodes, AT_ONCE, async node => await node.dial(work.to)))
      return
    }
    const connections = await connected(work, work.connections)
    const inTurn = Array.from({ length: work.streams }, () => connections).flat()
    const meter = await Meter.begin(work)
    await meter.end(await meter.each(inTurn, AT_ONCE, async connection => {
      const stream = await open(connection, ECHO)
      await stream.write(Uint8Array.of(1))
      for await (const piece of stream.take(1)) {
        void piece
      }
    }))
  }
}

/** Repeats what was done once, with or without a load beside. */
async function latencies (work, connection, piece) {
  await piece()
  let over = false
  let loaded = Promise.resolve()
  if (work.load) {
    const stream = await openBulk(connection, false)
    const bytes = new Uint8Array(work.write)
    loaded = (async () => {
      while (!over) {
        await stream.write(bytes)
      }
    })()
    // Whether it broke is asked at the end.
    loaded.catch(() => {})
  }
  const meter = await Meter.begin(work)
  const count = { * [Symbol.iterator] () { for (let left = work.count; left > 0; left--) yield left } }
  await meter.end(await meter.each(count, work.atOnce, piece))
  over = true
  await loaded
}

/** A stream that the acceptor reads to its end, or whose every byte it sends back. */
async function openBulk (connection, both) {
  const stream = await open(connection, both ? ECHO : PERF)
  if (!both) {
    await stream.write(new Uint8Array(8))
  }
  return stream
}

async function send (stream, work, meter) {
  const bytes = new Uint8Array(work.write).fill(0x5a)
  let sent = 0
  const write = async () => {
    // `write` need not wait, and without that nobody would ever read.
    for (let turn = 0; (work.bytes === undefined || sent < work.bytes) && !meter.isLate(); turn++) {
      await stream.write(bytes)
      sent += bytes.length
      if (turn % TURN === 0) {
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    await stream.end()
  }
  const [back] = await Promise.all([count(stream), write()])
  exactly(back, work.both ? sent : 0)
  return sent
}

async function open (connection, protocol) {
  return new Duplex(await connection.newStream(protocol, { maxOutboundStreams: STREAMS }))
}

async function count (stream) {
  let bytes = 0
  for await (const piece of stream.rest()) {
    bytes += piece.length
  }
  return bytes
}

function exactly (got, wanted) {
  if (got !== wanted) {
    throw new Error(`${got} bytes came where ${wanted} should have`)
  }
}

/** Nodes that have not dialed yet: a node that dials a peer twice gets the connection that it has. */
async function prepared ({ version }, count) {
  const nodes = []
  for (let node = 0; node < count; node++) {
    nodes.push(await createNode({ version: version === 'v2' ? 2 : 1, bench: true }))
  }
  return nodes
}

async function connected (work, count) {
  const nodes = await prepared(work, count)
  const connections = []
  while (connections.length < count) {
    const some = nodes.slice(connections.length, connections.length + AT_ONCE)
    connections.push(...await Promise.all(some.map(async node => await node.dial(work.to))))
  }
  return connections
}

/** How many are under way at once where that is not what is measured. */
const AT_ONCE = 16
/** Writes between two looks at what else there is to do. */
const TURN = 16
