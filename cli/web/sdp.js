/**
 * Session descriptions of webrtc-direct. There is no signaling: the browser's offer goes nowhere, and the
 * node's answer is made up here from its address. The node infers the offer from the first STUN packet.
 *
 * v1 writes credentials of its own into the offer (munging), known to the node because they are its user name;
 * v2 leaves the offer alone and tells the node the browser's password in the user name of the answer.
 */

import { hex } from './bytes.js'

/** @typedef {import('./address.js').Address} Address */
/** @typedef {'v1' | 'v2'} Version */

/**
 * Credentials for v1, which serve both sides.
 *
 * @param {Uint8Array} random at least 16 bytes
 */
export function v1Credentials (random) {
  return PREFIX.v1 + Array.from(random, byte => ICE_CHARS[byte % 64]).join('')
}

/**
 * The node's credentials for v2: the browser's password, behind a prefix.
 *
 * @param {string} offer the browser's own, as it has taken it
 */
export function v2Credentials (offer) {
  const password = attribute(offer, 'ice-pwd')
  if (password === undefined || !/^[A-Za-z0-9+/]{22,239}$/.test(password)) {
    throw new Error('the browser does not show a usable ICE password in its offer')
  }
  return PREFIX.v2 + password
}

/**
 * The offer with `credentials` in place of the browser's own.
 *
 * @param {string} offer
 * @param {string} credentials
 */
export function munge (offer, credentials) {
  return offer
    .replace(/^a=ice-ufrag:.*$/m, `a=ice-ufrag:${credentials}`)
    .replace(/^a=ice-pwd:.*$/m, `a=ice-pwd:${credentials}`)
}

/**
 * The answer that the node would have given.
 *
 * @param {Address} address
 * @param {string} credentials the node's
 */
export function answer (address, credentials) {
  const { family, ip, port, fingerprint } = address
  return [
    'v=0',
    `o=- 0 0 IN IP${family} ${ip}`,
    's=-',
    't=0 0',
    // The node never starts checks, so the browser is the controlling side.
    'a=ice-lite',
    `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    `c=IN IP${family} ${ip}`,
    'a=mid:0',
    'a=ice-options:ice2',
    `a=ice-ufrag:${credentials}`,
    `a=ice-pwd:${credentials}`,
    `a=fingerprint:sha-256 ${colons(fingerprint)}`,
    // The node is the server of DTLS.
    'a=setup:passive',
    'a=sctp-port:5000',
    `a=max-message-size:${MESSAGE_MAX}`,
    `a=candidate:1 1 UDP 2130706431 ${ip} ${port} typ host`,
    'a=end-of-candidates',
    ''
  ].join('\r\n')
}

/**
 * The SHA-256 of the certificate that a description promises.
 *
 * @param {string} description
 */
export function fingerprintOf (description) {
  const digest = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/im.exec(description)?.[1]
  if (digest === undefined) {
    throw new Error('the browser does not show the SHA-256 of its certificate in its offer')
  }
  return Uint8Array.from(digest.split(':'), byte => parseInt(byte, 16))
}

/**
 * @param {string} description
 * @param {string} name
 */
export function attribute (description, name) {
  return new RegExp(`^a=${name}:(.*?)\\s*$`, 'm').exec(description)?.[1]
}

/** @param {Uint8Array} fingerprint */
function colons (fingerprint) {
  return hex(fingerprint).toUpperCase().match(/../g)?.join(':')
}

/** The longest message that either side may send. */
export const MESSAGE_MAX = 16384

/** Which version a user name of ICE is of. */
export const PREFIX = { v1: 'libp2p+webrtc+v1/', v2: 'libp2p+webrtc+v2/' }

const ICE_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
