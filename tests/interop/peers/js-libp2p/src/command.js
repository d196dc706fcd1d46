// The command line of the contract, for the program in Node and the one around the browser.

import { parseArgs } from 'node:util'

/** What is asked for; ends the process with 2 if that cannot be understood. */
export function command (versions) {
  try {
    return parse(versions)
  } catch (error) {
    console.error(`error: ${error.message}`)
    process.exit(2)
  }
}

function parse (versions) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      bench: { type: 'boolean', default: false },
      listen: { type: 'string', default: '/ip4/127.0.0.1/udp/0/webrtc-direct' },
      ip: { type: 'string', default: '127.0.0.1' },
      relay: { type: 'string' },
      version: { type: 'string', default: 'v1' },
      timeout: { type: 'string', default: '60' }
    }
  })
  const [command, address, story, number] = positionals
  if (command === 'listen' && address === undefined) {
    return { command, listen: values.listen, bench: values.bench }
  }
  if (command === 'relay' && address === undefined) {
    return { command, ip: values.ip }
  }
  if (command === 'private-listen' && address === undefined && values.relay !== undefined) {
    return { command, relay: values.relay }
  }
  if (!DIALS.includes(command) || address === undefined || !Object.hasOwn(STORIES, story ?? '')) {
    throw new Error(USAGE)
  }
  if (!versions.includes(values.version)) {
    throw new Error(`there is no version ${values.version}, only ${versions.join(' and ')}`)
  }
  if (STORIES[story] !== /^[0-9]+$/.test(number ?? '')) {
    throw new Error(`${story} ${STORIES[story] ? 'needs a number' : 'takes no number'}`)
  }
  return {
    command, address, version: values.version, timeout: Number(values.timeout), story, number: Number(number)
  }
}

const DIALS = ['dial', 'private-dial']
const USAGE = 'usage: listen [--listen MULTIADDR] [--bench] | dial [--version V] [--timeout S] ADDRESS STORY [NUMBER] | ' +
  'relay [--ip IP] | private-listen --relay MULTIADDR | private-dial [--timeout S] ADDRESS STORY [NUMBER]'

/** Whether each has a number. They are played in `dial.js` and `stories.js`, which take long to load. */
const STORIES = {
  dial: false,
  ping: true,
  identify: false,
  idle: true,
  restart: false,
  echo: true,
  bigframes: false,
  halfclose: false,
  latewrite: true,
  stopsending: false,
  peerstops: false,
  reset: false,
  peerresets: false,
  up: true,
  down: true,
  both: true,
  streams: true,
  parallel: true,
  slowreader: true
}
