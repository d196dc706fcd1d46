import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, hex } from '../bytes.js'
import { checkPayload, identityOf, KeyTypeError, makePayload, newIdentity } from '../identity.js'
import { newKeyPair, prologue, Responder } from '../noise.js'
import { field } from '../protobuf.js'
import { unhex, vectors } from './vectors.js'

const { noise } = vectors
const pre = unhex(noise.prologue)

/** A private key of the vectors: PKCS #8 is the one form of raw private keys that WebCrypto takes. */
async function imported (name, oid, usages, bytes) {
  const pkcs8 = concat(unhex(`302e020100300506032b65${oid}04220420`), unhex(bytes))
  return await crypto.subtle.importKey('pkcs8', pkcs8, name, false, usages)
}

const pair = async (privateKey, publicKey) => {
  return { privateKey: await imported('X25519', '6e', ['deriveBits'], privateKey), publicKey: unhex(publicKey) }
}
const staticKey = await pair(noise.A_static_priv, noise.A_static_pub)
const ephemeralKey = await pair(noise.A_ephemeral_priv, noise.A_ephemeral_pub)
const identity = await identityOf(await imported('Ed25519', '70', ['sign'], noise.A_identity_ed25519_seed), unhex(noise.A_identity_pub))
const start = async () => await Responder.start(pre, staticKey, ephemeralKey)

/** A responder that has sent its message. */
async function half () {
  const responder = await start()
  await responder.readFirst(unhex(noise.msg1_B_to_A))
  await responder.writeSecond(unhex(noise.A_payload))
  return responder
}

test('the prologue is the one of the specification', () => {
  const { client_fp, server_fp, prologue: expected } = vectors.prologue
  assert.equal(hex(prologue(unhex(client_fp), unhex(server_fp))), expected)
})

test('a handshake is the one of the vectors, byte for byte', async () => {
  const responder = await start()
  await responder.readFirst(unhex(noise.msg1_B_to_A))
  const payload = await makePayload(identity, staticKey.publicKey)
  assert.equal(hex(payload), noise.A_payload)
  assert.equal(hex(await responder.writeSecond(payload)), noise.msg2_A_to_B)
  const third = await responder.readThird(unhex(noise.msg3_B_to_A))
  assert.equal(hex(third.rs), noise.B_static_pub)
  assert.equal(hex(third.payload), noise.B_payload)
  assert.equal(hex(third.hash), noise.handshake_hash)
  assert.equal(await checkPayload(third.payload, third.rs), noise.B_peer_id)
})

test('a message that was changed anywhere is refused', async () => {
  const whole = unhex(noise.msg3_B_to_A)
  for (const at of [0, 31, 32, 47, 48, whole.length - 1]) {
    const changed = whole.slice()
    changed[at] ^= 1
    await assert.rejects(half().then(responder => responder.readThird(changed)), /does not decrypt/)
  }
  await assert.rejects(half().then(responder => responder.readThird(whole.subarray(0, 63))), /only 63 bytes/)
  await assert.rejects(start().then(responder => responder.readFirst(new Uint8Array(31))), /31 bytes/)
})

test('another prologue is another handshake', async () => {
  const other = pre.slice()
  other[87] ^= 1
  const responder = await Responder.start(other, staticKey, ephemeralKey)
  await responder.readFirst(unhex(noise.msg1_B_to_A))
  await responder.writeSecond(unhex(noise.A_payload))
  await assert.rejects(responder.readThird(unhex(noise.msg3_B_to_A)), /does not decrypt/)
})

test('an identity proves itself, and only for the key that it signed', async () => {
  const other = await newIdentity()
  const key = await newKeyPair()
  const payload = await makePayload(other, key.publicKey)
  assert.equal(await checkPayload(payload, key.publicKey), other.peer)
  assert.match(other.peer, /^12D3KooW/)
  assert.equal(identity.peer, noise.A_peer_id)
  await assert.rejects(checkPayload(payload, staticKey.publicKey), /signature/)
  await assert.rejects(checkPayload(new Uint8Array(), key.publicKey), /no key/)
})

test('what other libraries add to the payload is passed over, and other keys are named', async () => {
  const extensions = concat(unhex(noise.B_payload), unhex('2200'))
  assert.equal(await checkPayload(extensions, unhex(noise.B_static_pub)), noise.B_peer_id)
  const secp256k1 = concat(field(1, 2), field(2, new Uint8Array(33)))
  const payload = concat(field(1, secp256k1), field(2, new Uint8Array(70)))
  await assert.rejects(checkPayload(payload, staticKey.publicKey), error => error instanceof KeyTypeError && /secp256k1/.test(error.message))
})
