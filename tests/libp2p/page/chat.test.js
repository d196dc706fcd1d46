// The room: two Rust nodes, of which one dials the other, and a browser page at each. What one says, all hear.
//
// CHAT names the Rust program (default: the example's debug build), CHROMIUM another browser than Debian's.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const CHAT = process.env.CHAT ?? fileURLToPath(new URL('../target/debug/examples/chat', import.meta.url))
const PUBLIC = new URL('public/', import.meta.url)
/** For each wait, in milliseconds. */
const LIMIT = 30_000

test('two Rust nodes and two pages chat', { timeout: 4 * LIMIT }, async t => {
  const first = await Node.start(t)
  const second = await Node.start(t, first.address)
  const url = await serve(t)
  // A container's root may not use the sandbox, and the only page is ours.
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  t.after(async () => { await browser.close() })
  const pages = [await open(browser, url, first), await open(browser, url, second)]

  await pages[0].fill('#text', 'hello from a page')
  await pages[0].click('#send')
  await hears(pages[1], 'hello from a page')
  await first.hears('hello from a page')
  await second.hears('hello from a page')

  second.say('hello from a node')
  await hears(pages[0], 'hello from a node')
  await hears(pages[1], 'hello from a node')
  await first.hears('hello from a node')
})

/** A Rust node, of which lines come and to which lines go. */
class Node {
  static async start (t, ...dials) {
    const node = new Node()
    node.process = spawn(CHAT, dials, { stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(async () => {
      node.process.kill()
      await once(node.process, 'exit')
    })
    node.lines = createInterface({ input: node.process.stdout })
    node.heard = []
    node.lines.on('line', line => { node.heard.push(line) })
    node.address = await node.hears('/ip4/127.0.0.1/')
    return node
  }

  say (text) {
    this.process.stdin.write(`${text}\n`)
  }

  /** Waits for a line that has `text` in it. */
  async hears (text) {
    const signal = AbortSignal.timeout(LIMIT)
    for (;;) {
      const line = this.heard.find(line => line.includes(text))
      if (line !== undefined) {
        return line
      }
      await once(this.lines, 'line', { signal })
    }
  }
}

/** The page as a user opens it: with the node's address behind the `#`. */
async function open (browser, url, node) {
  const page = await browser.newPage()
  page.setDefaultTimeout(LIMIT)
  page.on('pageerror', error => { console.error(error.stack) })
  await page.goto(`${url}#${node.address}`)
  await page.waitForSelector('#send:enabled')
  return page
}

async function hears (page, text) {
  await page.getByText(text).waitFor()
}

async function serve (t) {
  const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const name = pathname === '/' ? 'index.html' : pathname.slice(1)
    response.setHeader('content-type', types[name.split('.').at(-1)] ?? 'application/octet-stream')
    response.end(await readFile(new URL(name, PUBLIC)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => { server.close() })
  return `http://localhost:${server.address().port}/`
}
