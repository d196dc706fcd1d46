import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reportOf } from '../report.js'
import { Problem, Steps } from '../steps.js'
import { TimeoutError, until, within } from '../wait.js'
import { explain } from '../why.js'
import { nice } from '../chart.js'

test('a step is told as it runs, and its failure is explained', async () => {
  const told = []
  const steps = new Steps('v1', ({ name, state, note }) => { told.push([name, state, note]) })
  assert.equal(await steps.run('address', 'address', note => { note('seen'); return 7 }), 7)
  assert.deepEqual(told, [['address', 'running', undefined], ['address', 'running', 'seen'], ['address', 'done', 'seen']])
  await assert.rejects(steps.run('ice', 'ice-unanswered', () => { throw new Error('because') }), /because/)
  const ice = steps.all.find(step => step.name === 'ice')
  assert.equal(ice.state, 'failed')
  assert.equal(ice.failure.cause, 'ice-unanswered')
  assert.match(ice.failure.why, /does not speak v1/)
  assert.ok(ice.failure.advice.some(advice => advice.startsWith('Try v2')))
  await assert.rejects(steps.run('dtls', 'dtls', () => { throw new Problem('certhash', new Error('inside')) }), /inside/)
  assert.equal(steps.all.find(step => step.name === 'dtls').failure.cause, 'certhash')
})

test('no explanation has a gap', () => {
  for (const cause of ['munging', 'ice-broken', 'no-password', 'peer-id']) {
    for (const version of ['v1', 'v2']) {
      const { why, advice } = explain(cause, version)
      assert.ok(advice.length > 0)
      assert.doesNotMatch([why, ...advice].join(), /\{|undefined/)
    }
  }
})

test('a report says what came of each step', async () => {
  const steps = new Steps('v2', () => {})
  const record = { node: { peer: '12D3', addrs: [], version: '0.1.0' }, address: '/ip4/…', version: 'v2', steps: steps.all, pings: [], transfers: [], errors: [] }
  const place = { userAgent: 'a browser', page: 'http://localhost', date: new Date(0) }
  const report = () => reportOf(record, place)
  assert.match(report(), /^webrtc-direct v2: under way\n/)
  await steps.run('address', 'address', note => { note('a note') })
  await steps.run('browser', 'no-crypto', () => { throw new Error('too old') }).catch(() => {})
  assert.match(report(), /^webrtc-direct v2: failed at browser \(no-crypto\)\n/)
  assert.match(report(), /^address {5}done .* ms {2}a note$/m)
  assert.match(report(), /^browser: too old$/m)
  record.pings = [3, 1, 2]
  record.transfers = [{ kind: 'upload', length: 2 * 1024 * 1024, ms: 1000 }]
  assert.match(report(), /^ping: 3 round trips, min 1\.0 ms, median 2\.0 ms\nupload: 2 MiB in 1\.00 s, 2\.00 MiB\/s\n$/m)
})

test('waiting ends with what was waited for, with the time, or with an error', async () => {
  const target = new EventTarget()
  let ready = false
  const waiting = until(target, ['change'], () => ready)
  target.dispatchEvent(new Event('change'))
  ready = true
  target.dispatchEvent(new Event('change'))
  await within(10_000, waiting)
  await assert.rejects(until(target, ['change'], () => { throw new Error('over') }), /over/)
  await assert.rejects(within(1, new Promise(() => {})), TimeoutError)
  await assert.rejects(within(10_000, Promise.reject(new Error('other'))), /other/)
})

test('the marks of an axis are round numbers', () => {
  assert.deepEqual([0.3, 1, 1.2, 2.1, 7, 12, 26].map(nice), [0.5, 1, 2, 5, 10, 20, 50])
})
