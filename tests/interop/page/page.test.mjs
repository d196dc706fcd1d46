// The page of `floe listen --web` in a real browser: it dials, pings and measures over both versions, and when
// something is wrong it names the step and the cause.
//
// It takes Node and Playwright from the js-libp2p peer, where `npm ci` has put them. FLOE names the program
// (default: the workspace's release build), CHROMIUM another browser than Debian's.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from '../peers/js-libp2p/node_modules/playwright-core/index.mjs'

const FLOE = process.env.FLOE ?? fileURLToPath(new URL('../../../target/release/floe', import.meta.url))
// A certhash and a peer id that nobody has.
const OTHER_CERTHASH = 'uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w'
const OTHER_PEER = '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB'
const STEPS = ['address', 'browser', 'offer', 'credentials', 'answer', 'ice', 'dtls', 'channel', 'noise', 'peer-id', 'ping']
/** For each wait, in milliseconds: longer than any limit of the page's own. */
const LIMIT = 30_000

/** A node with its page. */
class Floe {
  static async start () {
    const process = spawn(FLOE, ['listen', '--json', '--listen', '/ip4/127.0.0.1/udp/0/webrtc-direct', '--web', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const floe = new Floe()
    floe.process = process
    for await (const line of createInterface({ input: process.stdout })) {
      const event = JSON.parse(line)
      assert.notEqual(event.event, 'error', event.message)
      if (event.event === 'listening') {
        floe.addr = event.addr
      } else if (event.event === 'web') {
        floe.url = event.url
        break
      }
    }
    assert.ok(floe.url, 'floe says where its page is')
    process.stdout.resume()
    return floe
  }

  async stop () {
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM')
      await once(this.process, 'exit')
    }
    assert.equal(this.process.exitCode, 0)
  }
}

async function launch (...args) {
  // A container's root may not use the sandbox, and the only page is ours.
  return await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...args] })
}

/** Opens the page, and fails the test if anything goes wrong in it. */
async function open (t, browser, floe, prepare) {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(LIMIT)
  const errors = []
  page.on('pageerror', error => { errors.push(error) })
  page.on('console', message => {
    if (message.type() === 'error') {
      errors.push(new Error(message.text()))
    }
  })
  t.after(async () => {
    await context.close()
    // The one error that may be: the browser's own word for a node that is gone.
    assert.deepEqual(errors.filter(error => !/ERR_CONNECTION_REFUSED/.test(error.message)), [])
  })
  if (prepare !== undefined) {
    await page.addInitScript(prepare)
  }
  await page.goto(floe.url)
  await page.waitForSelector('#addresses input:checked')
  return page
}

/** Dials and waits until it is decided; `addr` instead of what the page proposes. */
async function dial (page, version, addr) {
  if (addr !== undefined) {
    await page.fill('#other', addr)
  }
  await page.click(`#dial-${version}`)
  await page.waitForSelector('html[data-busy=false]:is([data-state=connected],[data-state=failed])')
  return await page.evaluate(() => ({
    state: document.documentElement.dataset.state,
    steps: Array.from(document.querySelectorAll('#steps > li'), step => [step.dataset.step, step.dataset.state]),
    times: Array.from(document.querySelectorAll('#steps .time'), time => time.textContent),
    cause: document.querySelector('#steps [data-cause]')?.dataset.cause,
    explanation: document.querySelector('#steps .failure')?.textContent,
    report: document.querySelector('#report').textContent
  }))
}

function assertConnected (dialed, version) {
  assert.equal(dialed.state, 'connected', dialed.report)
  assert.deepEqual(dialed.steps, STEPS.map(step => [step, 'done']))
  assert.ok(dialed.times.every(time => /^[\d.]+ m?s$/.test(time)), dialed.times.join())
  assert.ok(dialed.report.startsWith(`webrtc-direct ${version}: connected\n`), dialed.report)
}

/** It failed at `step` and for `cause`; every step before went well, none behind was begun. */
function assertFailed (dialed, step, cause, says) {
  const at = STEPS.indexOf(step)
  const states = STEPS.map((name, index) => [name, index < at ? 'done' : index === at ? 'failed' : 'waiting'])
  assert.deepEqual(dialed.steps, states, dialed.report)
  assert.equal(dialed.cause, cause)
  assert.match(dialed.explanation, says)
  assert.match(dialed.explanation, /What to do/)
  assert.equal(dialed.state, 'failed')
  assert.match(dialed.report, new RegExp(`failed at ${step} \\(${cause}\\)`))
}

/** A port at which somebody listens and never answers. */
async function silentPort (t) {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => { socket.close() })
  return socket.address().port
}

