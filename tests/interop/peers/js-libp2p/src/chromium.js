// js-libp2p in a page of headless Chromium as a peer for the interop runner, dialer only: no browser can
// listen. The page is a real one, served over HTTP from this machine, in the Chromium of the Debian
// package or the one that CHROMIUM names.
//
// `--no-munging` starts it with the field trial that forbids a page to change the ICE username fragment
// in its own SDP, which v1 does.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { chromium } from 'playwright-core'
import { command } from './command.js'
import { hear, say } from './report.js'

const noMunging = process.argv[2] === '--no-munging'
if (noMunging) {
  process.argv.splice(2, 1)
}
const asked = command(['v1', 'v2'])
if (asked.command === 'listen') {
  console.error('error: a browser cannot listen')
  process.exit(2)
}
async function play (asked) {
  const page = await readFile(new URL('../node_modules/page.html', import.meta.url))
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(page)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // A container's root may not use the sandbox, and the only page is ours.
    args: ['--no-sandbox', ...noMunging ? [NO_MUNGING] : []]
  })
  try {
    const tab = await browser.newPage()
    tab.on('pageerror', error => { console.error(error.stack) })
    await tab.exposeFunction('say', say)
    await tab.exposeFunction('hear', hear)
    await tab.goto(`http://localhost:${server.address().port}/`)
    return await tab.evaluate(async asked => await globalThis.play(asked), asked)
  } catch (error) {
    say({ event: 'error', step: 'page', message: error.message })
    return false
  } finally {
    await browser.close()
  }
}

// Of libwebrtc: a changed ice-ufrag makes setLocalDescription fail.
const NO_MUNGING = '--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/'

process.exit(await play(asked) ? 0 : 1)
