import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, hex, utf8 } from '../bytes.js'
import { Decoder, encodeFlag, encodePayload, Flag, PAYLOAD_MAX } from '../frame.js'
import { decodeVarint, encodeVarint } from '../varint.js'
import { unhex, vectors } from './vectors.js'

const { frames, uvarint } = vectors

/** What the frames in these messages say. */
function decode (...messages) {
  const decoder = new Decoder()
  return messages.flatMap(message => decoder.push(message)).map(({ flag, payload }) => [flag, payload && hex(payload)])
}

test('varints are those of the vectors', () => {
  for (const [value, bytes] of Object.entries(uvarint)) {
    assert.equal(hex(encodeVarint(Number(value))), bytes)
    assert.deepEqual(decodeVarint(unhex(bytes)), { value: Number(value), end: bytes.length / 2 })
  }
  assert.equal(decodeVarint(unhex('80')), undefined)
  assert.throws(() => decodeVarint(unhex('8000')), /longer than it needs/)
  assert.throws(() => decodeVarint(unhex('ffffffffffffffff01')), /too long/)
})

test('flags are written as the vectors have them', () => {
  assert.equal(hex(encodeFlag(Flag.FIN)), frames.FIN)
  assert.equal(hex(encodeFlag(Flag.STOP_SENDING)), frames.STOP_SENDING)
  assert.equal(hex(encodeFlag(Flag.RESET)), frames.RESET_STREAM)
  assert.equal(hex(encodeFlag(Flag.FIN_ACK)), frames.FIN_ACK)
})

test('payloads too, and no message is longer than any may be', () => {
  assert.deepEqual(encodePayload(utf8('hello')).map(hex), [frames.data_hello])
  assert.equal(PAYLOAD_MAX, frames.max_payload)
  for (const [length, whole] of Object.entries(frames.frame_len_by_payload)) {
    if (Number(length) > 0 && Number(length) <= PAYLOAD_MAX) {
      const messages = encodePayload(new Uint8Array(Number(length)))
      assert.equal(concat(...messages).length, whole)
      assert.equal(messages.length, whole > 4096 ? 2 : 1)
    }
  }
  const longest = concat(...encodePayload(new Uint8Array(PAYLOAD_MAX)))
  assert.equal(hex(longest.subarray(0, 5)), frames.max_payload_header)
})

test('what others write is understood', () => {
  const hello = hex(utf8('hello'))
  assert.deepEqual(decode(unhex(frames.data_hello)), [[undefined, hello]])
  assert.deepEqual(decode(unhex(frames.FIN_with_payload_hello)), [[Flag.FIN, hello]])
  assert.deepEqual(decode(unhex(frames.FIN_smoldot_empty_message)), [[Flag.FIN, undefined]])
  assert.deepEqual(decode(unhex(frames.RESET_go_errorcode_0x1001)), [[Flag.RESET, undefined]])
  assert.deepEqual(decode(unhex(frames.empty_frame)), [[undefined, undefined]])
  assert.deepEqual(decode(unhex(frames.two_frames_in_one_message)), [[undefined, '6162'], [undefined, '6364']])
  assert.deepEqual(decode(...frames.FIN_split_messages.map(unhex)), [[Flag.FIN, undefined]])
  assert.deepEqual(decode(unhex(frames.go_busy_reset_msgio)).at(-1), [Flag.RESET, undefined])
})

test('frames do not depend on how they are cut into messages', () => {
  const whole = concat(...encodePayload(new Uint8Array(300).fill(7)), encodeFlag(Flag.FIN), ...encodePayload(utf8('x')))
  const expected = decode(whole)
  assert.equal(expected.length, 3)
  for (let size = 1; size < whole.length; size += size < 12 ? 1 : 37) {
    const messages = []
    for (let at = 0; at < whole.length; at += size) {
      messages.push(whole.subarray(at, at + size))
    }
    assert.deepEqual(decode(...messages), expected, `in pieces of ${size}`)
  }
})

test('what is no frame is an error', () => {
  assert.throws(() => decode(encodeVarint(300_000)), /longer than any/)
  assert.throws(() => decode(unhex('0113')), /unknown wire type/)
  assert.throws(() => decode(unhex('020a05')), /ends within/)
})
