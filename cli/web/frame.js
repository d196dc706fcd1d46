/**
 * What the messages of a data channel mean: each frame is a length and a protobuf with a flag, a payload, or
 * both. How frames are cut into messages differs between implementations, so a channel is read as one
 * sequence of bytes.
 */

import { concat } from './bytes.js'
import { field, parse } from './protobuf.js'
import { MESSAGE_MAX } from './sdp.js'
import { decodeVarint, encodeVarint } from './varint.js'

/** What a frame can say besides its payload. */
export const Flag = Object.freeze({
  /** There is no more to come. */
  FIN: 0,
  /** What comes is not read any more. */
  STOP_SENDING: 1,
  /** The stream is broken off. */
  RESET: 2,
  /** The FIN has come. */
  FIN_ACK: 3
})

/** @typedef {{ flag?: number, payload?: Uint8Array }} Frame */

/**
 * A frame that says something.
 *
 * @param {number} flag
 */
export function encodeFlag (flag) {
  const body = field(1, flag)
  return concat(encodeVarint(body.length), body)
}

/**
 * A frame that carries something, as the messages to send: a frame of more than 4096 bytes is sent as its
 * length and then the rest, because go-libp2p reads no longer message that begins with a length.
 *
 * @param {Uint8Array} payload of 1 to PAYLOAD_MAX bytes
 */
export function encodePayload (payload) {
  const body = field(2, payload)
  const length = encodeVarint(body.length)
  return length.length + body.length > WHOLE_MAX ? [length, body] : [concat(length, body)]
}

/** Takes messages, gives frames. */
export class Decoder {
  /** @type {Uint8Array[]} */
  #parts = []
  #length = 0

  /**
   * @param {Uint8Array} message
   * @returns {Frame[]} all that are whole now
   */
  push (message) {
    this.#parts.push(message)
    this.#length += message.length
    const frames = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      frames.push(frame)
    }
    return frames
  }

  /** @returns {Frame | undefined} */
  #next () {
    const [first] = this.#parts
    if (first === undefined) {
      return
    }
    // A length is cut over messages only where its bytes are few.
    const start = first.length < LENGTH_MAX ? this.#join() : first
    const length = decodeVarint(start)
    if (length === undefined) {
      return
    }
    if (length.value > BODY_MAX) {
      throw new Error(`a frame of ${length.value} bytes is longer than any that may be sent`)
    }
    const end = length.end + length.value
    if (this.#length < end) {
      return
    }
    const bytes = start.length < end ? this.#join() : start
    this.#length -= end
    this.#parts[0] = bytes.subarray(end)
    if (bytes.length === end) {
      this.#parts.shift()
    }
    return toFrame(bytes.subarray(length.end, end))
  }

  /** Everything that is there, in one piece. */
  #join () {
    if (this.#parts.length > 1) {
      this.#parts = [concat(...this.#parts)]
    }
    return this.#parts[0]
  }
}

/**
 * @param {Uint8Array} body
 * @returns {Frame}
 */
function toFrame (body) {
  const fields = parse(body)
  const flag = fields.get(1)
  const payload = fields.get(2)
  return {
    flag: typeof flag === 'number' ? flag : undefined,
    payload: payload instanceof Uint8Array && payload.length > 0 ? payload : undefined
  }
}

/** A frame of so many bytes of payload is one that every implementation takes. */
export const PAYLOAD_MAX = MESSAGE_MAX - 7

const WHOLE_MAX = 4096
/** The longest frame that go-libp2p takes, as the most lenient of those that have a limit. */
const BODY_MAX = 263_168
const LENGTH_MAX = 7
