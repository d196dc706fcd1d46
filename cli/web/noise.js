/**
 * Noise_XX_25519_ChaChaPoly_SHA256, as responder: in webrtc-direct the listener speaks first.
 *
 *     ← e                      the node
 *     → e, ee, s, es, payload  this page
 *     ← s, se, payload         the node
 *
 * The prologue ties the handshake to both certificates of DTLS, so nobody can stand between. The keys that it
 * ends with are not used: what follows is protected by DTLS. Names are those of the Noise specification.
 */

import { chacha20poly1305 } from './node_modules/@noble/ciphers/chacha.js'
import { concat, utf8 } from './bytes.js'

/** @typedef {{ privateKey: CryptoKey, publicKey: Uint8Array }} KeyPair */

/** A new key pair of X25519. @returns {Promise<KeyPair>} */
export async function newKeyPair () {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('X25519', false, ['deriveBits']))
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  }
}

/**
 * The bytes that both sides must agree upon before they begin.
 *
 * @param {Uint8Array} client fingerprint of the dialer's certificate
 * @param {Uint8Array} server fingerprint of the listener's
 */
export function prologue (client, server) {
  const multihash = Uint8Array.of(0x12, 32)
  return concat(utf8('libp2p-webrtc-noise:'), multihash, client, multihash, server)
}

/** The answering side of one handshake. */
export class Responder {
  #state
  /** @type {KeyPair} */
  #s
  /** @type {KeyPair} */
  #e
  /** @type {Uint8Array} */
  #re = new Uint8Array()

  /**
   * @param {SymmetricState} state
   * @param {KeyPair} s
   * @param {KeyPair} e
   */
  constructor (state, s, e) {
    this.#state = state
    this.#s = s
    this.#e = e
  }

  /**
   * @param {Uint8Array} prologue
   * @param {KeyPair} s the static key
   * @param {KeyPair} e the ephemeral key, never used before
   */
  static async start (prologue, s, e) {
    const state = new SymmetricState()
    await state.mixHash(prologue)
    return new Responder(state, s, e)
  }

  /** @param {Uint8Array} message the first: ← e */
  async readFirst (message) {
    if (message.length < KEY_LENGTH) {
      throw new Error(`the first message has ${message.length} bytes; it should be a key of ${KEY_LENGTH}`)
    }
    this.#re = message.slice(0, KEY_LENGTH)
    await this.#state.mixHash(this.#re)
    // What else the message has is a payload in the clear.
    await this.#state.mixHash(message.subarray(KEY_LENGTH))
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Promise<Uint8Array>} the second: → e, ee, s, es
   */
  async writeSecond (payload) {
    const state = this.#state
    await state.mixHash(this.#e.publicKey)
    await state.mixKey(await dh(this.#e, this.#re))
    const s = await state.encryptAndHash(this.#s.publicKey)
    await state.mixKey(await dh(this.#s, this.#re))
    return concat(this.#e.publicKey, s, await state.encryptAndHash(payload))
  }

  /**
   * @param {Uint8Array} message the third: ← s, se
   * @returns {Promise<{ rs: Uint8Array, payload: Uint8Array, hash: Uint8Array }>}
   */
  async readThird (message) {
    if (message.length < KEY_LENGTH + 2 * TAG_LENGTH) {
      throw new Error(`the third message has only ${message.length} bytes`)
    }
    const state = this.#state
    const rs = await state.decryptAndHash(message.subarray(0, KEY_LENGTH + TAG_LENGTH))
    await state.mixKey(await dh(this.#e, rs))
    const payload = await state.decryptAndHash(message.subarray(KEY_LENGTH + TAG_LENGTH))
    return { rs, payload, hash: state.h }
  }
}

/** The hash of all that was said, and the key that follows from all that was agreed. */
class SymmetricState {
  // The protocol's name has the length of a hash, and so is its own.
  h = utf8('Noise_XX_25519_ChaChaPoly_SHA256')
  #ck = this.h
  /** @type {Uint8Array | undefined} */
  #k
  #n = 0

  /** @param {Uint8Array} data */
  async mixHash (data) {
    this.h = new Uint8Array(await crypto.subtle.digest('SHA-256', concat(this.h, data)))
  }

  /** @param {Uint8Array} material */
  async mixKey (material) {
    const temporary = await hmac(this.#ck, material)
    this.#ck = await hmac(temporary, Uint8Array.of(1))
    this.#k = await hmac(temporary, concat(this.#ck, Uint8Array.of(2)))
    this.#n = 0
  }

  /** @param {Uint8Array} plaintext */
  async encryptAndHash (plaintext) {
    const ciphertext = this.#cipher().encrypt(plaintext)
    await this.mixHash(ciphertext)
    return ciphertext
  }

  /** @param {Uint8Array} ciphertext */
  async decryptAndHash (ciphertext) {
    let plaintext
    try {
      plaintext = this.#cipher().decrypt(ciphertext)
    } catch {
      throw new Error('a message of the handshake does not decrypt')
    }
    await this.mixHash(ciphertext)
    return plaintext
  }

  #cipher () {
    if (this.#k === undefined) {
      throw new Error('nothing is agreed upon yet')
    }
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setUint32(4, this.#n++, true)
    return chacha20poly1305(this.#k, nonce, this.h)
  }
}

/**
 * @param {KeyPair} own
 * @param {Uint8Array} other
 */
async function dh (own, other) {
  const publicKey = await crypto.subtle.importKey('raw', new Uint8Array(other), 'X25519', false, [])
  const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: publicKey }, own.privateKey, 256)
  return new Uint8Array(shared)
}

/**
 * @param {Uint8Array} key
 * @param {Uint8Array} data
 */
async function hmac (key, data) {
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, new Uint8Array(data)))
}

const KEY_LENGTH = 32
const TAG_LENGTH = 16
