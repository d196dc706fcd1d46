/**
 * /ipfs/ping/1.0.0: 32 bytes there and back.
 */

import { equal } from './bytes.js'

export const PING = '/ipfs/ping/1.0.0'

/**
 * One round trip on a stream that may be used again.
 *
 * @param {import('./stream.js').Stream} stream
 * @returns {Promise<number>} milliseconds
 */
export async function ping (stream) {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const start = performance.now()
  await stream.write(bytes)
  const answer = await stream.readExactly(bytes.length)
  const took = performance.now() - start
  if (!equal(answer, bytes)) {
    throw new Error('what came back is not what was sent')
  }
  return took
}

/** @param {number[]} values at least one */
export function median (values) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
