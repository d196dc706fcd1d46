// js-libp2p in a page of headless Firefox as a peer for the interop runner, behind a relay only. The Firefox is that
// of the Debian package or the one that FIREFOX names. It is started with the page and a fresh profile, and nobody
// drives it: the page asks by itself what it is to do (`remote.js`).
//
// `--no-mdns` has it tell pages its IP addresses; by default they see random names in their place.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { command } from './command.js'
import { hear, say } from './report.js'

const noMdns = process.argv[2] === '--no-mdns'
if (noMdns) {
  process.argv.splice(2, 1)
}
const asked = command(['v1'])
if (!asked.command.startsWith('private-')) {
  console.error('error: it is found behind a relay, and nowhere else')
  process.exit(2)
}

/** Starts a browser at the page and resolves when that is done; a listener only when it is told to end. */
async function play (asked) {
  const done = Promise.withResolvers()
  const server = createServer((request, response) => {
    answer(request, done).then(([type, body]) => {
      response.setHeader('content-type', type)
      response.end(body)
    }, error => { done.reject(error) })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => { done.resolve(true) })
  }
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'))
  await writeFile(join(profile, 'user.js'), preferences())
  const url = `http://localhost:${server.address().port}/`
  const browser = spawn(process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    ['--headless', '--no-remote', '--profile', profile, url], { stdio: 'ignore' })
  const ended = once(browser, 'exit')
  browser.once('error', error => { done.reject(error) })
  browser.once('exit', status => { done.reject(new Error(`the browser has ended with ${status}`)) })
  try {
    return await done.promise
  } catch (error) {
    say({ event: 'error', step: 'page', message: error.message })
    return false
  } finally {
    browser.kill('SIGKILL')
    await ended
    await rm(profile, { recursive: true, force: true })
  }
}

async function answer (request, done) {
  switch (request.url) {
    case '/': {
      const page = await readFile(new URL('../node_modules/page.html', import.meta.url), 'utf8')
      return ['text/html', page.replace('<script>', () => '<script src="/remote.js"></script><script>')]
    }
    case '/remote.js':
      return ['text/javascript', await readFile(new URL('remote.js', import.meta.url))]
    case '/asked':
      return ['application/json', JSON.stringify(asked)]
    case '/hear':
      return ['text/plain', await hear()]
    case '/say':
      say(JSON.parse(await text(request)))
      return ['text/plain', '']
    case '/complain':
      console.error(JSON.parse(await text(request)))
      return ['text/plain', '']
    case '/done': {
      const { ok, message } = JSON.parse(await text(request))
      if (message !== undefined) {
        done.reject(new Error(message))
      } else if (asked.command === 'private-dial') {
        done.resolve(ok)
      }
      return ['text/plain', '']
    }
    default:
      return ['text/plain', '']
  }
}

function preferences () {
  const wanted = {
    'media.peerconnection.ice.obfuscate_host_addresses': !noMdns,
    // Nothing but the page: no first pages, no updates, no reports home.
    'browser.shell.checkDefaultBrowser': false,
    'browser.aboutwelcome.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.enabled': false,
    'app.update.auto': false,
    'app.normandy.enabled': false,
    'extensions.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false
  }
  return Object.entries(wanted).map(([name, value]) => `user_pref("${name}", ${value});\n`).join('')
}

process.exit(await play(asked) ? 0 : 1)
