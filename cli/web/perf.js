/**
 * /perf/1.0.0, bytes one way, and /echo/1.0.0, there and back: how fast they go, and that they are all there.
 */

import { concat } from './bytes.js'

export const PERF = '/perf/1.0.0'
export const ECHO = '/echo/1.0.0'

/** @typedef {import('./stream.js').Stream} Stream */
/** @typedef {{ sent: number, received: number }} Progress bytes that were handed to the stream, and that came */

/**
 * Sends so many bytes. It is done when the node says that it has read them to their end.
 *
 * @param {Stream} stream
 * @param {number} length
 * @param {(progress: Progress) => void} progress
 */
export async function upload (stream, length, progress) {
  await stream.write(wanted(0))
  await send(stream, length, () => new Uint8Array(CHUNK), sent => { progress({ sent, received: 0 }) })
  stream.end()
  const unexpected = await stream.read()
  if (unexpected !== undefined) {
    throw new Error('the node sent something back that nobody asked for')
  }
}

/**
 * Receives so many bytes, and no more.
 *
 * @param {Stream} stream
 * @param {number} length
 * @param {(progress: Progress) => void} progress
 */
export async function download (stream, length, progress) {
  await stream.write(wanted(length))
  stream.end()
  let received = 0
  for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read()) {
    received += bytes.length
    if (received > length) {
      break
    }
    progress({ sent: 0, received })
  }
  if (received !== length) {
    throw new Error(`the node sent ${received > length ? 'more than the' : `${received} of the`} ${length} bytes that it was asked for`)
  }
}

/**
 * Sends so many bytes and compares each that comes back.
 *
 * @param {Stream} stream
 * @param {number} length
 * @param {(progress: Progress) => void} progress
 */
export async function echo (stream, length, progress) {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]
  const now = { sent: 0, received: 0 }
  const sending = new Sequence(seed)
  const sent = send(stream, length, () => sending.next(CHUNK), bytes => {
    now.sent = bytes
    progress({ ...now })
  }).then(() => { stream.end() })
  const comparing = new Sequence(seed)
  const received = (async () => {
    for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read()) {
      const expected = comparing.next(bytes.length)
      const wrong = bytes.findIndex((byte, index) => byte !== expected[index])
      if (wrong >= 0) {
        throw new Error(`byte ${now.received + wrong} of the echo is not the one that was sent`)
      }
      now.received += bytes.length
      progress({ ...now })
    }
  })()
  await Promise.all([received, sent])
  if (now.received !== length) {
    throw new Error(`the echo ended after ${now.received} of ${length} bytes`)
  }
}

/**
 * @param {Stream} stream
 * @param {number} length
 * @param {() => Uint8Array} next at least CHUNK bytes
 * @param {(sent: number) => void} progress
 */
async function send (stream, length, next, progress) {
  for (let sent = 0; sent < length; sent += CHUNK) {
    await stream.write(next().subarray(0, length - sent))
    progress(Math.min(length, sent + CHUNK))
  }
}

/**
 * How much the acceptor is to send back.
 *
 * @param {number} length
 */
function wanted (length) {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length))
  return bytes
}

/** Bytes that depend on nothing but a seed (xorshift), so that none of them can be lost or exchanged unseen. */
export class Sequence {
  #state
  #rest = new Uint8Array()

  /** @param {number} seed */
  constructor (seed) {
    // Zero is the one number that would stay what it is.
    this.#state = seed === 0 ? 1 : seed
  }

  /**
   * @param {number} length
   * @returns {Uint8Array}
   */
  next (length) {
    const missing = Math.max(0, length - this.#rest.length)
    const words = new Uint32Array(Math.ceil(missing / 4))
    let x = this.#state
    for (let index = 0; index < words.length; index++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      words[index] = x
    }
    this.#state = x
    const bytes = concat(this.#rest, new Uint8Array(words.buffer))
    this.#rest = bytes.slice(length)
    return bytes.subarray(0, length)
  }
}

/** Bytes that are handed to the stream at a time. */
const CHUNK = 64 * 1024
