import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sequence, sha256 } from './sequence.js'

test('the sequence is that of the contract', async () => {
  assert.equal(Buffer.from(new Sequence().take(16)).toString('hex'), '0e2fca92f3e3d63ccc7d141bbf1d084c')
  assert.equal(await sha256([new Sequence().take(1024)]),
    'a22a86d95bc18405f68ed5a0254053fb83df32ac0cf750910e741540c9f0ee96')
})

test('pieces of any length make the same sequence', () => {
  const whole = new Sequence().take(1000)
  const pieces = new Sequence()
  for (let at = 0; at < whole.length; at += 7) {
    pieces.check(whole.subarray(at, at + 7))
  }
})

test('a lost byte is seen', () => {
  const whole = new Sequence().take(1000)
  const lost = Uint8Array.from([...whole.subarray(0, 500), ...whole.subarray(501)])
  assert.throws(() => { new Sequence().check(lost) }, /^Error: byte 50[0-7] is not what was sent$/)
})
