import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../address.js'
import { hex } from '../bytes.js'
import { answer, attribute, fingerprintOf, munge, v1Credentials, v2Credentials } from '../sdp.js'
import { vectors } from './vectors.js'

const { sdp, fingerprint, multiaddr } = vectors.certhash
const OFFER = [
  'v=0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=ice-ufrag:wxYZ',
  'a=ice-pwd:clientPassword1234567890',
  `a=fingerprint:sha-256 ${sdp}`,
  'a=setup:actpass',
  ''
].join('\r\n')

test('the answer has the address in it, and what the specification asks for', () => {
  const text = answer(parseAddress(multiaddr), 'secret')
  assert.match(text, /^m=application 39901 UDP\/DTLS\/SCTP webrtc-datachannel\r$/m)
  assert.match(text, /^c=IN IP4 127\.0\.0\.1\r$/m)
  assert.match(text, /^a=candidate:\S+ 1 UDP \d+ 127\.0\.0\.1 39901 typ host\r$/m)
  const expected = { 'ice-ufrag': 'secret', 'ice-pwd': 'secret', setup: 'passive', 'sctp-port': '5000', 'max-message-size': '16384', mid: '0', fingerprint: `sha-256 ${sdp}` }
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(attribute(text, name), value)
  }
  assert.match(text, /^a=ice-lite\r$/m)
  assert.ok(text.endsWith('a=end-of-candidates\r\n'))
  assert.ok(text.indexOf('a=ice-lite') < text.indexOf('m='))
  const six = parseAddress(multiaddr.replace('/ip4/127.0.0.1', '/ip6/fd00::1'))
  assert.match(answer(six, 'secret'), /^c=IN IP6 fd00::1\r$/m)
})

test('v1 writes its credentials into the offer, and nothing else', () => {
  const credentials = v1Credentials(Uint8Array.from({ length: 32 }, (_, index) => index * 8))
  assert.match(credentials, /^libp2p\+webrtc\+v1\/[A-Za-z0-9+/]{32}$/)
  const munged = munge(OFFER, credentials)
  assert.equal(attribute(munged, 'ice-ufrag'), credentials)
  assert.equal(attribute(munged, 'ice-pwd'), credentials)
  assert.equal(munge(munged, 'x'), munge(OFFER, 'x'))
  const others = text => text.split('\n').filter(line => !line.startsWith('a=ice-')).map(line => line.trim())
  assert.deepEqual(others(munged), others(OFFER))
})

test('v2 makes the node’s credentials of the browser’s password', () => {
  assert.equal(v2Credentials(OFFER), vectors.stun_v2.server_ufrag)
  for (const password of ['short', 'clientPassword:234567890', 'x'.repeat(240)]) {
    assert.throws(() => v2Credentials(OFFER.replace('clientPassword1234567890', password)), /usable ICE password/)
  }
  assert.throws(() => v2Credentials(''), /usable ICE password/)
})

test('a fingerprint is read from an offer', () => {
  assert.equal(hex(fingerprintOf(OFFER)), fingerprint)
  assert.equal(hex(fingerprintOf(OFFER.toLowerCase())), fingerprint)
  assert.throws(() => fingerprintOf(OFFER.replace('sha-256', 'sha-1')), /SHA-256/)
})
