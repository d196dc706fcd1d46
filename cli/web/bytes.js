/**
 * Byte strings: joining, comparing, and the three ways in which addresses write them.
 */

/**
 * @param {...Uint8Array} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function concat (...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function equal (a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** @param {string} text */
export function utf8 (text) {
  return new TextEncoder().encode(text)
}

/** @param {Uint8Array} bytes */
export function hex (bytes) {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * Base64 for URLs, without padding (RFC 4648 §5).
 *
 * @param {Uint8Array} bytes
 */
export function base64url (bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * Reads a number of any base whose digits are whole bits: 4 for hex, 5 for base32, 6 for base64.
 *
 * @param {string} text
 * @param {string} digits
 * @param {number} bitsOfDigit
 */
export function fromDigits (text, digits, bitsOfDigit) {
  const bytes = []
  let bits = 0
  let value = 0
  for (const digit of text.replace(/=+$/, '')) {
    const worth = digits.indexOf(digit)
    if (worth < 0) {
      throw new Error(`'${digit}' is no digit of base ${digits.length}`)
    }
    value = value << bitsOfDigit | worth
    bits += bitsOfDigit
    if (bits >= 8) {
      bits -= 8
      bytes.push(value >> bits)
      value &= (1 << bits) - 1
    }
  }
  if (bits >= bitsOfDigit || value !== 0) {
    throw new Error('it ends within a byte')
  }
  return Uint8Array.from(bytes)
}

/**
 * Bitcoin's base58, in which peer ids are written.
 *
 * @param {Uint8Array} bytes
 */
export function toBase58 (bytes) {
  const zeros = bytes.findIndex(byte => byte !== 0)
  let number = BigInt('0x0' + hex(bytes))
  let text = ''
  for (; number > 0n; number /= 58n) {
    text = BASE58[Number(number % 58n)] + text
  }
  return BASE58[0].repeat(zeros < 0 ? bytes.length : zeros) + text
}

/** @param {string} text */
export function fromBase58 (text) {
  let number = 0n
  for (const digit of text) {
    const worth = BASE58.indexOf(digit)
    if (worth < 0) {
      throw new Error(`'${digit}' is no digit of base 58`)
    }
    number = number * 58n + BigInt(worth)
  }
  const zeros = /^1*/.exec(text)?.[0].length ?? 0
  const digits = number === 0n ? '' : number.toString(16)
  return concat(new Uint8Array(zeros), fromDigits(digits.padStart(digits.length + digits.length % 2, '0'), HEX, 4))
}

export const HEX = '0123456789abcdef'
export const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
export const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
export const BASE64URL = BASE64.slice(0, 62) + '-_'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
