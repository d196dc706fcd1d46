/**
 * Addresses of webrtc-direct: /ip4|ip6/…/udp/…/webrtc-direct/certhash/…[/p2p/…].
 *
 * Refusals say what to write instead: this is what people paste.
 */

import { BASE32, BASE64, BASE64URL, HEX, fromBase58, fromDigits, toBase58 } from './bytes.js'

/**
 * @typedef {object} Address
 * @property {string} text as it was written
 * @property {4 | 6} family
 * @property {string} ip
 * @property {number} port of UDP
 * @property {Uint8Array} fingerprint SHA-256 of the certificate that the node must present
 * @property {string | undefined} peer the peer id that the node must prove, in base 58
 */

/**
 * @param {string} text
 * @returns {Address}
 */
export function parseAddress (text) {
  text = text.trim()
  const [empty, family, ip, udp, port, direct, ...rest] = text.split('/')
  if (text === '') {
    throw new Error('There is no address. A node prints its own when it starts.')
  }
  if (empty !== '') {
    throw new Error('An address starts with a slash: /ip4/…/udp/…/webrtc-direct/certhash/…')
  }
  if (/^dns/.test(family)) {
    throw new Error('Names are not resolved here: write /ip4/… or /ip6/… in place of the name.')
  }
  if (/\/(webrtc|p2p-circuit)(\/|$)/.test(text)) {
    throw new Error('/webrtc and /p2p-circuit lead through a relay. What is dialed here is the node’s own address, with /webrtc-direct in it.')
  }
  if ((family !== 'ip4' && family !== 'ip6') || udp !== 'udp' || direct !== 'webrtc-direct') {
    throw new Error('This is not an address of webrtc-direct, which is /ip4/… or /ip6/…, then /udp/…, then /webrtc-direct.')
  }
  if (!(family === 'ip4' ? isIp4(ip) : isIp6(ip))) {
    throw new Error(`‘${ip}’ is no IPv${family.at(-1)} address.`)
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw new Error(`‘${port}’ is no UDP port that can be dialed.`)
  }
  if (/^(0\.0\.0\.0|[0:]+)$/.test(ip)) {
    throw new Error(`${ip} stands for all addresses of a machine when listening. Dial one of them.`)
  }
  /** @type {Uint8Array | undefined} */
  let fingerprint
  /** @type {string | undefined} */
  let peer
  while (rest.length > 0) {
    const [name, value = ''] = rest.splice(0, 2)
    if (name === 'certhash' && peer === undefined) {
      // Of several the first counts, as in other implementations.
      fingerprint ??= parseCerthash(value)
    } else if (name === 'p2p' && peer === undefined) {
      peer = parsePeerId(value)
    } else if (name !== '' || rest.length > 0) {
      throw new Error(`/${name} is not expected there: behind /webrtc-direct come /certhash/… and /p2p/….`)
    }
  }
  if (fingerprint === undefined) {
    throw new Error('The address has no /certhash/…, and without it a browser cannot tell the node from an impostor. ‘floe probe’ finds out which one a node presents.')
  }
  return { text, family: family === 'ip4' ? 4 : 6, ip, port: Number(port), fingerprint, peer }
}

/**
 * How far an address reaches.
 *
 * @param {string} text
 * @returns {'machine' | 'link' | 'private' | 'anywhere'}
 */
export function reach (text) {
  const ip = text.split('/')[2] ?? ''
  if (/^127\.|^::1$/.test(ip)) {
    return 'machine'
  }
  if (/^169\.254\.|^fe[89ab]/i.test(ip)) {
    return 'link'
  }
  return /^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^f[cd]/i.test(ip) ? 'private' : 'anywhere'
}

/**
 * @param {string} text
 */
function parseCerthash (text) {
  const base = BASES.get(text[0])
  if (base === undefined) {
    throw new Error(`‘${text}’ is no certhash: those of libp2p begin with uEi.`)
  }
  let multihash
  try {
    multihash = base(text.slice(1))
  } catch (error) {
    throw new Error(`‘${text}’ is no certhash: ${/** @type {Error} */ (error).message}.`)
  }
  if (multihash[0] !== SHA2_256 || multihash[1] !== 32 || multihash.length !== 34) {
    throw new Error(`‘${text}’ is no SHA-256, which is the one hash that libp2p’s implementations share. A part of it may be missing.`)
  }
  return multihash.subarray(2)
}

/**
 * A peer id in the one form in which they are compared.
 *
 * @param {string} text
 */
function parsePeerId (text) {
  let multihash
  try {
    // A CID in base 32 has its version and the code of libp2p keys before the multihash.
    multihash = text[0] === 'b' ? fromDigits(text.slice(1), BASE32, 5).subarray(2) : fromBase58(text)
  } catch (error) {
    throw new Error(`‘${text}’ is no peer id: ${/** @type {Error} */ (error).message}.`)
  }
  if ((multihash[0] !== IDENTITY && multihash[0] !== SHA2_256) || multihash[1] !== multihash.length - 2) {
    throw new Error(`‘${text}’ is no peer id: they begin with 12D3Koo, 16Uiu2, Qm or bafz.`)
  }
  return toBase58(multihash)
}

/** @param {string} ip */
function isIp4 (ip) {
  return /^(\d{1,3})(\.\d{1,3}){3}$/.test(ip) && ip.split('.').every(part => Number(part) < 256)
}

/** @param {string} ip */
function isIp6 (ip) {
  // The parser of URLs is the browser's own, and knows all forms; it also keeps the rest of SDP out.
  return /^[0-9a-fA-F:.]+$/.test(ip) && URL.canParse(`http://[${ip}]/`)
}

const IDENTITY = 0x00
const SHA2_256 = 0x12

/** Multibase: what the first character says of the others. */
const BASES = new Map([
  ['u', (/** @type {string} */ text) => fromDigits(text, BASE64URL, 6)],
  ['m', (/** @type {string} */ text) => fromDigits(text, BASE64, 6)],
  ['z', fromBase58],
  ['b', (/** @type {string} */ text) => fromDigits(text, BASE32, 5)],
  ['f', (/** @type {string} */ text) => fromDigits(text, HEX, 4)]
])
