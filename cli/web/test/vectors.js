// The vectors that all of floe is tested with, and bytes out of their hex.

import { readFile } from 'node:fs/promises'
import { fromDigits, HEX } from '../bytes.js'

export const vectors = JSON.parse(await readFile(new URL('../../../core/tests/vectors/vectors.json', import.meta.url), 'utf8'))

/** @param {string} text */
export function unhex (text) {
  return fromDigits(text, HEX, 4)
}
