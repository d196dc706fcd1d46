/**
 * As much of protobuf as libp2p's small messages need: fields that are varints or bytes.
 */

import { concat } from './bytes.js'
import { decodeVarint, encodeVarint } from './varint.js'

/**
 * @param {number} number
 * @param {number | Uint8Array} value
 */
export function field (number, value) {
  return typeof value === 'number'
    ? concat(encodeVarint(number << 3 | VARINT), encodeVarint(value))
    : concat(encodeVarint(number << 3 | BYTES), encodeVarint(value.length), value)
}

/**
 * The fields of a message by their numbers; of one that comes twice the last. Others than varints and bytes
 * are skipped.
 *
 * @param {Uint8Array} message
 * @returns {Map<number, number | Uint8Array>}
 */
export function parse (message) {
  const fields = new Map()
  let at = 0
  const varint = () => {
    const read = decodeVarint(message, at)
    if (read === undefined) {
      throw new Error('a message ends within a field')
    }
    at = read.end
    return read.value
  }
  const take = (/** @type {number} */ length) => {
    at += length
    if (at > message.length) {
      throw new Error('a message ends within a field')
    }
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = varint()
    const number = Math.floor(key / 8)
    switch (key % 8) {
      case VARINT: fields.set(number, varint()); break
      case BYTES: fields.set(number, take(varint())); break
      case 1: take(8); break
      case 5: take(4); break
      default: throw new Error(`a field has the unknown wire type ${key % 8}`)
    }
  }
  return fields
}

const VARINT = 0
const BYTES = 2
