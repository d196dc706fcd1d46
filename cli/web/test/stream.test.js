import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, utf8 } from '../bytes.js'
import { MESSAGE_MAX } from '../sdp.js'
import { Stream } from '../stream.js'
import { line, NotSpokenError, select } from '../multistream.js'
import { median, PING, ping } from '../ping.js'
import { download, echo, Sequence, upload } from '../perf.js'
import { unhex, vectors } from './vectors.js'
import { channels } from './channel.js'

function streams () {
  const [one, other] = channels()
  return { one: new Stream(one), other: new Stream(other), channel: one, otherChannel: other }
}

/** Whatever comes, to the end. */
async function all (stream) {
  const parts = []
  for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read()) {
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

test('bytes go both ways, each way to its own end', async () => {
  const { one, other, channel, otherChannel } = streams()
  await one.write(utf8('hello'))
  one.end()
  assert.equal(String(await all(other)), 'hello')
  await other.write(utf8('and'))
  await other.write(utf8('back'))
  assert.equal(String(await one.readExactly(5)), String(utf8('andba')))
  await Promise.all([one.close(), other.close()])
  await new Promise(resolve => { channel.addEventListener('close', resolve) })
  assert.equal(otherChannel.readyState, 'closed')
  await assert.rejects(one.write(utf8('x')), /closed|no more/)
})

test('much is sent in messages that are not too long, and never too many at once', async () => {
  const { one, other, channel } = streams()
  const sent = new Sequence(1).next(5_000_000)
  const [received] = await Promise.all([all(other), one.write(sent).then(() => { one.end() })])
  assert.ok(received.equals(sent))
  assert.ok(channel.sent.every(length => length <= MESSAGE_MAX))
  assert.ok(channel.peak < 1_100_000, `${channel.peak} bytes waited`)
})

test('a reset ends both directions, a stop only one', async () => {
  const reset = streams()
  reset.one.reset()
  await assert.rejects(reset.other.read(), /reset the stream/)
  await assert.rejects(reset.other.write(utf8('x')), /reset/)

  const { one, other, otherChannel } = streams()
  otherChannel.send(unhex(vectors.frames.STOP_SENDING))
  await other.write(utf8('still'))
  assert.equal(String(Buffer.from(await one.readExactly(5))), 'still')
  await assert.rejects(one.write(utf8('x')), /no more/)
})

test('what is no frame breaks the stream, and what was whole before is still read', async () => {
  const { one, otherChannel } = streams()
  otherChannel.send(unhex(vectors.frames.data_hello))
  otherChannel.send(unhex('ffffffff7f'))
  assert.equal(String(Buffer.from(await one.read())), 'hello')
  await assert.rejects(one.read(), /longer than any/)
})

test('a channel that closes without an end is no end', async () => {
  const { one, otherChannel } = streams()
  otherChannel.close()
  await assert.rejects(one.readExactly(1), /closed/)
})

test('a protocol is asked for in one frame, as in the vectors', async () => {
  const [channel, otherChannel] = channels()
  const heard = new Promise(resolve => { otherChannel.addEventListener('message', ({ data }) => { resolve(new Uint8Array(data)) }) })
  const one = new Stream(channel)
  const selected = select(one, PING)
  assert.equal(hex(await heard), vectors.multistream.dialer_first_flight_ping_in_one_frame)
  const other = new Stream(otherChannel)
  await other.write(unhex(vectors.multistream['/multistream/1.0.0']))
  await other.write(unhex(vectors.multistream['/ipfs/ping/1.0.0']))
  await selected
})

test('a protocol that is not spoken, and an answer that is none', async () => {
  const answers = async (...lines) => {
    const { one, other } = streams()
    const selected = select(one, PING)
    for (const bytes of lines) {
      await other.write(bytes)
    }
    await selected
  }
  const header = line('/multistream/1.0.0')
  await assert.rejects(answers(header, unhex(vectors.multistream.na)), NotSpokenError)
  await assert.rejects(answers(line('/http/1.1')), /was expected/)
  await assert.rejects(answers(header, line('/echo/1.0.0')), /answered ‘\/echo/)
  await assert.rejects(answers(unhex('ff7f')), /a line of 16383 bytes/)
  await assert.rejects(answers(unhex('00')), /a line of 0 bytes/)
  await assert.rejects(answers(unhex('0178')), /something else/)
})

test('a ping must come back as it went', async () => {
  const { one, other } = streams()
  const pinged = ping(one)
  await other.write(await other.readExactly(32))
  assert.ok(await pinged >= 0)
  const wrong = ping(one)
  await other.write((await other.readExactly(32)).map(byte => byte ^ 1))
  await assert.rejects(wrong, /not what was sent/)
  assert.deepEqual([median([3, 1, 2]), median([4, 1]), median([7])], [2, 2.5, 7])
})

test('an upload is over when the other side has read it', async () => {
  const { one, other } = streams()
  const seen = []
  const uploaded = upload(one, 200_000, now => { seen.push(now.sent) })
  const bytes = await all(other)
  assert.equal(bytes.length, 200_008)
  assert.equal(bytes.readBigUInt64BE(), 0n)
  other.end()
  await uploaded
  assert.deepEqual([seen[0], seen.at(-1)], [65_536, 200_000])
})

test('a download is exactly what was asked for', async () => {
  const answers = async length => {
    const { one, other } = streams()
    const downloaded = download(one, 100_000, () => {})
    assert.equal(hex(await all(other)), '00000000000186a0')
    await other.write(new Uint8Array(length))
    other.end()
    await downloaded
  }
  await answers(100_000)
  await assert.rejects(answers(99_999), /99999 of the 100000/)
  await assert.rejects(answers(100_001), /more than the 100000/)
})

test('an echo is compared byte by byte', async () => {
  const answers = async change => {
    const { one, other } = streams()
    const echoed = echo(one, 300_000, () => {})
    echoed.catch(() => {})
    await other.write(change(await all(other)))
    other.end()
    await echoed
  }
  await answers(bytes => bytes)
  await assert.rejects(answers(bytes => bytes.subarray(1)), /byte 0 of the echo/)
  await assert.rejects(answers(bytes => bytes.subarray(0, -1)), /after 299999 of 300000/)
  await assert.rejects(answers(bytes => Buffer.concat([bytes, Buffer.of(1)])), /not the one that was sent|after 300001/)
})

test('a sequence does not depend on how it is cut', () => {
  const whole = new Sequence(5).next(1000)
  const cut = new Sequence(5)
  const pieces = Buffer.concat([1, 3, 4, 0, 92, 900].map(length => cut.next(length)))
  assert.ok(pieces.equals(whole))
  assert.ok(!pieces.equals(new Sequence(6).next(1000)))
})
