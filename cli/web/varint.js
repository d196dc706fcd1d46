/**
 * Unsigned varints as multiformats has them: seven bits a byte, the least significant first.
 */

/**
 * @param {number} value
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeVarint (value) {
  const bytes = []
  for (; value > 0x7f; value = Math.floor(value / 128)) {
    bytes.push(value % 128 | 0x80)
  }
  return Uint8Array.of(...bytes, value)
}

/**
 * @param {Uint8Array} bytes
 * @param {number} [start]
 * @returns {{ value: number, end: number } | undefined} nothing if there is more to come
 */
export function decodeVarint (bytes, start = 0) {
  let value = 0
  for (let index = 0; start + index < bytes.length; index++) {
    const byte = bytes[start + index]
    if (index >= LENGTH_MAX) {
      throw new Error('a varint is too long')
    }
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) {
      if (byte === 0 && index > 0) {
        throw new Error('a varint is longer than it needs to be')
      }
      return { value, end: start + index + 1 }
    }
  }
}

/** Seven bytes are the most that a number of JavaScript holds exactly. */
const LENGTH_MAX = 7
