// The stories that are played over streams (`../../../README.md`, "What a dialer plays").

import { Duplex } from './duplex.js'
import { STREAMS } from './node.js'
import { ECHO, ENDING, LATE, PERF, PORTION, RESET, SOURCE, STOP } from './protocols.js'
import { Sequence, sha256 } from './sequence.js'

/** Plays one; what it returns is added to the result. */
export async function play (story, connection, number) {
  return await STORIES[story](connection, number) ?? {}
}

/** Judges what identify told. */
export function identified ({ peerId, protocols, agentVersion }, connection) {
  if (!peerId.equals(connection.remotePeer)) {
    throw new Error(`identify names ${peerId}, Noise proved ${connection.remotePeer}`)
  }
  for (const served of [ECHO, PERF]) {
    if (!protocols.includes(served)) {
      throw new Error(`identify does not list ${served}`)
    }
  }
  return { agent: agentVersion }
}

const STORIES = {
  async echo (connection, bytes) {
    const began = performance.now()
    const pieces = await echo(connection, bytes)
    const ms = performance.now() - began
    return { sha256: await sha256(pieces), ms }
  },

  // js-libp2p fills every message to 16 KiB if it has the bytes.
  async bigframes (connection) {
    await echo(connection, 1024 * 1024)
  },

  async halfclose (connection) {
    const stream = await open(connection, ECHO)
    await stream.writeSequence(SMALL)
    const ended = stream.end()
    await check(stream.take(SMALL))
    await nothing(stream)
    await ended
  },

  async latewrite (connection, bytes) {
    const stream = await open(connection, LATE)
    await nothing(stream)
    await stream.writeSequence(bytes)
    await stream.end()
    await received(await ending(connection), bytes)
  },

  async stopsending (connection) {
    const stream = await open(connection, SOURCE)
    await check(stream.take(PORTION))
    await stream.stop()
    await stream.writeSequence(PORTION)
    await stream.end()
    const record = await ending(connection)
    await received(record, PORTION)
    if (record.stopped !== true) {
      throw new Error(`the peer did not stop sending: ${JSON.stringify(record)}`)
    }
  },

  async peerstops (connection) {
    const stream = await open(connection, STOP)
    const read = check(stream.take(PORTION)).then(async () => { await nothing(stream) })
    const [reading, writing] = await Promise.allSettled([read, stream.writeSequence(ENOUGH)])
    if (reading.status === 'rejected') {
      throw reading.reason
    }
    if (writing.status === 'fulfilled') {
      throw new Error('the peer took everything, though it should have stopped us')
    }
    return { write_error: writing.reason.message }
  },

  async reset (connection) {
    const stream = await open(connection, SOURCE)
    await check(stream.take(PORTION))
    stream.reset()
    const record = await ending(connection)
    if (record.end !== 'reset' || record.stopped !== true) {
      throw new Error(`the peer saw no reset: ${JSON.stringify(record)}`)
    }
    await echo(connection, 1024)
  },

  async peerresets (connection) {
    const stream = await open(connection, RESET)
    const [reading, writing] =
      await Promise.allSettled([count(stream.rest()), stream.writeSequence(ENOUGH)])
    if (reading.status === 'fulfilled') {
      throw new Error('reading found the end instead of a reset')
    }
    if (writing.status === 'fulfilled') {
      throw new Error('the peer took everything, though it should have reset')
    }
    await echo(connection, 1024)
    return { read_error: reading.reason.message, write_error: writing.reason.message }
  },

  async up (connection, bytes) {
    await perf(connection, bytes, 0)
  },

  async down (connection, bytes) {
    await perf(connection, 0, bytes)
  },

  async both (connection, bytes) {
    await Promise.all([perf(connection, bytes, 0), perf(connection, 0, bytes)])
  },

  async streams (connection, number) {
    for (let stream = 0; stream < number; stream++) {
      await echo(connection, SMALL).catch(error => {
        throw new Error(`stream ${stream} of ${number}: ${error.message}`, { cause: error })
      })
    }
  },

  async parallel (connection, number) {
    const opening = Array.from({ length: number }, async () => await open(connection, ECHO))
    const streams = await Promise.all(opening)
    await Promise.all(streams.map(async stream => await echoOn(stream, SMALL)))
  },

  async slowreader (connection, bytes) {
    const stream = await open(connection, PERF)
    await stream.write(u64(bytes))
    const ended = stream.end()
    const began = performance.now()
    await echo(connection, SMALL)
    const other_ms = performance.now() - began
    exactly(await count(stream.rest()), bytes)
    await ended
    return { other_ms }
  }
}

async function open (connection, protocol) {
  return new Duplex(await connection.newStream(protocol, { maxOutboundStreams: STREAMS }))
}

/** The bytes that came back. */
async function echo (connection, bytes) {
  return await echoOn(await open(connection, ECHO), bytes)
}

/** Reads everything back before the write half is ended. */
async function echoOn (stream, bytes) {
  const [pieces] = await Promise.all([check(stream.take(bytes)), stream.writeSequence(bytes)])
  const ended = stream.end()
  await nothing(stream)
  await ended
  return pieces
}

async function perf (connection, up, down) {
  const stream = await open(connection, PERF)
  const write = async () => {
    await stream.write(u64(down))
    await stream.writeSequence(up)
    await stream.end()
  }
  const [got] = await Promise.all([count(stream.rest()), write()])
  exactly(got, down)
}

/** How the peer saw the recorded stream end. */
async function ending (connection) {
  const stream = await open(connection, ENDING)
  const ended = stream.end()
  const pieces = []
  for await (const piece of stream.rest()) {
    pieces.push(piece)
  }
  await ended
  return JSON.parse(await new Blob(pieces).text())
}

/** Compares pieces with the sequence and keeps them. */
async function check (pieces) {
  const sequence = new Sequence()
  const kept = []
  for await (const piece of pieces) {
    sequence.check(piece)
    kept.push(piece)
  }
  return kept
}

async function count (pieces) {
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
  }
  return bytes
}

/** Waits for the end, before which nothing may come. */
async function nothing (stream) {
  exactly(await count(stream.rest()), 0)
}

/** The peer has all bytes and the end behind them. */
async function received (record, bytes) {
  const hash = await sha256([new Sequence().take(bytes)])
  if (record.received !== bytes || record.sha256 !== hash || record.end !== 'fin') {
    throw new Error(`the peer should have ${bytes} bytes and the end: ${JSON.stringify(record)}`)
  }
}

function exactly (got, wanted) {
  if (got !== wanted) {
    throw new Error(`${got} bytes came where ${wanted} should have`)
  }
}

function u64 (number) {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return bytes
}

/** What a stream carries when the number of streams is the point. */
const SMALL = 10 * 1024
/** What nobody takes who was told to stop. */
const ENOUGH = 64 * 1024 * 1024
