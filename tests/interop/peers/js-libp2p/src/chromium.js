// js-libp2p in a page of headless Chromium as a peer for the interop runner. The page is a real one, served over
// HTTP from this machine, in the Chromium of the Debian package or the one that CHROMIUM names. No browser can
// listen on an address of its own; behind a relay it is both listener and dialer.
//
// `--no-munging` starts it with the field trial that forbids a page to change the ICE username fragment
// in its own SDP, which v1 does. `--no-mdns` has it tell pages its IP addresses, as it does once they may use a
// camera; by default they see random names in their place, which only mDNS can resolve.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { chromium } from 'playwright-core'
import { command } from './command.js'
import { hear, say } from './report.js'

// Of libwebrtc: a changed ice-ufrag makes setLocalDescription fail.
const FLAGS = {
  '--no-munging': '--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/',
  '--no-mdns': '--disable-features=WebRtcHideLocalIpsWithMdns'
}

const flags = []
while (Object.hasOwn(FLAGS, process.argv[2] ?? '')) {
  flags.push(...process.argv.splice(2, 1).map(flag => FLAGS[flag]))
}
const asked = command(['v1', 'v2'])
if (asked.command === 'listen' || asked.command === 'relay') {
  console.error('error: a browser cannot listen')
  process.exit(2)
}

/** Opens the page and has it do what was asked for; `false` if that failed. */
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
    args: ['--no-sandbox', ...flags],
    // These are this program's.
    handleSIGTERM: false,
    handleSIGINT: false
  })
  const told = Promise.withResolvers()
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => { told.resolve(true) })
  }
  try {
    const tab = await browser.newPage()
    tab.on('pageerror', error => { console.error(error.stack) })
    await tab.exposeFunction('say', say)
    await tab.exposeFunction('hear', hear)
    await tab.goto(`http://localhost:${server.address().port}/`)
    const done = tab.evaluate(async asked => await globalThis.play[asked.command](asked), asked)
    // Who listens does so until it is told to end.
    return await (asked.command === 'private-listen' ? done.then(async () => await told.promise) : done)
  } catch (error) {
    say({ event: 'error', step: 'page', message: error.message })
    return false
  } finally {
    await browser.close()
  }
}

process.exit(await play(asked) ? 0 : 1)
