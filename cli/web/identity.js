/**
 * Who the page is, and who the node proves to be: keys, peer ids, and the payload by which Noise carries them.
 *
 * The page makes a new Ed25519 key whenever it is loaded; the browser keeps the private part to itself. Of
 * nodes it can check Ed25519 too, which nearly all have.
 */

import { concat, toBase58, utf8 } from './bytes.js'
import { field, parse } from './protobuf.js'

/**
 * @typedef {object} Identity
 * @property {Uint8Array} publicKey libp2p's PublicKey protobuf
 * @property {string} peer
 * @property {(message: Uint8Array) => Promise<Uint8Array>} sign
 */

/** The node’s identity is of a kind that this page cannot check. */
export class KeyTypeError extends Error {
  /** @param {string} type */
  constructor (type) {
    super(`the node’s identity is a key of ${type}`)
    this.name = 'KeyTypeError'
  }
}

/** @returns {Promise<Identity>} */
export async function newIdentity () {
  const key = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']))
  return identityOf(key.privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey)))
}

/**
 * @param {CryptoKey} privateKey
 * @param {Uint8Array} raw the public key
 * @returns {Promise<Identity>}
 */
export async function identityOf (privateKey, raw) {
  const publicKey = concat(field(1, ED25519), field(2, raw))
  return {
    publicKey,
    peer: await peerIdOf(publicKey),
    sign: async message => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, new Uint8Array(message)))
  }
}

/**
 * @param {Uint8Array} publicKey libp2p's PublicKey protobuf
 */
export async function peerIdOf (publicKey) {
  // Short keys are their own hash.
  const multihash = publicKey.length <= 42
    ? concat(Uint8Array.of(0x00, publicKey.length), publicKey)
    : concat(Uint8Array.of(0x12, 32), new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(publicKey))))
  return toBase58(multihash)
}

/**
 * The payload that binds `identity` to a static key of Noise.
 *
 * @param {Identity} identity
 * @param {Uint8Array} staticKey
 */
export async function makePayload (identity, staticKey) {
  const signature = await identity.sign(concat(CONTEXT, staticKey))
  return concat(field(1, identity.publicKey), field(2, signature))
}

/**
 * The peer id that a payload proves.
 *
 * @param {Uint8Array} payload
 * @param {Uint8Array} staticKey of Noise, of whoever sent the payload
 */
export async function checkPayload (payload, staticKey) {
  const fields = parse(payload)
  const publicKey = fields.get(1)
  const signature = fields.get(2)
  if (!(publicKey instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw new Error('the node’s payload has no key or no signature')
  }
  const key = parse(publicKey)
  const type = key.get(1)
  const raw = key.get(2)
  if (type !== ED25519 || !(raw instanceof Uint8Array)) {
    throw new KeyTypeError(KEY_TYPES[Number(type)] ?? 'an unknown type')
  }
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(raw), 'Ed25519', false, ['verify'])
  const signed = concat(CONTEXT, staticKey)
  if (!await crypto.subtle.verify('Ed25519', imported, new Uint8Array(signature), signed)) {
    throw new Error('the signature of the node’s identity is wrong')
  }
  return await peerIdOf(publicKey)
}

const CONTEXT = utf8('noise-libp2p-static-key:')
const ED25519 = 1
const KEY_TYPES = ['RSA', 'Ed25519', 'secp256k1', 'ECDSA']