describe('a browser as they are', () => {
  let floe, browser
  before(async () => { [floe, browser] = await Promise.all([Floe.start(), launch()]) })
  after(async () => { await Promise.all([browser.close(), floe.stop()]) })

  for (const version of ['v2', 'v1']) {
    test(`dials over ${version}, pings and measures`, { timeout: 120_000 }, async t => {
      const page = await open(t, browser, floe)
      assertConnected(await dial(page, version), version)

      await page.click('#ping')
      await page.waitForSelector('#rtts[data-count="20"]')
      assert.match(await page.textContent('#rtt-median'), /^[\d.]+ ms$/)

      await page.selectOption('#size', '16')
      for (const kind of ['upload', 'download', 'echo']) {
        await page.click(`#${kind}`)
        await page.waitForSelector(`#transfer[data-done=${kind}]`)
        assert.equal(await page.getAttribute('#moved', 'data-bytes'), String(16 * 1024 * 1024), kind)
        assert.match(await page.textContent('#average'), /^[\d.]+ MiB\/s$/)
        assert.equal(await page.textContent('#transfer-error'), '')
        const drawn = kind === 'upload' ? ['up'] : kind === 'download' ? ['down'] : ['up', 'down']
        for (const line of drawn) {
          assert.ok(await page.locator(`#chart .line.${line}`).count(), `${kind} is drawn`)
        }
      }
      const report = await page.textContent('#report')
      for (const part of [/^ping: 20 round trips/m, /^upload: 16 MiB/m, /^download: 16 MiB/m, /^echo: 16 MiB/m, /^path: .*127\.0\.0\.1/m]) {
        assert.match(report, part)
      }

      await page.click('#close')
      await page.waitForSelector('html[data-state=closed]')
      assert.ok(await page.isDisabled('#upload'))
    })
  }

  test('meets another certificate', { timeout: 60_000 }, async t => {
    const addr = floe.addr.replace(/certhash\/[^/]+/, `certhash/${OTHER_CERTHASH}`)
    assertFailed(await dial(await open(t, browser, floe), 'v2', addr), 'dtls', 'certhash', /certhash/)
  })

  test('meets another node', { timeout: 60_000 }, async t => {
    const addr = floe.addr.replace(/p2p\/.+/, `p2p/${OTHER_PEER}`)
    assertFailed(await dial(await open(t, browser, floe), 'v2', addr), 'peer-id', 'peer-id', /another peer id/)
  })

  test('meets nobody', { timeout: 60_000 }, async t => {
    const addr = floe.addr.replace(/udp\/\d+/, `udp/${await silentPort(t)}`)
    const dialed = await dial(await open(t, browser, floe), 'v2', addr)
    assertFailed(dialed, 'ice', 'ice-unanswered', /UDP/)
    assert.match(dialed.report, /^ice +failed .* [1-9]\d* STUN checks sent, 0 answered$/m)
  })

  test('shuns a port', { timeout: 60_000 }, async t => {
    const addr = floe.addr.replace(/udp\/\d+/, 'udp/9')
    assertFailed(await dial(await open(t, browser, floe), 'v2', addr), 'ice', 'privileged-port', /below 1024/)
  })

  test('cannot read the address', { timeout: 60_000 }, async t => {
    const page = await open(t, browser, floe)
    assertFailed(await dial(page, 'v1', floe.addr.replace(/certhash.*/, '')), 'address', 'address', /no \/certhash/)
    // And nothing of that stays behind.
    assertConnected(await dial(page, 'v1', floe.addr), 'v1')
  })

  test('loses the node', { timeout: 60_000 }, async t => {
    const other = await Floe.start()
    t.after(() => other.stop())
    const page = await open(t, browser, other)
    assertConnected(await dial(page, 'v2'), 'v2')
    await other.stop()
    await page.waitForSelector('html[data-state=closed][data-node=gone]')
    assert.ok(await page.isDisabled('#ping'))
  })
})

describe('a browser that', () => {
  let floe
  before(async () => { floe = await Floe.start() })
  after(async () => { await floe.stop() })

  test('forbids munging dials over v2 and not over v1', { timeout: 60_000 }, async t => {
    const browser = await launch('--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/')
    t.after(() => browser.close())
    const page = await open(t, browser, floe)
    assertFailed(await dial(page, 'v1'), 'credentials', 'munging', /Dial with v2/)
    assertConnected(await dial(page, 'v2'), 'v2')
  })

  test('lacks something is told what', { timeout: 60_000 }, async t => {
    const browser = await launch()
    t.after(() => browser.close())
    for (const [cause, says, lack] of [
      ['no-webrtc', /no WebRTC/, () => { delete globalThis.RTCPeerConnection }],
      ['insecure', /secure context/, () => { Object.defineProperty(globalThis, 'isSecureContext', { value: false }) }],
      ['no-crypto', /X25519/, () => {
        const generateKey = crypto.subtle.generateKey.bind(crypto.subtle)
        SubtleCrypto.prototype.generateKey = async (name, ...rest) => {
          if (name === 'X25519') {
            throw new DOMException('Unrecognized name.', 'NotSupportedError')
          }
          return await generateKey(name, ...rest)
        }
      }]
    ]) {
      assertFailed(await dial(await open(t, browser, floe, lack), 'v2'), 'browser', cause, says)
    }
  })
})
