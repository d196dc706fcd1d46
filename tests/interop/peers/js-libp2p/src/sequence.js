// The bytes of all stories (`../../../README.md`, "The sequence"): every position is predictable and no
// word repeats, so a lost, doubled or exchanged piece is seen at its first byte.

/** Produces the sequence from its start, in pieces of any length. */
export class Sequence {
  #position = 0

  /** The next `length` bytes. */
  take (length) {
    const first = Math.floor(this.#position / WORD)
    const skip = this.#position % WORD
    const words = new DataView(new ArrayBuffer(Math.ceil((skip + length) / WORD) * WORD))
    for (let at = 0; at < words.byteLength; at += WORD) {
      words.setUint32(at, mix(first + at / WORD), true)
    }
    this.#position += length
    return new Uint8Array(words.buffer, skip, length)
  }

  /** Compares the next bytes; throws at the first that differs. */
  check (bytes) {
    const start = this.#position
    const expected = this.take(bytes.length)
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== expected[at]) {
        throw new Error(`byte ${start + at} is not what was sent`)
      }
    }
  }
}

/** Of pieces one behind the other, in hex. */
export async function sha256 (pieces) {
  // WebCrypto cannot hash piece by piece, and a browser has nothing else.
  const whole = new Uint8Array(await new Blob(pieces).arrayBuffer())
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', whole)))
}

function hex (bytes) {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

function mix (word) {
  let h = Math.imul(word + 1, 0x9E3779B9)
  h ^= h >>> 16
  h = Math.imul(h, 0x85EBCA6B)
  h ^= h >>> 13
  h = Math.imul(h, 0xC2B2AE35)
  return (h ^ (h >>> 16)) >>> 0
}

const WORD = 4
