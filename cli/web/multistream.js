/**
 * multistream-select 1.0: which protocol a stream is for.
 */

import { concat, utf8 } from './bytes.js'
import { decodeVarint, encodeVarint } from './varint.js'

/** The other side does not speak the protocol. */
export class NotSpokenError extends Error {
  /** @param {string} protocol */
  constructor (protocol) {
    super(`the node does not speak ${protocol}`)
    this.name = 'NotSpokenError'
  }
}

/**
 * Agrees with the acceptor of a stream on what it is for.
 *
 * @param {{ write: (bytes: Uint8Array) => Promise<void>, readExactly: (length: number) => Promise<Uint8Array> }} stream
 * @param {string} protocol
 */
export async function select (stream, protocol) {
  // Both lines in one frame: some read them that way only.
  await stream.write(concat(line(HEADER), line(protocol)))
  const header = await readLine(stream)
  if (header !== HEADER) {
    throw new Error(`the node speaks ‘${header.slice(0, 40)}’ where ${HEADER} was expected`)
  }
  const answer = await readLine(stream)
  if (answer === 'na') {
    throw new NotSpokenError(protocol)
  }
  if (answer !== protocol) {
    throw new Error(`the node answered ‘${answer.slice(0, 40)}’ when asked for ${protocol}`)
  }
}

/**
 * A line with its length.
 *
 * @param {string} text
 */
export function line (text) {
  const bytes = utf8(text + '\n')
  return concat(encodeVarint(bytes.length), bytes)
}

/**
 * @param {{ readExactly: (length: number) => Promise<Uint8Array> }} stream
 */
async function readLine (stream) {
  let prefix = new Uint8Array()
  let length
  do {
    prefix = concat(prefix, await stream.readExactly(1))
    length = decodeVarint(prefix)
  } while (length === undefined)
  if (length.value < 1 || length.value > LINE_MAX) {
    throw new Error(`the node sent a line of ${length.value} bytes instead of a protocol`)
  }
  const text = new TextDecoder().decode(await stream.readExactly(length.value))
  if (!text.endsWith('\n')) {
    throw new Error('the node sent something else than the name of a protocol')
  }
  return text.slice(0, -1)
}

const HEADER = '/multistream/1.0.0'
const LINE_MAX = 1024
